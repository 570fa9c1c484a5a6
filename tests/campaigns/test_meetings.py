from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.campaigns.meetings import MeetingKind, meetings

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 3, 31, 20, 0, tzinfo=UTC)  # Tuesday 22:00 in Paris, two days after the clocks changed
HOUR = timedelta(hours=1)


def of(kind, *, starts_at=START, lasts=4 * HOUR, ended_at=None, promised_at=START - timedelta(days=30)):
    found = meetings(starts_at=starts_at, ends_at=starts_at + lasts, ended_at=ended_at, promised_at=promised_at, zone=PARIS)
    return [meeting for meeting in found if meeting.kind == kind]


def walls(found):
    return [f"{meeting.starts_at.astimezone(PARIS):%a %d %H:%M}" for meeting in found]


@pytest.mark.parametrize(
    ("days", "wall"),
    [
        pytest.param(0, "Tue 24 10:00", id="a week before, on the wall clock across the change"),
        pytest.param(4, "Fri 27 10:00", id="from a Saturday back to Friday"),
        pytest.param(5, "Fri 27 10:00", id="from a Sunday back to Friday"),
    ],
)
def test_planning_is_a_week_before_on_a_workday(days, wall):
    assert walls(of(MeetingKind.PLANNING, starts_at=START + timedelta(days=days))) == [wall]


def test_planning_that_would_have_been_before_the_promise_is_left_out():
    assert of(MeetingKind.PLANNING, promised_at=START - timedelta(days=5)) == []


@pytest.mark.parametrize(
    ("lasts", "minutes"),
    [
        pytest.param(timedelta(minutes=30), [], id="none in half an hour"),
        pytest.param(2 * HOUR, [30, 60, 90], id="every half hour"),
        pytest.param(5 * HOUR, [60, 120, 180, 240], id="every hour when long"),
        pytest.param(timedelta(minutes=70), [30, 60], id="none at the end itself"),
    ],
)
def test_check_ins_lie_within_the_window(lasts, minutes):
    found = of(MeetingKind.CHECK_IN, lasts=lasts)
    assert [(meeting.starts_at - START) // timedelta(minutes=1) for meeting in found] == minutes
    assert [meeting.number for meeting in found] == list(range(1, len(minutes) + 1))


def test_confirmed_end_cuts_check_ins_and_moves_the_retrospective():
    early = START + HOUR
    assert len(of(MeetingKind.CHECK_IN, ended_at=early)) == 1
    assert walls(of(MeetingKind.RETROSPECTIVE)) == ["Fri 03 14:00"]
    assert walls(of(MeetingKind.RETROSPECTIVE, ended_at=early)) == ["Thu 02 14:00"]


def test_retrospective_waits_for_a_workday():
    assert walls(of(MeetingKind.RETROSPECTIVE, starts_at=START + timedelta(days=1), lasts=4 * HOUR)) == ["Mon 06 14:00"]
