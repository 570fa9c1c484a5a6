from datetime import timedelta

import pytest

from apps.campaigns.promises import GRACE, LEAD, Promise, Rule, Silence, promise
from tests.factories import HOUR, NOW

MINUTE = timedelta(minutes=1)


def silence(**fields):
    return Silence(**({"since": NOW, "announced_ends_at": NOW + 6 * HOUR, "every": 2 * HOUR} | fields))


@pytest.mark.parametrize(
    ("known", "by", "rule"),
    [
        pytest.param({"coming_at": NOW + HOUR}, NOW + HOUR, Rule.PLANNED, id="the plan's next update"),
        pytest.param({}, NOW + 2 * HOUR, Rule.CADENCE, id="as often as before, though nothing is planned"),
        pytest.param({"announced_ends_at": NOW + HOUR}, NOW + HOUR, Rule.END, id="over by then, as announced"),
        pytest.param({"every": None}, NOW + 6 * HOUR, Rule.END, id="short work without updates"),
        pytest.param({"announced_ends_at": NOW - HOUR}, NOW + 2 * HOUR, Rule.CADENCE, id="past the announced end"),
    ],
)
def test_promise_is_the_next_word_that_people_expect(known, by, rule):
    found = promise(silence(**known))

    assert (found.by, found.rule) == (by, rule)


def test_short_work_past_its_announced_end_promises_no_more():
    assert promise(silence(every=None, announced_ends_at=NOW)) is None


def made(*, by_itself):
    return Promise(by=NOW, rule=Rule.PLANNED, leaves_by_itself=by_itself)


def test_what_leaves_by_itself_is_in_danger_only_when_it_is_late():
    found = made(by_itself=True)

    assert not found.is_in_danger(NOW + GRACE)
    assert found.is_in_danger(NOW + GRACE + MINUTE)


def test_what_needs_a_person_is_in_danger_ahead_of_its_time():
    found = made(by_itself=False)

    assert not found.is_in_danger(NOW - LEAD - MINUTE)
    assert found.is_in_danger(NOW - LEAD)
    assert not found.is_broken(NOW)
    assert found.is_broken(NOW + MINUTE)
