"""Permits, push-back and the pauses of a provider that is away, as plain arithmetic."""

import random
from datetime import timedelta

import pytest

from apps.delivery import pacing
from apps.delivery.pacing import Bucket, Slowdown
from tests.factories import NOW

MINUTE = timedelta(minutes=1)


class Steady(random.Random):
    """Chance that always says the same."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def random(self):
        return self.value


def take(bucket, *, now=100.0, wanted=1, rate=10.0, is_urgent=False):
    return pacing.take(bucket, now=now, wanted=wanted, rate=rate, is_urgent=is_urgent)


@pytest.mark.parametrize(
    ("rate", "left", "expected"),
    [
        pytest.param(14, 200, 3, id="a fifth of a second"),
        pytest.param(1000, 200, 200, id="never more than the batch needs"),
        pytest.param(0.1, 200, 1, id="at least one"),
    ],
)
def test_a_lot_is_a_fifth_of_a_second(rate, left, expected):
    assert pacing.lot(rate, left) == expected


class TestPermits:
    def test_an_unknown_bucket_gives_the_first_at_once_and_the_next_a_step_later(self):
        grant, bucket = take(Bucket())
        assert (grant.permits, grant.start) == (1, 100.0)
        assert take(bucket)[0].start == pytest.approx(100.1)

    def test_what_nobody_used_can_be_caught_up_on_for_a_second(self):
        grant, bucket = take(Bucket(next_at=50.0), wanted=10)
        assert (grant.start, bucket.next_at) == (99.0, pytest.approx(100.0))

    def test_routine_is_promised_nothing_far_ahead(self):
        grant, bucket = take(Bucket(next_at=100.3))
        assert (grant.permits, grant.start) == (0, 100.3)
        assert bucket == Bucket(next_at=100.3)

    def test_urgent_is_promised_further_ahead_and_then_routine_waits(self):
        grant, bucket = take(Bucket(next_at=100.3), wanted=2, is_urgent=True)
        assert grant.permits == 2
        assert bucket.urgent_until == pytest.approx(100.75)
        assert take(bucket, now=100.6)[0].permits == 0
        assert take(bucket, now=100.8)[0].permits == 1

    def test_urgent_that_need_not_wait_keeps_nobody_waiting(self):
        _grant, bucket = take(Bucket(), is_urgent=True)
        assert take(bucket)[0].permits == 1

    def test_the_next_permit_of_a_slow_channel_is_kept_for_what_is_urgent(self):
        slow = {"rate": 0.1}
        _grant, bucket = take(Bucket(), **slow)
        refused, bucket = take(bucket, is_urgent=True, **slow)
        assert (refused.permits, refused.start) == (0, 110.0)
        assert take(bucket, now=110.1, **slow)[0].permits == 0
        assert take(bucket, now=110.1, is_urgent=True, **slow)[0].permits == 1

    def test_a_promise_of_a_slower_pace_is_void(self):
        _grant, bucket = take(Bucket(), rate=0.01)
        grant, _bucket = take(bucket, rate=10.0)
        assert grant.start < 102.0


@pytest.mark.parametrize(
    ("code", "text", "retry_after", "expected"),
    [
        pytest.param("421", "421 4.7.0 try later", None, True, id="421"),
        pytest.param("429", "Too Many Requests", None, True, id="429"),
        pytest.param("503", "unavailable", MINUTE, True, id="any refusal with a time to come back"),
        pytest.param("450", "refused at RCPT TO: 450 4.7.1 rate limit exceeded", None, True, id="450 of policy"),
        pytest.param("451", "451 4.7.500 Server busy", None, True, id="451 of policy"),
        pytest.param("452", "452 4.2.2 mailbox full", None, False, id="a full mailbox"),
        pytest.param("450", "450 4.7.1 Greylisted, come back", None, False, id="greylisting"),
        pytest.param("550", "550 5.7.1 no", None, False, id="for good"),
        pytest.param("", "connection refused", None, False, id="no answer at all"),
    ],
)
def test_what_a_provider_says_when_it_is_too_fast(code, text, retry_after, expected):
    assert pacing.is_push_back(code=code, text=text, retry_after=retry_after) is expected


class TestSlowingDown:
    def test_each_push_back_halves_the_rate(self):
        first = pacing.slowed(16.0, None, seen=0, now=NOW)
        second = pacing.slowed(16.0, first, seen=0, now=NOW)
        assert (first.to, second.to) == (8.0, 4.0)

    def test_it_recovers_in_equal_steps_up_to_the_pace_and_no_further(self):
        slowdown = Slowdown(to=4.0, whole=16.0, at=NOW)
        rates = [pacing.rate_now(16.0, slowdown, NOW + minutes * MINUTE) for minutes in (0, 1, 2, 60)]
        assert rates == pytest.approx([4.0, 5.6, 7.2, 16.0])

    def test_without_a_pace_it_starts_from_the_rate_seen_and_is_forgotten_in_the_end(self):
        slowdown = pacing.slowed(None, None, seen=100.0, now=NOW)
        assert pacing.rate_now(None, slowdown, NOW) == 50.0
        assert pacing.rate_now(None, slowdown, NOW + 10 * MINUTE) is None

    def test_where_nothing_had_left_it_starts_from_a_guess(self):
        assert pacing.slowed(None, None, seen=0.0, now=NOW).to == pacing.UNKNOWN_PACE / 2

    def test_it_never_comes_to_a_halt(self):
        slowdown = None
        for _ in range(30):
            slowdown = pacing.slowed(14.0, slowdown, seen=0, now=NOW)
        assert slowdown.to == pytest.approx(0.14)

    def test_a_pace_below_the_floor_is_not_raised_by_it(self):
        assert pacing.slowed(0.01, None, seen=0, now=NOW).to == 0.01

    def test_a_pace_that_was_lowered_since_holds(self):
        assert pacing.rate_now(2.0, Slowdown(to=8.0, whole=16.0, at=NOW), NOW) == 2.0

    @pytest.mark.parametrize(
        ("retry_after", "rate", "seconds"),
        [(None, 100.0, 1), (None, 0.1, 10), (timedelta(seconds=30), 100.0, 30)],
    )
    def test_the_channel_rests_as_long_as_the_provider_said(self, retry_after, rate, seconds):
        assert pacing.hold(retry_after, rate) == timedelta(seconds=seconds)


class TestProbing:
    def test_a_single_standstill_is_not_an_outage(self):
        assert [pacing.opens(failures) for failures in (0, 1, 2, 3)] == [False, False, True, True]

    def test_pauses_grow_up_to_a_minute(self):
        pauses = [pacing.probe_pause(failures, Steady(0.0)).total_seconds() for failures in range(2, 9)]
        assert pauses == [5, 10, 20, 40, 60, 60, 60]

    def test_chance_makes_them_a_fifth_longer_at_most(self):
        assert pacing.probe_pause(9, Steady(1.0)) == timedelta(seconds=72)
