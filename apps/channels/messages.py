"""What passes between delivery and a transport: messages in, receipts out, errors that say what to do.

What is made anew for each message is not frozen: to guard a dozen fields takes longer than to write them. Nobody changes one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Self

from apps.common.text import clean_text

from .merging import Merge


@dataclass(kw_only=True, slots=True)
class Octets:
    """A text in bytes, in pieces that most recipients share: it takes its own room only once it is joined."""

    pieces: Sequence[bytes] = field(repr=False)
    is_ascii: bool

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces)

    def __bool__(self) -> bool:
        return any(self.pieces)  # the first says so already


@dataclass(kw_only=True, slots=True)
class Wire:
    """The two texts of an e-mail as SMTP carries them: UTF-8, cleaned, with CRLF line ends.

    No line is longer than `longest_line` octets: an upper bound, so that it need not be counted for every recipient. Where
    `has_no_dots`, no line begins with a dot, which SMTP would want doubled; nobody has looked where it is not said.
    """

    text: Octets
    html: Octets
    longest_line: int
    has_no_dots: bool = False

    @classmethod
    def of(cls, *, text: str, html: str) -> Self:
        parts = [clean_text(part).replace("\n", "\r\n").encode() for part in (text, html)]
        octets = [Octets(pieces=(part,), is_ascii=part.isascii()) for part in parts]
        longest = max(len(line) for part in parts for line in part.split(b"\r\n"))
        return cls(text=octets[0], html=octets[1], longest_line=longest)


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarPart:
    """A calendar file for the recipient alone; `method` is the METHOD it has inside, `body` in UTF-8 with CRLF line ends."""

    method: str
    body: bytes = field(repr=False)


@dataclass(kw_only=True, slots=True)
class Message:
    """One message to one address, complete: a transport adds nothing that a reader would see.

    `key` names the message over all its attempts (idempotency key, webhook-id, local part of the Message-ID).
    `address` is an e-mail address, an E.164 number, or empty for broadcast channels, whose place is configured.
    `headers` are e-mail headers, Message-ID and Date among them. `data` is what a webhook carries beside the text; its
    `type` and `timestamp`, where given, become the call's own. `tags` group messages in a provider's statistics.
    `wire` or `merge`, where given, stands in place of `text` and `html`; only transports that say `takes_wire` or
    `takes_merge` get such messages. `calendar` goes into an e-mail beside the texts, where it is given. `maintnote` is a
    calendar file for machines, in UTF-8 with CRLF line ends, to be attached to an e-mail.
    """

    key: str
    address: str = field(repr=False)  # what concerns a person stays out of logs and tracebacks
    subject: str
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    from_address: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    data: Mapping[str, object] = field(default_factory=dict, repr=False)
    tags: tuple[str, ...] = ()
    wire: Wire | None = None
    merge: Merge | None = None
    calendar: CalendarPart | None = None
    maintnote: bytes = field(default=b"", repr=False)

    def filled(self) -> Self:
        """The same with its texts written out."""
        if self.merge is None:
            return self
        form, values = self.merge.form, self.merge.values
        return replace(self, text=form.text.filled(values), html=form.html.filled(values), merge=None)


class Phase(StrEnum):
    """How far a hand-over had come; it decides whether the message may have arrived (reference: RFC 1047, RFC 5321)."""

    BEFORE = "before"  # nothing was handed over: connect, sign in, envelope, or a clear refusal
    AFTER = "after"  # all was written and no answer was read: in doubt


class TransportError(Exception):
    """A message was not (knowingly) accepted. Anything else a transport raises is a bug and stays loud.

    `permanent`: another attempt with the same message is useless. `retry_after`: not before so long, when the provider
    said so. `code` is the provider's own (SMTP reply, HTTP status), `bad_address`: this address will never work.
    `channel_down`: the trouble is not this message's (no connection, no sign-in, no answer, told to slow down); no other
    would leave now either.
    """

    def __init__(
        self,
        text: str,
        *,
        permanent: bool,
        phase: Phase = Phase.BEFORE,
        retry_after: timedelta | None = None,
        code: str = "",
        bad_address: bool = False,
        channel_down: bool = False,
    ) -> None:
        super().__init__(text)
        self.text = text
        self.permanent = permanent
        self.phase = phase
        self.retry_after = retry_after
        self.code = code
        self.bad_address = bad_address
        self.channel_down = channel_down

    def for_the_rest(self) -> "TransportError":
        """What is said of the messages behind this one when the channel is down: they were not tried."""
        return TransportError(self.text, permanent=False, retry_after=self.retry_after, code=self.code, channel_down=True)


@dataclass(kw_only=True, slots=True)
class Receipt:
    """What the transport says of one message: accepted (`error` is None) or why not."""

    key: str
    provider_id: str = ""  # the provider's name for the message, where it gives one
    error: TransportError | None = None

    @property
    def accepted(self) -> bool:
        return self.error is None
