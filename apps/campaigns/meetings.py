"""When the team meets around a window: planning, check-ins while it runs, retrospective. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from apps.common.zones import resolve_wall_time

PLANNING_DAYS_BEFORE = 7
PLANNING_AT = time(10, 0)  # on the wall clock of the window's zone, as is the retrospective
PLANNING_LASTS = timedelta(hours=1)
LONG = timedelta(hours=4)
CHECK_IN_EVERY, CHECK_IN_EVERY_IF_LONG = timedelta(minutes=30), timedelta(hours=1)
CHECK_IN_LASTS = timedelta(minutes=15)
RETROSPECTIVE_DAYS_AFTER = 2
RETROSPECTIVE_AT = time(14, 0)
RETROSPECTIVE_LASTS = timedelta(hours=1)
SATURDAY = 5


class MeetingKind(StrEnum):
    PLANNING = "planning"
    CHECK_IN = "check_in"
    RETROSPECTIVE = "retrospective"


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """`number` counts the meetings of a kind from 1: kind and number name a meeting for as long as its window lives."""

    kind: MeetingKind
    number: int = 1
    starts_at: datetime
    ends_at: datetime


def meetings(
    *, starts_at: datetime, ends_at: datetime, ended_at: datetime | None, promised_at: datetime, zone: ZoneInfo
) -> list[Meeting]:
    """In order of time. `ended_at`: the confirmed end, which moves the retrospective; `promised_at`: a planning meeting that
    would have been before is left out."""
    planning_day = _back_to_workday(starts_at.astimezone(zone).date() - timedelta(days=PLANNING_DAYS_BEFORE))
    planning = _meeting(MeetingKind.PLANNING, planning_day, PLANNING_AT, PLANNING_LASTS, zone)
    last_day = _on_to_workday((ended_at or ends_at).astimezone(zone).date() + timedelta(days=RETROSPECTIVE_DAYS_AFTER))
    retrospective = _meeting(MeetingKind.RETROSPECTIVE, last_day, RETROSPECTIVE_AT, RETROSPECTIVE_LASTS, zone)
    before = [planning] if planning.starts_at >= promised_at else []
    return [*before, *_check_ins(starts_at, ended_at or ends_at, ends_at - starts_at), retrospective]


def _check_ins(starts_at: datetime, ends_at: datetime, duration: timedelta) -> Iterator[Meeting]:
    every = CHECK_IN_EVERY_IF_LONG if duration > LONG else CHECK_IN_EVERY
    for number in range(1, -(-(ends_at - starts_at) // every)):
        at = starts_at + number * every
        yield Meeting(kind=MeetingKind.CHECK_IN, number=number, starts_at=at, ends_at=at + CHECK_IN_LASTS)


def _meeting(kind: MeetingKind, day: date, at: time, lasts: timedelta, zone: ZoneInfo) -> Meeting:
    begins = resolve_wall_time(datetime.combine(day, at), zone).instant
    return Meeting(kind=kind, starts_at=begins, ends_at=begins + lasts)


def _back_to_workday(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - SATURDAY + 1))


def _on_to_workday(day: date) -> date:
    return day + timedelta(days=7 - day.weekday() if day.weekday() >= SATURDAY else 0)
