from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common import quiet_hours

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


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
    assert quiet_hours.before_quiet_hours(due_at, zone) == leaves_at


@given(
    due_at=st.timedeltas(-60 * DAY, 600 * DAY).map(lambda span: NOW + span),
    zone=st.sampled_from(["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC"]),
)
def test_a_shifted_message_is_never_late_and_never_disturbs(due_at, zone):
    leaves_at = quiet_hours.before_quiet_hours(due_at, zone)

    assert leaves_at <= due_at
    assert due_at - leaves_at <= timedelta(hours=60)
    assert not quiet_hours.is_quiet(leaves_at, zone)


def test_people_of_several_zones_are_written_to_in_groups():
    places = ["America/New_York", "Europe/Paris", "Europe/Berlin"]
    groups = quiet_hours.zone_groups(utc(4, 21), places, now=utc(4, 19), useful_until=utc(5, 21))

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
    assert quiet_hours.undisturbing(now, "Europe/Paris", now=now, useful_until=useful_until) == leaves_at


def test_only_a_routine_sms_has_quiet_hours():
    assert quiet_hours.has_quiet_hours(kind="sms", urgency="routine")
    assert not quiet_hours.has_quiet_hours(kind="sms", urgency="urgent")
    assert not quiet_hours.has_quiet_hours(kind="email", urgency="routine")
