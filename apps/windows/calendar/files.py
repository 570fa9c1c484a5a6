"""What stands around the entries of a calendar file."""

from collections.abc import Iterable

from icalendar import Calendar


def new_calendar() -> Calendar:
    # No METHOD: as one, some calendars take a feed for an invitation and others refuse it.
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Preavis//Maintenance windows//EN")
    calendar.add("calscale", "GREGORIAN")
    return calendar


def wrap(entries: Iterable[bytes], *, head: Calendar | None = None) -> bytes:
    frame: bytes = (head or new_calendar()).to_ical(sorted=False)
    return frame.removesuffix(b"END:VCALENDAR\r\n") + b"".join(entries) + b"END:VCALENDAR\r\n"
