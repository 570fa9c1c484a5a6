"""When an event is, from DTSTART, DTEND and DURATION in all the ways they are written. Pure."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from .lines import Property
from .zones import Zone, Zones

_TIME = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,]\d{1,9})?)?\s?(Z|[+-]\d{2}:?\d{2})?)?\Z",
    re.ASCII | re.IGNORECASE,
)
_DURATION = re.compile(
    r"\+?P(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?\Z", re.ASCII | re.IGNORECASE
)
YEARS = range(2000, 2200)  # beyond them a date is a mistake, and arithmetic fails at the ends of the calendar
DAY = timedelta(days=1)


class BadTime(Exception):
    def __init__(self, prop: Property) -> None:
        super().__init__(prop.name)
        self.prop = prop


@dataclass(frozen=True, kw_only=True)
class _Instant:
    at: datetime
    zone: str = "UTC"
    is_floating: bool = False
    has_unknown_zone: bool = False
    is_date: bool = False


@dataclass(frozen=True, kw_only=True)
class EventTimes:
    starts_at: datetime
    ends_at: datetime
    zone: str  # IANA name in which it was written, UTC where there is none
    is_floating: bool
    has_unknown_zone: bool
    is_whole_days: bool


def event_times(
    start: Property, end: Property | None, duration: Property | None, *, zones: Zones, fallback: str
) -> EventTimes | None:
    """None where nothing says when it ends. `fallback`: the zone of times that name none, if the calendar names one."""
    first = _instant(start, zones, fallback)
    if end is not None:
        last = _instant(end, zones, fallback)
    elif duration is not None:
        last = replace(first, at=_after(first.at, duration))
    elif first.is_date:
        last = replace(first, at=first.at + DAY)
    else:
        return None
    return EventTimes(
        starts_at=first.at,
        ends_at=last.at,
        zone=first.zone,
        is_floating=first.is_floating or last.is_floating,
        has_unknown_zone=first.has_unknown_zone or last.has_unknown_zone,
        is_whole_days=first.is_date or last.is_date,
    )


def read_stamp(prop: Property, zones: Zones) -> datetime | None:
    """A DTSTAMP only orders versions: one that cannot be read is as good as none."""
    try:
        return _instant(prop, zones, "").at
    except BadTime:
        return None


def _instant(prop: Property, zones: Zones, fallback: str) -> _Instant:
    match = _TIME.match(prop.value.strip()[:40])
    if not match or int(match[1]) not in YEARS:
        raise BadTime(prop)
    clock = [int(part or 0) for part in match.group(4, 5, 6)]
    try:
        # A leap second is written as 60; no clock of ours shows one.
        wall = datetime(int(match[1]), int(match[2]), int(match[3]), clock[0], clock[1], min(clock[2], 59))  # noqa: DTZ001
        if match[7]:
            return _Instant(at=(wall - _offset(match[7])).replace(tzinfo=UTC))
        return _at_wall(wall, prop, zones, fallback, is_date=match[4] is None)
    except (ValueError, OverflowError):
        raise BadTime(prop) from None


def _at_wall(wall: datetime, prop: Property, zones: Zones, fallback: str, *, is_date: bool) -> _Instant:
    named = prop.params.get("TZID", "") or fallback
    zone = zones.find(named) if named else None
    known = zone or Zone(name="UTC")
    return _Instant(
        at=known.instant(wall),
        zone=known.name,
        is_floating=not named and not is_date,
        has_unknown_zone=bool(named) and zone is None,
        is_date=is_date,
    )


def _offset(text: str) -> timedelta:
    if text in "Zz":
        return timedelta(0)
    size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -size if text[0] == "-" else size


def _after(start: datetime, duration: Property) -> datetime:
    match = _DURATION.match(duration.value.strip()[:60])
    if not match:
        raise BadTime(duration)
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    try:
        end = start + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise BadTime(duration) from None
    if end.year not in YEARS:
        raise BadTime(duration)
    return end
