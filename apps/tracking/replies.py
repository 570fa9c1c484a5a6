"""Answers to calendar invitations (RFC 5546, METHOD:REPLY) as Outlook, Google and Apple write them. Asks no database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from icalendar import Calendar, Component, vCalAddress, vDDDTypes

from apps.common.text import clean_text, one_line
from apps.windows.calendar.addresses import plain_address

LARGEST = 1_000_000  # bytes; a reply has some two thousand
LONGEST_COMMENT = 500
# Their words for ours; the others (NEEDS-ACTION, DELEGATED) are no answer.
ANSWERS: Mapping[str, str] = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One attendee's answer. `sequence` and `stamped_at` are None where the calendar did not say."""

    uid: str
    attendee: str  # a plain address in small letters
    answer: str
    sequence: int | None
    stamped_at: datetime | None
    comment: str


def parse_replies(calendar: bytes) -> list[Reply]:
    """The answers in a calendar file; none where it is no reply, or cannot be read."""
    if len(calendar) > LARGEST:
        return []
    try:
        read = Calendar.from_ical(_text(calendar))
    except (ValueError, IndexError, KeyError, AttributeError):  # whatever the parser makes of what a stranger sent
        return []
    if str(read.get("METHOD", "")).strip().upper() != "REPLY":
        return []
    return [reply for event in read.walk("VEVENT") for reply in _replies(event)]


def _text(calendar: bytes) -> str:
    """UTF-8, as the standard asks; what is not is read as what old programs write instead."""
    try:
        return calendar.decode("utf-8-sig")
    except UnicodeDecodeError:
        return calendar.decode("cp1252", errors="replace")


def _replies(event: Component) -> Iterator[Reply]:
    for attendee in filter(lambda found: isinstance(found, vCalAddress), _all(event, "ATTENDEE")):
        answer = ANSWERS.get(str(attendee.params.get("PARTSTAT", "")).strip().upper())
        address = _address(attendee)
        if answer and address:
            yield Reply(
                uid=str(event.get("UID", "")).strip(),
                attendee=address,
                answer=answer,
                sequence=_sequence(event),
                stamped_at=_instant(event),
                comment="\n".join(clean_text(str(text)) for text in _all(event, "COMMENT")).strip()[:LONGEST_COMMENT],
            )


def _all(event: Component, name: str) -> list[Any]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def _address(attendee: vCalAddress) -> str:
    """Apple's servers may name a person by another address than mail, and then give the mailbox beside it."""
    return one_line(plain_address(str(attendee)) or plain_address(str(attendee.params.get("EMAIL", ""))))


def _sequence(event: Component) -> int | None:
    number = event.get("SEQUENCE")
    return max(0, number) if isinstance(number, int) else None


def _instant(event: Component) -> datetime | None:
    stamp = event.get("DTSTAMP")
    at = stamp.dt if isinstance(stamp, vDDDTypes) else None  # one that cannot be read is kept as text
    if isinstance(at, datetime):
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.combine(at, time(), UTC) if isinstance(at, date) else None
