import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.delivery import policy
from apps.delivery.policy import DeliveryReason, Doubt
from apps.delivery.reasons import SENTENCES, sentence

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Chance(random.Random):
    """Always the same share of the jitter."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def random(self) -> float:
        return self.share


@pytest.mark.parametrize(
    ("failures", "useful_for", "retry_after", "pause"),
    [
        pytest.param(1, DAY, None, timedelta(seconds=15), id="first: soon"),
        pytest.param(2, DAY, None, MINUTE, id="second"),
        pytest.param(4, DAY, None, 15 * MINUTE, id="fourth"),
        pytest.param(9, DAY, None, 30 * MINUTE, id="then every half hour"),
        pytest.param(1, DAY, 10 * MINUTE, 10 * MINUTE, id="the provider's wish is kept to"),
        pytest.param(4, DAY, MINUTE, 15 * MINUTE, id="a wish shorter than our pause"),
        pytest.param(4, 10 * MINUTE, None, 5 * MINUTE, id="halved into what is left"),
        pytest.param(1, timedelta(seconds=8), None, None, id="no use so late"),
        pytest.param(1, 5 * MINUTE, 10 * MINUTE, None, id="the provider wants longer than it is of use"),
        pytest.param(1, -MINUTE, None, None, id="past its use"),
    ],
)
def test_pause_before_the_next_attempt(failures, useful_for, retry_after, pause):
    at = policy.retry_at(failures, now=NOW, useful_until=NOW + useful_for, chance=Chance(0), retry_after=retry_after)

    assert at == (None if pause is None else NOW + pause)


@given(
    failures=st.integers(1, 60),
    left=st.timedeltas(timedelta(seconds=1), 20 * DAY),
    wish=st.none() | st.timedeltas(timedelta(0), 2 * DAY),
    share=st.floats(0, 1, exclude_max=True),
)
def test_a_retry_is_in_time_and_keeps_to_the_providers_wish(failures, left, wish, share):
    at = policy.retry_at(failures, now=NOW, useful_until=NOW + left, chance=Chance(share), retry_after=wish)

    if at is not None:
        assert NOW + policy.SOONEST <= at < NOW + left
        assert wish is None or at - NOW >= wish


@pytest.mark.parametrize(
    ("kind", "urgency", "age", "attempts", "may_leave", "is_idempotent", "verdict"),
    [
        pytest.param("sms", "urgent", MINUTE, 1, True, False, Doubt.WAIT, id="an SMS never again by itself"),
        pytest.param("sms", "urgent", HOUR, 1, True, True, Doubt.GIVE_UP, id="an SMS without evidence"),
        pytest.param("email", "urgent", MINUTE, 1, True, False, Doubt.REPEAT, id="an urgent e-mail at once"),
        pytest.param("email", "urgent", MINUTE, 3, True, False, Doubt.WAIT, id="an urgent e-mail, three times"),
        pytest.param("email", "urgent", HOUR, 3, True, False, Doubt.GIVE_UP, id="an urgent e-mail, three times and an hour"),
        pytest.param("email", "urgent", MINUTE, 1, False, False, Doubt.WAIT, id="an urgent e-mail of a stopped touchpoint"),
        pytest.param("email", "routine", 14 * MINUTE, 1, True, False, Doubt.WAIT, id="an e-mail waits for evidence"),
        pytest.param("email", "routine", 15 * MINUTE, 1, True, False, Doubt.GIVE_UP, id="an e-mail without evidence"),
        pytest.param("email", "routine", MINUTE, 1, True, True, Doubt.REPEAT, id="an e-mail whose provider drops repeats"),
        pytest.param("chat", "routine", MINUTE, 1, True, False, Doubt.REPEAT, id="a chat post at least once"),
        pytest.param("webhook", "routine", MINUTE, 2, True, False, Doubt.REPEAT, id="a webhook at least once"),
        pytest.param("webhook", "routine", HOUR, 1, False, False, Doubt.GIVE_UP, id="a webhook past its use"),
    ],
)
def test_what_becomes_of_a_doubt(kind, urgency, age, attempts, may_leave, is_idempotent, verdict):
    usual = policy.doubt_policy(kind=kind, urgency=urgency, is_idempotent=is_idempotent)

    assert policy.resolve_doubt(usual, age=age, attempts=attempts, may_leave=may_leave) is verdict


@pytest.mark.parametrize(
    ("kind", "chosen", "age", "attempts", "may_leave", "verdict"),
    [
        pytest.param("email", "repeat", MINUTE, 1, True, Doubt.REPEAT, id="again at once"),
        pytest.param("email", "repeat", MINUTE, 3, True, Doubt.WAIT, id="three times at most"),
        pytest.param("email", "wait_repeat", 59 * MINUTE, 1, True, Doubt.WAIT, id="evidence first"),
        pytest.param("email", "wait_repeat", HOUR, 1, True, Doubt.REPEAT, id="then once more"),
        pytest.param("email", "wait_repeat", HOUR, 2, True, Doubt.GIVE_UP, id="and no third time"),
        pytest.param("email", "wait_repeat", HOUR, 1, False, Doubt.GIVE_UP, id="not when it is of no more use"),
        pytest.param("chat", "wait", 59 * MINUTE, 1, True, Doubt.WAIT, id="a chat that may not repeat"),
        pytest.param("chat", "wait", HOUR, 1, True, Doubt.GIVE_UP, id="a chat without evidence"),
        pytest.param("sms", "repeat", HOUR, 1, True, Doubt.GIVE_UP, id="an SMS does not, whatever was chosen"),
    ],
)
def test_a_channel_may_choose_what_becomes_of_its_doubts(kind, chosen, age, attempts, may_leave, verdict):
    policy_of_channel = policy.doubt_policy(kind=kind, urgency="urgent", is_idempotent=False, chosen=chosen, wait=HOUR)

    assert policy.resolve_doubt(policy_of_channel, age=age, attempts=attempts, may_leave=may_leave) is verdict


@pytest.mark.parametrize(
    ("messages", "weights"),
    [
        (0, []),
        (1, [1]),
        (201, [1, 1]),
        (1_000, [1] * 5),
        (3_000, [3, 3, 3, 2, 1, 1, 1, 1]),
        (10_000, [4] * 10 + [3, 2, 1, 1, 1, 1, 1]),
    ],
)
def test_the_more_people_the_larger_the_batches_and_they_shrink_towards_the_end(messages, weights):
    assert policy.batch_weights(messages, usual=200, is_paced=False) == weights


def test_before_the_last_portion_batches_do_not_shrink():
    middle = policy.batch_weights(4_100, usual=200, is_paced=False, written=5_000, has_more=True)

    assert middle == [4, 4, 4, 4, 4, 1]


@given(
    messages=st.integers(0, 60_000),
    written=st.integers(0, 60_000),
    is_paced=st.booleans(),
    has_more=st.booleans(),
    usual=st.integers(1, 500),
)
def test_every_message_has_its_batch_and_none_is_too_large(messages, written, usual, **which):
    weights = policy.batch_weights(messages, usual=usual, written=written, **which)

    assert (sum(weights) - 1) * usual < messages <= sum(weights) * usual
    assert {*weights} <= ({1} if which["is_paced"] else {1, 2, 3, 4})
    assert max(weights, default=1) <= max(1, (messages + written) // usual // 5 + 1)
    if not which["has_more"]:
        assert weights == sorted(weights, reverse=True)


@given(sizes=st.lists(st.integers(0, 800), min_size=1, max_size=50))
def test_what_is_spread_leaves_evenly_whatever_the_batches(sizes):
    times = policy.spread(sizes, over=HOUR, now=NOW, useful_until=NOW + DAY)

    before = [sum(sizes[:number]) for number in range(len(sizes))]
    assert times[0] == NOW
    assert all(abs(at - NOW - HOUR * so_many / max(1, sum(sizes))) < SECOND for at, so_many in zip(times, before, strict=True))


def test_portions_grow_with_what_is_written():
    sizes = [policy.portion_size(written, usual=200) for written in (None, 0, 1_000, 2_000, 5_000, 90_000)]

    assert sizes == [1_000, 4_000, 4_000, 8_000, 20_000, 20_000]


def test_a_notice_of_the_last_hour_never_waits_behind_a_fortnights_bulk():
    bulk = policy.priority(urgency="routine", useful_for=DAY)

    assert policy.priority(urgency="routine", useful_for=55 * MINUTE) < bulk
    assert policy.priority(urgency="urgent", useful_for=DAY) < bulk
    assert policy.priority(urgency="routine", useful_for=55 * MINUTE) in policy.URGENT_PRIORITIES
    assert bulk not in policy.URGENT_PRIORITIES


def test_every_reason_has_a_sentence():
    assert set(SENTENCES) == set(DeliveryReason)
    assert sentence("refused") == "The provider refused it for good."
    assert sentence("made up") == "made up"
