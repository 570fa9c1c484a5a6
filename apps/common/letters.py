"""An e-mail as it came in: its name, and the calendars in it. Pure, and never raises for what stands in the message."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from .text import one_line

MOST_PARTS = 200
CALENDAR_TYPES = ("text/calendar", "application/ics", "text/x-vcalendar")
_METHOD = re.compile(rb"^METHOD:[ \t]*([A-Za-z-]+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class LetterCalendar:
    content: bytes  # in UTF-8 where the part says what it is written in
    name: str = ""

    @property
    def method(self) -> str:
        """What iTIP calls the purpose of a calendar, in capitals: REPLY, REQUEST, …; empty where it has none."""
        found = _METHOD.search(self.content)
        return found[1].decode().upper() if found else ""

    @property
    def is_maintnote(self) -> bool:
        return b"X-MAINTNOTE-" in self.content.upper()


@dataclass(frozen=True, kw_only=True)
class Letter:
    key: str  # the Message-ID or, without one, a name made from the bytes
    subject: str
    sender: str
    calendars: tuple[LetterCalendar, ...]


def read_letter(content: bytes) -> Letter:
    message = message_from_bytes(content)
    found = {calendar.content: calendar for calendar in _calendars(message)}  # an invitation often comes twice
    return Letter(
        key=_key(message, content),
        subject=_header(message, "Subject"),
        sender=_header(message, "From"),
        calendars=tuple(found.values()),
    )


def looks_like_a_letter(content: bytes) -> bool:
    """Whether a file is a message rather than a calendar: headers come first."""
    head = content[:4096].lstrip(b"\xef\xbb\xbf\r\n ")
    return not head.upper().startswith(b"BEGIN:") and bool(re.match(rb"(?:From |[!-9;-~]+:[ \t])", head))


def _key(message: Message, content: bytes) -> str:
    name = _header(message, "Message-ID")
    return name if 0 < len(name) <= 200 else f"sha256:{hashlib.sha256(content).hexdigest()}"


def _header(message: Message, name: str) -> str:
    return one_line(str(message.get(name, ""))[:1000])


def _calendars(message: Message) -> Iterator[LetterCalendar]:
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        if part.is_multipart():
            continue
        name = _file_name(part)
        content = _content(part) if _may_be_calendar(part, name) else b""
        if b"BEGIN:" in content[:4096].upper() or (content and part.get_content_type() in CALENDAR_TYPES):
            yield LetterCalendar(content=content, name=name)


def _file_name(part: Message) -> str:
    try:
        return one_line(part.get_filename() or "")[:200]
    except (LookupError, ValueError):  # in an encoding that cannot be (RFC 2231)
        return ""


def _may_be_calendar(part: Message, name: str) -> bool:
    if part.get_content_type() in CALENDAR_TYPES or name.lower().endswith((".ics", ".ical", ".vcs")):
        return True
    return part.get_content_type() == "application/octet-stream"


def _content(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        charset = part.get_content_charset() or "utf-8"
        return content if charset in ("utf-8", "us-ascii") else content.decode(charset).encode()
    except (LookupError, ValueError):  # no such encoding, or not in it
        return content
