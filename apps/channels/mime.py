"""From a message to the bytes of an e-mail. Django's classes write it; what they write alike for many is cut and joined.

Django takes some 400 µs for a message of two parts. A message that brings its texts as `Wire` costs a join: the frame
around them is one that Django wrote, and so is each header, or has the form of one that Django wrote for a value of the
same length. Both ways give the same bytes (tests/channels/test_mime.py), but for the boundary, which is random in both.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import RFC5322_EMAIL_LINE_LENGTH_LIMIT, SafeMIMEText

from apps.common.text import clean_text, one_line

from .calendar_parts import CalendarPlace, attach_calendar, attach_maintnote
from .merging import Tagged
from .messages import CalendarPart, Message, Wire

_TEXT, _HTML, _CALENDAR = "the text stands here", "the html stands here", "the calendar stands here"
_MAINTNOTE = "the maintnote stands here"
_METHOD = b"THEIRS"
_ENCODING = b"Content-Transfer-Encoding: 7bit"
_FIRST_HEADER, _END_OF_HEADERS = b"Subject: ", b"\r\n\r\n"
# Written into a header as it is, and broken nowhere: printable, without what Python's folding may break at.
_UNBROKEN = bytes(set(range(ord("!"), ord("~") + 1)) - {*b",;"})
_OWN = frozenset(("Message-ID", "In-Reply-To", "References", "List-Unsubscribe"))  # headers that say something else to each


def django_email(
    message: Message, *, sender: str, reply_to: str, place: CalendarPlace = CalendarPlace.ALTERNATIVE
) -> EmailMultiAlternatives:
    text, html = (
        (_unwired(bytes(message.wire.text)), _unwired(bytes(message.wire.html))) if message.wire else (message.text, message.html)
    )
    email = EmailMultiAlternatives(
        subject=one_line(message.subject),
        body=clean_text(text),
        from_email=sender,
        to=[message.address],
        reply_to=[reply_to] if reply_to else None,
        headers={name: one_line(value) for name, value in message.headers.items()},
    )
    if html:
        email.attach_alternative(clean_text(html), "text/html")
    if message.calendar:
        attach_calendar(email, message.calendar, place)
    if message.maintnote:
        attach_maintnote(email, message.maintnote, place)
    return email


def merged_email(messages: Sequence[Message], tagged: Tagged, *, sender: str, reply_to: str) -> Any:
    """One e-mail of django-anymail's to many recipients, each with values and headers of their own."""
    first = messages[0]
    headers = {name: one_line(value) for name, value in first.headers.items() if _is_everybody_s(name, value, messages)}
    email: Any = EmailMultiAlternatives(
        subject=tagged.subject,
        body=tagged.text,
        from_email=sender,
        to=[message.address for message in messages],
        reply_to=[reply_to] if reply_to else None,
        headers=headers,
    )
    email.attach_alternative(tagged.html, "text/html")
    if first.maintnote:
        attach_maintnote(email, first.maintnote, CalendarPlace.FILE)
    email.merge_data = {message.address: dict(message.merge.values) for message in messages if message.merge}
    email.merge_headers = {
        message.address: {name: one_line(value) for name, value in message.headers.items() if name not in headers}
        for message in messages
    }
    return email


def _is_everybody_s(name: str, value: str, messages: Sequence[Message]) -> bool:
    return all(message.headers.get(name) == value for message in messages)


def mail_bytes(message: Message, frame: "Frame") -> tuple[bytes, bool]:
    """The whole MIME message with CRLF line ends, and whether it is known that no line of it begins with a dot."""
    wire = message.wire
    if wire is None or not _is_joined(wire):
        email = django_email(message, sender=frame.sender, reply_to=frame.reply_to)
        return bytes(email.message().as_bytes(linesep="\r\n")), False  # type: ignore[call-arg]
    return (frame.with_maintnote if message.maintnote else frame).around(message, wire), wire.has_no_dots


