from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.publishing.narrowing import Entry, narrowed, ranked

TODAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def entry(days, size=10):
    at = NOON + timedelta(days=days)
    return Entry(starts_at=at, ends_at=at + timedelta(hours=2), body=b"x" * size)


def cut(entries, room):
    wanted = ranked(entries, today=TODAY)
    return narrowed(wanted, iter(wanted), room=room, today=TODAY)


def days_of(entries):
    return sorted((each.starts_at.date() - TODAY).days for each in entries)


def test_nothing_is_left_out_of_what_fits():
    found = cut([entry(days) for days in (-2, 0, 2)], room=30)
    assert (days_of(found.entries), found.over_until, found.none_from) == ([-2, 0, 2], None, None)


def test_what_was_over_longest_goes_first():
    found = cut([entry(days) for days in (-3, -2, -1, 0, 9)], room=35)
    assert (days_of(found.entries), found.over_until, found.none_from) == ([-1, 0, 9], TODAY - timedelta(days=2), None)


def test_then_goes_what_is_farthest_away():
    found = cut([entry(days) for days in (-1, 0, 5, 9)], room=25)
    assert days_of(found.entries) == [0, 5]
    assert (found.over_until, found.none_from) == (TODAY - timedelta(days=1), TODAY + timedelta(days=9))


def test_whole_days_go():
    found = cut([entry(days) for days in (0, 5, 5, 5)], room=35)
    assert (days_of(found.entries), found.none_from) == ([0], TODAY + timedelta(days=5))


def test_no_more_is_rendered_than_needed():
    asked = []
    wanted = ranked([entry(days) for days in range(100)], today=TODAY)
    narrowed(wanted, (asked.append(each) or each for each in wanted), room=35, today=TODAY)
    assert len(asked) == 4


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 40))), st.integers(0, 600))
def test_what_is_said_of_what_is_missing_is_true(sizes, room):
    entries = [entry(days, size) for days, size in sizes]
    found = cut(entries, room)
    assert sum(len(each.body) for each in found.entries) <= room
    missing = [each for each in entries if not any(each is kept for kept in found.entries)]
    for each in missing:
        is_over = found.over_until is not None and each.last_day <= found.over_until
        assert is_over or (found.none_from is not None and each.first_day >= found.none_from)
    for each in found.entries:
        assert found.over_until is None or each.last_day > found.over_until
        assert found.none_from is None or each.first_day < found.none_from
