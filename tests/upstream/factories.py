"""Calendars as providers write them; give only what the test is about."""

from collections.abc import Iterable
from typing import Any

from apps.upstream import services
from apps.upstream.models import NoticeSource, UpstreamNotice
from apps.upstream.reading import read_notices
from tests.factories import NOW

LINES = {
    "UID": "42@carrier.example",
    "SEQUENCE": "1",
    "DTSTAMP": "20260302T080000Z",
    "DTSTART": "20260401T000000Z",
    "DTEND": "20260401T040000Z",
    "SUMMARY": "Fibre works in Lyon",
    "ORGANIZER;CN=NOC": "mailto:noc@carrier.example",
    "X-MAINTNOTE-PROVIDER": "carrier.example",
    "X-MAINTNOTE-ACCOUNT": "137",
    "X-MAINTNOTE-MAINTENANCE-ID": "WO-1",
    "X-MAINTNOTE-OBJECT-ID": "circuit-7",
    "X-MAINTNOTE-IMPACT": "OUTAGE",
    "X-MAINTNOTE-STATUS": "CONFIRMED",
}


def event(**changes: Any) -> str:
    """One VEVENT; names are written with _ for -, None leaves a property out, a list repeats it."""
    lines = dict(LINES)
    for name, value in changes.items():
        lines[name.replace("_", "-")] = value
    body = [
        f"{name}:{value}"
        for name, values in lines.items()
        if values is not None
        for value in (values if isinstance(values, list) else [values])
    ]
    return "\r\n".join(["BEGIN:VEVENT", *body, "END:VEVENT"]) + "\r\n"


def calendar(*events: str, head: Iterable[str] = ()) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Carrier//EN", *head]
    return ("\r\n".join(lines) + "\r\n" + "".join(events) + "END:VCALENDAR\r\n").encode()


def read_one(**changes: Any) -> Any:
    """The one notice of an event; fails where there is a fault."""
    reading = read_notices(calendar(event(**changes)))
    assert reading.faults == ()
    return reading.notices[0]


def receive(*events: str, **fields: Any) -> UpstreamNotice:
    """Takes the events in as by mail; returns the first one's row."""
    reading = read_notices(calendar(*(events or (event(),))))
    services.receive(reading.notices, **({"source": NoticeSource.MAIL, "now": NOW} | fields))
    key, uid = reading.notices[0].key
    return UpstreamNotice.objects.select_related("window").get(provider_key=key, uid=uid)