def _is_joined(wire: Wire) -> bool:
    """Whether its message is joined from it as it is, rather than written and encoded by Django."""
    return wire.longest_line <= RFC5322_EMAIL_LINE_LENGTH_LIMIT and bool(wire.text) and bool(wire.html)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What stands around the texts of the messages of one sender: pieces with headers and texts between them, and more
    before a calendar and around a maintnote file, where there is one."""

    sender: str
    reply_to: str
    pieces: Sequence[bytes]
    before_calendar: Sequence[bytes]
    around_maintnote: Sequence[bytes] = ()

    @classmethod
    def of(cls, *, sender: str, reply_to: str, has_maintnote: bool = False) -> Self:
        """Cut out of a message that Django wrote; its random boundary serves all that are made with this frame."""
        headers = {"Message-ID": "<specimen>", "Date": "now"}
        calendar = CalendarPart(method=_METHOD.decode(), body=_CALENDAR.encode())
        specimen = Message(
            key="",
            address="to@example.org",
            subject="x",
            text=_TEXT,
            html=_HTML,
            headers=headers,
            calendar=calendar,
            maintnote=_MAINTNOTE.encode() if has_maintnote else b"",
        )
        email = django_email(specimen, sender=sender, reply_to=reply_to)
        written: bytes = email.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
        head, rest = written.split(_FIRST_HEADER, 1)
        body = rest[rest.index(_END_OF_HEADERS) + 2 :]
        before_text, between, before_calendar, end = re.split(f"{_TEXT}|{_HTML}|{_CALENDAR}".encode(), body)
        end, *around_maintnote = re.split(b"%s|%s" % (_ENCODING, _MAINTNOTE.encode()), end)
        return cls(
            sender=sender,
            reply_to=reply_to,
            pieces=(head, *before_text.split(_ENCODING), *between.split(_ENCODING), end),
            before_calendar=before_calendar.split(_ENCODING),
            around_maintnote=around_maintnote,
        )

    @cached_property
    def with_maintnote(self) -> Self:
        return self.of(sender=self.sender, reply_to=self.reply_to, has_maintnote=True)

    def around(self, message: Message, wire: Wire) -> bytes:
        """In Django's order. Each part says of itself whether it is all ASCII."""
        head, before_text_encoding, after_it, before_html_encoding, after_that, end = self.pieces
        headers = [header("Subject", message.subject), _shared("From", self.sender), header("To", message.address)]
        if self.reply_to:
            headers.append(_shared("Reply-To", self.reply_to))
        headers += [(header if name in _OWN else _shared)(name, value) for name, value in message.headers.items()]
        return b"".join(
            (
                head,
                *headers,
                before_text_encoding,
                _encoding(is_ascii=wire.text.is_ascii),
                after_it,
                *wire.text.pieces,
                before_html_encoding,
                _encoding(is_ascii=wire.html.is_ascii),
                after_that,
                *wire.html.pieces,
                end if message.calendar is None else self._with(message.calendar, end),
                *(self._file(message.maintnote) if message.maintnote else ()),
            )
        )

    def _with(self, calendar: CalendarPart, end: bytes) -> bytes:
        before_encoding, after_it = self.before_calendar
        named = before_encoding.replace(_METHOD, calendar.method.encode())
        return b"".join((named, _encoding(is_ascii=calendar.body.isascii()), after_it, calendar.body, end))

    def _file(self, content: bytes) -> Sequence[bytes]:
        after_encoding, end = self.around_maintnote
        return _encoding(is_ascii=content.isascii()), after_encoding, content, end


def header(name: str, value: str) -> bytes:
    """The header's line or lines as Django writes them, line end included."""
    if value.isascii() and name != "Subject":
        written = value.encode()
        if written and not written.translate(None, _UNBROKEN):
            before, after = _around_atom(name, len(written))
            return before + written + after
    return _written(name, one_line(value))


_shared = lru_cache(maxsize=256)(header)  # for those that are on many messages


@lru_cache(maxsize=4096)
def _around_atom(name: str, length: int) -> tuple[bytes, bytes]:
    """What Django writes before and after a value of so many letters without a place to break."""
    atom = "a" * length
    before, after = _written(name, atom).rsplit(atom.encode(), 1)
    return before, after


@lru_cache(maxsize=1024)
def _written(name: str, value: str) -> bytes:
    carrier = SafeMIMEText("", "plain", "utf-8")
    carrier[name] = value
    return carrier.policy.fold_binary(name, carrier[name]).replace(b"\n", b"\r\n")


def _encoding(*, is_ascii: bool) -> bytes:
    return _ENCODING if is_ascii else b"Content-Transfer-Encoding: 8bit"


def _unwired(body: bytes) -> str:
    return body.decode().replace("\r\n", "\n")
