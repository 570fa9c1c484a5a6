import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.delivery import policy
from apps.delivery.policy import DeliveryReason, Doubt
from apps.delivery.reasons import SENTENCES, sentence

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


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


def test_a_notice_of_the_last_hour_never_waits_behind_a_fortnights_bulk():
    bulk = policy.priority(urgency="routine", useful_for=DAY)

    assert policy.priority(urgency="routine", useful_for=55 * MINUTE) < bulk
    assert policy.priority(urgency="urgent", useful_for=DAY) < bulk
    assert policy.priority(urgency="routine", useful_for=55 * MINUTE) in policy.URGENT_PRIORITIES
    assert bulk not in policy.URGENT_PRIORITIES


def utc(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)  # the 2nd is a Monday; Paris is an hour ahead until the 29th


@pytest.mark.parametrize(
    ("due_at", "zone", "leaves_at"),
    [
        pytest.param(utc(4, 12), "Europe/Paris", utc(4, 12), id="by day"),
        pytest.param(utc(4, 7), "Europe/Paris", utc(4, 7), id="at eight o'clock"),
        pytest.param(utc(4, 6, 59), "Europe/Paris", utc(3, 20), id="before eight: the evening before"),
        pytest.param(utc(4, 21), "Europe/Paris", utc(4, 20), id="at ten in the evening"),
        pytest.param(utc(7, 12), "Europe/Paris", utc(6, 20), id="Saturday: Friday evening"),
        pytest.param(utc(8, 23, 30), "Europe/Paris", utc(6, 20), id="the night to Monday: Friday evening"),
        pytest.param(utc(9, 6), "Europe/Paris", utc(6, 20), id="Monday before eight: Friday evening"),
        pytest.param(utc(4, 21), "America/New_York", utc(4, 21), id="afternoon overseas"),
        pytest.param(utc(4, 2), "Asia/Tokyo", utc(4, 2), id="morning in Japan"),
        pytest.param(utc(6, 16), "Asia/Tokyo", utc(6, 12), id="Saturday already in Japan"),
        pytest.param(utc(4, 12), "Nowhere/Atlantis", utc(4, 12), id="a zone that this machine does not know: UTC"),
    ],
)
def test_quiet_hours_move_a_message_ahead(due_at, zone, leaves_at):
    assert policy.before_quiet_hours(due_at, zone) == leaves_at


@given(
    due_at=st.timedeltas(-60 * DAY, 600 * DAY).map(lambda span: NOW + span),
    zone=st.sampled_from(["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC"]),
)
def test_a_shifted_message_is_never_late_and_never_disturbs(due_at, zone):
    leaves_at = policy.before_quiet_hours(due_at, zone)

    assert leaves_at <= due_at
    assert due_at - leaves_at <= timedelta(hours=60)
    assert not policy.is_quiet(leaves_at, zone)


def test_people_of_several_zones_are_written_to_in_groups():
    places = ["America/New_York", "Europe/Paris", "Europe/Berlin"]
    groups = policy.zone_groups(utc(4, 21), places, now=utc(4, 19), useful_until=utc(5, 21))

    assert groups == {utc(4, 20): ["Europe/Berlin", "Europe/Paris"], utc(4, 21): ["America/New_York"]}


@pytest.mark.parametrize(
    ("now", "useful_until", "leaves_at"),
    [
        pytest.param(utc(4, 22), utc(6, 22), utc(5, 7), id="at night: the next morning"),
        pytest.param(utc(7, 12), utc(12, 12), utc(9, 7), id="Saturday: Monday morning"),
        pytest.param(utc(4, 22), utc(5, 5), utc(4, 20), id="of no use in the morning: as it was due"),
    ],
)
def test_what_cannot_leave_ahead_of_quiet_hours_leaves_behind_them(now, useful_until, leaves_at):
    assert policy.undisturbing(now, "Europe/Paris", now=now, useful_until=useful_until) == leaves_at


def test_only_a_routine_sms_has_quiet_hours():
    assert policy.has_quiet_hours(kind="sms", urgency="routine")
    assert not policy.has_quiet_hours(kind="sms", urgency="urgent")
    assert not policy.has_quiet_hours(kind="email", urgency="routine")


def test_every_reason_has_a_sentence():
    assert set(SENTENCES) == set(DeliveryReason)
    assert sentence("refused") == "The provider refused it for good."
    assert sentence("made up") == "made up"
