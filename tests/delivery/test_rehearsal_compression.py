"""The compressed clock, without a database."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.delivery.rehearsing.compression import compress
from tests.factories import DAY, HOUR, NOW

LASTS = timedelta(minutes=5)
instants = st.lists(st.integers(0, 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds)), min_size=1, max_size=40)


def offsets(*hours, lasts=LASTS):
    return [at - NOW for at in compress([NOW + hour * HOUR for hour in hours], begins_at=NOW, lasts=lasts)]


def test_the_first_comes_at_once_and_the_last_at_the_end():
    assert offsets(5, 200, 341)[::2] == [timedelta(0), LASTS]


def test_what_is_far_apart_is_seen_to_be():
    week, hour = offsets(0, 168, 169)[1], LASTS - offsets(0, 168, 169)[1]

    assert week > 2 * hour > timedelta(minutes=2)


def test_one_alone_comes_at_once():
    assert offsets(7) == [timedelta(0)]


def test_at_once_is_at_once():
    assert set(offsets(0, 1, 2, lasts=timedelta(0))) == {timedelta(0)}


def test_nothing_gives_nothing():
    assert compress([], begins_at=NOW, lasts=LASTS) == []


@given(instants)
def test_the_order_stays_and_nothing_comes_too_close(found):
    places = dict(zip(found, compress(found, begins_at=NOW, lasts=LASTS), strict=True))
    ordered = [places[at] for at in sorted(places)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(ordered)]

    assert ordered[0] == NOW
    assert ordered[-1] <= NOW + LASTS
    if gaps:
        assert min(gaps) >= LASTS / len(gaps) / 2 - timedelta(milliseconds=1)


@pytest.mark.parametrize("days", [1, 14, 400])
def test_what_leaves_together_comes_together(days):
    at = NOW + days * DAY
    first, second, _third = compress([at, at, NOW], begins_at=NOW, lasts=LASTS)

    assert first == second
