"""Bytes of a provider → what it says about its maintenance, event by event. Pure: no database, no clock.

Forgiving where providers are known to deviate (docs/upstream.md lists it): what was assumed is a remark on the notice. What
cannot be understood at all is a fault that names the event, the property and the line, and leaves the other events alone.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from apps.common.text import clean_text, one_line

from .lines import Component, Property, read_components
from .times import BadTime, EventTimes, event_times, read_stamp
from .words import IMPACTS, STATUSES, UNCHANGED, ProviderStatus, word, worst
from .zones import Zones

LARGEST_FILE = 10 * 2**20
LONGEST_RAW = 100_000  # of one event; what a person would still look at
LONGEST_DESCRIPTION = 20_000
LONGEST_PROVIDER = 120
MOST_OBJECTS = 500
MARK = "X-MAINTNOTE-"


class FaultCode(StrEnum):
    """Why an event, or the whole file, cannot be understood."""

    TOO_LARGE = "too_large"
    NO_CALENDAR = "no_calendar"
    NO_CALENDAR_INSIDE = "no_calendar_inside"
    NO_PROVIDER = "no_provider"
    NO_UID = "no_uid"
    NO_START = "no_start"
    NO_END = "no_end"
    BAD_TIME = "bad_time"
    ENDS_BEFORE_START = "ends_before_start"


class Remark(StrEnum):
    """What was assumed about an event, for a planner to check."""

    FLOATING = "floating"  # a time without a zone: read as UTC
    UNKNOWN_ZONE = "unknown_zone"  # read as UTC
    WHOLE_DAYS = "whole_days"
    REPEATS = "repeats"  # only the first time is taken
    PROVIDER_GUESSED = "provider_guessed"  # from the organiser's address
    UID_GUESSED = "uid_guessed"  # from the maintenance id
    UNKNOWN_STATUS = "unknown_status"
    UNKNOWN_IMPACT = "unknown_impact"  # the worst is assumed
    NO_OBJECTS = "no_objects"


@dataclass(frozen=True, kw_only=True)
class Fault:
    code: FaultCode
    line: int
    name: str = ""  # of the property
    value: str = ""
    event: str = ""  # its UID or summary, as far as it has one


@dataclass(frozen=True, kw_only=True)
class AffectedObject:
    id: str
    impact: str


@dataclass(frozen=True, kw_only=True)
class ReadNotice:
    """One event that says what the standard asks for. `sequence`, `stamp`, `status`: None where the provider leaves them out."""

    provider: str
    uid: str
    sequence: int | None
    stamp: datetime | None
    status: ProviderStatus | None
    account: str
    maintenance_id: str
    objects: tuple[AffectedObject, ...]
    impact: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    summary: str
    description: str
    organizer: str
    remarks: tuple[Remark, ...]
    raw: str
    line: int

    @property
    def key(self) -> tuple[str, str]:
        """What stays the same through all updates of a maintenance."""
        return self.provider.casefold()[:LONGEST_PROVIDER], self.uid


@dataclass(frozen=True, kw_only=True)
class Reading:
    notices: tuple[ReadNotice, ...] = ()
    faults: tuple[Fault, ...] = ()
    others: int = 0  # ordinary events, which nobody asked about


class _Unreadable(Exception):
    def __init__(self, code: FaultCode, prop: Property | None = None) -> None:
        super().__init__(code)
        self.code, self.prop = code, prop


def read_notices(content: bytes) -> Reading:
    """Never raises for what is in the file."""
    if len(content) > LARGEST_FILE:
        return Reading(faults=(Fault(code=FaultCode.TOO_LARGE, line=1),))
    root = read_components(content)
    events = [part for part in root.parts if part.name == "VEVENT"]
    if not events and not root.parts and not root.properties:
        return Reading(faults=(Fault(code=FaultCode.NO_CALENDAR, line=1),))
    zones = Zones(part for part in root.parts if part.name == "VTIMEZONE")
    marked = [event for event in events if any(prop.name.startswith(MARK) for prop in event.properties)]
    notices, faults = [], []
    for event in marked:
        try:
            notices.append(_Event(event, root, zones).read())
        except _Unreadable as error:
            faults.append(_fault(event, error))
    return Reading(notices=tuple(notices), faults=tuple(faults), others=len(events) - len(marked))


def _fault(event: Component, error: _Unreadable) -> Fault:
    prop = error.prop
    known = event.first("UID") or event.first("SUMMARY")
    return Fault(
        code=error.code,
        line=prop.line if prop else event.line,
        name=prop.name if prop else "",
        value=one_line(prop.value[:80]) if prop else "",
        event=one_line(known.text[:80]) if known else "",
    )


class _Event:
    """One VEVENT on its way to a notice; `remarks` gathers what had to be assumed."""

    def __init__(self, event: Component, calendar: Component, zones: Zones) -> None:
        self.event, self.calendar, self.zones = event, calendar, zones
        self.remarks: list[Remark] = []

    def read(self) -> ReadNotice:
        status, objects, times = self.status(), self.objects(), self.times()
        return ReadNotice(
            provider=self.provider(),
            uid=self.uid(),
            sequence=self.sequence(),
            stamp=self.stamp(),
            status=status,
            account=self.text(MARK + "ACCOUNT", 250),
            maintenance_id=self.maintenance_id(),
            objects=objects,
            impact=self.impact(objects, status),
            starts_at=times.starts_at,
            ends_at=times.ends_at,
            time_zone=times.zone,
            summary=self.text("SUMMARY", 250),
            description=self.description(),
            organizer=self.organizer(),
            remarks=tuple(dict.fromkeys(self.remarks)),
            raw=clean_text("\n".join(self.event.raw))[:LONGEST_RAW],
            line=self.event.line,
        )

    def text(self, name: str, longest: int) -> str:
        prop = self.event.first(name)
        return one_line(prop.text[: 4 * longest])[:longest].strip() if prop else ""

    def provider(self) -> str:
        if provider := self.text(MARK + "PROVIDER", LONGEST_PROVIDER):
            return provider
        domain = self.organizer().rpartition("@")[2]
        if not domain:
            raise _Unreadable(FaultCode.NO_PROVIDER)
        self.remarks.append(Remark.PROVIDER_GUESSED)
        return domain[:LONGEST_PROVIDER]

    def organizer(self) -> str:
        prop = self.event.first("ORGANIZER")
        address = one_line(prop.value[:500]).strip('"') if prop else ""
        return address[7:] if address.lower().startswith("mailto:") else address

    def uid(self) -> str:
        uid = self.text("UID", 2000)
        if not uid:
            uid = self.maintenance_id()
            self.remarks.append(Remark.UID_GUESSED)
        if not uid:
            raise _Unreadable(FaultCode.NO_UID)
        # A longer one is legal (RFC 5545) but unwise (RFC 7986, 5.3); its beginning alone would mistake one for another.
        return uid if len(uid) <= 255 else f"{uid[:180]}-{hashlib.sha256(uid.encode()).hexdigest()}"

    def sequence(self) -> int | None:
        digits = self.text("SEQUENCE", 20)
        return min(int(digits), 2**31 - 1) if digits.isascii() and digits.isdigit() else None

    def stamp(self) -> datetime | None:
        prop = self.event.first("DTSTAMP") or self.event.first("LAST-MODIFIED")
        return read_stamp(prop, self.zones) if prop else None

    def maintenance_id(self) -> str:
        """The primary one where there are several."""
        ids = self.event.every(MARK + "MAINTENANCE-ID")[:MOST_OBJECTS]
        ids.sort(key=lambda prop: prop.params.get(MARK + "PRECEDENCE", "").upper() != "PRIMARY")
        return one_line(ids[0].text[:1000])[:250] if ids else ""

    def status(self) -> ProviderStatus | None:
        """The standard's word, else the calendar's own; a calendar that cancels needs neither."""
        given = word(self.text(MARK + "STATUS", 40))
        if given and given != UNCHANGED:
            if given in STATUSES:
                return STATUSES[given]
            self.remarks.append(Remark.UNKNOWN_STATUS)
        method = self.calendar.first("METHOD")
        if method and word(method.text[:40]) == "CANCEL":
            return ProviderStatus.CANCELLED
        return None if given == UNCHANGED else STATUSES.get(word(self.text("STATUS", 40)))

    def objects(self) -> tuple[AffectedObject, ...]:
        rows = self.event.every(MARK + "OBJECT-ID") or self.event.every(MARK + "OBJECT")
        found = {
            name: IMPACTS.get(word(prop.params.get(MARK + "OBJECT-IMPACT", "")), "")
            for prop in rows[:MOST_OBJECTS]
            if (name := one_line(prop.text[:1000])[:250].strip())
        }
        return tuple(AffectedObject(id=name, impact=impact) for name, impact in found.items())

    def impact(self, objects: tuple[AffectedObject, ...], status: ProviderStatus | None) -> str:
        is_over = status in (ProviderStatus.CANCELLED, ProviderStatus.COMPLETED)
        if not objects and not is_over:
            self.remarks.append(Remark.NO_OBJECTS)
        given = IMPACTS.get(word(self.text(MARK + "IMPACT", 40)), "")
        of_objects = [each.impact for each in objects if each.impact]
        if given or of_objects:
            return given or worst(of_objects)
        if not is_over:
            self.remarks.append(Remark.UNKNOWN_IMPACT)
        return "outage"

    def description(self) -> str:
        prop = self.event.first("DESCRIPTION")
        return clean_text(prop.text[:LONGEST_DESCRIPTION]).strip() if prop else ""

    def times(self) -> EventTimes:
        start, end = self.event.first("DTSTART"), self.event.first("DTEND")
        duration, fallback = self.event.first("DURATION"), self.calendar.first("X-WR-TIMEZONE")
        if start is None:
            raise _Unreadable(FaultCode.NO_START)
        try:
            times = event_times(start, end, duration, zones=self.zones, fallback=fallback.text if fallback else "")
        except BadTime as error:
            raise _Unreadable(FaultCode.BAD_TIME, error.prop) from None
        if times is None:
            raise _Unreadable(FaultCode.NO_END)
        if times.ends_at <= times.starts_at:
            raise _Unreadable(FaultCode.ENDS_BEFORE_START, end or duration or start)
        self.remarks += self.time_remarks(times)
        return times

    def time_remarks(self, times: EventTimes) -> Iterator[Remark]:
        found: Mapping[Remark, bool] = {
            Remark.FLOATING: times.is_floating,
            Remark.UNKNOWN_ZONE: times.has_unknown_zone,
            Remark.WHOLE_DAYS: times.is_whole_days,
            Remark.REPEATS: self.event.first("RRULE") is not None or self.event.first("RDATE") is not None,
        }
        return (remark for remark, holds in found.items() if holds)
