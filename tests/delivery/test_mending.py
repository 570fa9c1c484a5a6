"""A segment's rule that is broken when its touchpoint is due: it waits, says so, and leaves once the rule is mended."""

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.audiences.models import Segment
from apps.campaigns.models import Reason, Touchpoint, TouchpointState
from apps.campaigns.moments import reason_words
from apps.delivery import tasks
from apps.delivery.closing import expire_past_use
from apps.delivery.due import due, oldest_due_at
from apps.delivery.expand import Expanded
from apps.delivery.mending import PAUSE, expand_or_wait
from apps.delivery.models import Expansion
from apps.delivery.policy import FIRST_PORTION
from tests.campaigns.admin_pages import signed_in
from tests.factories import HOUR, NOW, make_campaign, make_contact, make_segment, make_template, make_touchpoint

from .engine import begun, states, sweep, work, written

pytestmark = pytest.mark.django_db

BROKEN = {"nonsense": True}
EVERYBODY = {"all": []}
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _small_batches(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    make_template()


def give_rule(touchpoint, rule):
    Segment.objects.filter(pk=touchpoint.segment_id).update(rule=rule)


def with_broken_rule():
    make_contact()
    touchpoint = make_touchpoint()
    give_rule(touchpoint, BROKEN)
    return touchpoint


def begun_with_broken_rule(**fields):
    touchpoint = begun(FIRST_PORTION + 1, **fields)
    give_rule(touchpoint, BROKEN)
    return touchpoint


def standing(touchpoint):
    touchpoint.refresh_from_db()
    return touchpoint.state, touchpoint.reason


def test_it_waits_with_a_reason_and_is_not_due_meanwhile():
    touchpoint = with_broken_rule()

    assert expand_or_wait(touchpoint.pk, now=NOW) is Expanded.NOT_NOW

    assert standing(touchpoint) == (TouchpointState.PLANNED, Reason.RULE_BROKEN)
    assert due(NOW).to_expand == []
    assert due(NOW).next_at == NOW + PAUSE
    assert oldest_due_at(NOW) is None


def test_once_it_is_mended_it_leaves_by_itself():
    touchpoint = with_broken_rule()
    expand_or_wait(touchpoint.pk, now=NOW)
    give_rule(touchpoint, EVERYBODY)

    (again,) = due(NOW + PAUSE).to_expand
    assert expand_or_wait(again[0], now=NOW + PAUSE) is Expanded.WRITTEN

    assert standing(touchpoint) == (TouchpointState.DUE, "")


def test_the_rest_of_one_that_is_written_in_part_waits():
    touchpoint = begun_with_broken_rule()

    assert expand_or_wait(touchpoint.pk, now=NOW) is Expanded.NOT_NOW
    assert standing(touchpoint) == (TouchpointState.DUE, Reason.RULE_BROKEN)
    assert due(NOW + PAUSE - timedelta(seconds=1)).to_expand == []
    assert [pk for pk, _is_urgent in due(NOW + PAUSE).to_expand] == [touchpoint.pk]

    work()
    sweep(NOW)
    assert standing(touchpoint) == (TouchpointState.SENDING, Reason.RULE_BROKEN)
    assert states() == {"sent": FIRST_PORTION}


def test_the_rest_leaves_once_it_is_mended():
    touchpoint = begun_with_broken_rule()
    expand_or_wait(touchpoint.pk, now=NOW)
    give_rule(touchpoint, EVERYBODY)

    assert expand_or_wait(touchpoint.pk, now=NOW + PAUSE) is Expanded.WRITTEN
    assert standing(touchpoint) == (TouchpointState.DUE, "")
    work(NOW + PAUSE)

    assert standing(touchpoint) == (TouchpointState.SENT, "")
    assert states() == {"sent": FIRST_PORTION + 1}


def test_a_sibling_does_not_wait_for_it():
    campaign = make_campaign()
    begun_first = begun_with_broken_rule(campaign=campaign)
    sibling = begun(0, campaign=campaign, step_key="t-1h", segment=make_segment(name="All"))
    expand_or_wait(begun_first.pk, now=NOW)

    assert expand_or_wait(sibling.pk, now=NOW) is Expanded.WRITTEN
    assert written(sibling) == FIRST_PORTION + 1


def test_one_that_is_not_mended_in_time_is_missed():
    touchpoint = with_broken_rule()
    expand_or_wait(touchpoint.pk, now=NOW)
    Touchpoint.objects.update(useful_until=NOW + HOUR)

    expire_past_use(NOW + HOUR + MINUTE)

    assert standing(touchpoint) == (TouchpointState.MISSED, Reason.NOT_SENT_IN_TIME)


def test_one_that_was_stopped_meanwhile_is_left_as_it_stands():
    touchpoint = begun_with_broken_rule()
    proof = Expansion.objects.get()
    Touchpoint.objects.update(state=TouchpointState.CANCELLED, reason=Reason.WINDOW_CANCELLED)

    expand_or_wait(touchpoint.pk, now=NOW)

    assert standing(touchpoint) == (TouchpointState.CANCELLED, Reason.WINDOW_CANCELLED)
    assert Expansion.objects.get().written_at == proof.written_at


@pytest.mark.parametrize(
    ("reason", "words"),
    [("", ""), (Reason.NOBODY, "The segment is empty."), ("of_a_newer_version", "of_a_newer_version")],
)
def test_a_reason_is_a_sentence_and_one_that_is_not_known_yet_breaks_no_page(reason, words):
    assert reason_words(reason) == words


def test_the_pages_say_what_is_to_be_mended():
    touchpoint = with_broken_rule()
    expand_or_wait(touchpoint.pk, now=NOW)

    text = signed_in().get(reverse("dashboard:live", args=[touchpoint.campaign_id])).content.decode()

    assert str(Reason.RULE_BROKEN.label) in text


def test_the_workers_task_does_not_fail(monkeypatch):
    touchpoint = with_broken_rule()
    monkeypatch.setattr(tasks, "database_now", lambda: NOW)

    tasks.expand_touchpoint(touchpoint_id=touchpoint.pk)

    assert standing(touchpoint) == (TouchpointState.PLANNED, Reason.RULE_BROKEN)
