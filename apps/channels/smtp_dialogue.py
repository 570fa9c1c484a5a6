"""An SMTP connection that is spoken to without waiting, so that one thread serves several.

What RFC 2920 (3.1) allows is used to the full: the envelope of the next letter leaves in one write with the text of the
one before, so that a letter costs one exchange. Only for servers that offer PIPELINING.
"""

import smtplib
import socket
import ssl
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from .contract import Answer
from .messages import Phase, TransportError
from .smtp_client import CLOSING, Letter, PhasedSMTP, Reply, asks_for_text, check, dotted, is_, steps_of
from .smtp_errors import PhasedSMTPError, Step, lost, refusal, reply_text
from .smtp_replies import Replies

_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_NEVER = float("inf")
# Of TLS. What OpenSSL keeps of a record that was read in part, no selector sees.
LONGEST_RECORD_BYTES = 16 * 1024


class Aside(Enum):
    """What is written to clear up after an envelope that was refused."""

    NOTHING = auto()  # an empty message, for a server that asks for one all the same (RFC 2920, 3.1)
    RESET = auto()


@dataclass(kw_only=True, slots=True)
class Packed:
    """A letter as it goes over one connection: its commands, the steps that they are, and its text with the final dot."""

    envelope: bytes
    steps: Sequence[Step]
    text: bytes


class SmtpDialogue:
    """See Dialogue in contract.py."""

    def __init__(self, connection: PhasedSMTP) -> None:
        assert connection.sock is not None, "a dialogue goes on over an open connection"
        self._connection, self._patience = connection, connection.patience
        self._socket: socket.socket = connection.sock
        self._socket.setblocking(False)
        self._is_sealed = isinstance(self._socket, ssl.SSLSocket)
        self._replies = Replies()
        self._unsent = memoryview(b"")
        self._behind_dot = 0  # bytes of the last write
        self._expected: deque[Step | Aside] = deque()  # what the next replies are to
        self._heard: list[Reply] = []  # of the envelope that is out
        self._offered: Packed | None = None
        self._has_sent = False  # a text, to which there is no answer yet
        self.is_taken = False
        self.loss: TransportError | None = None
        self.deadline = _NEVER

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def wants_to_write(self) -> bool:
        return bool(self._unsent)

    @property
    def is_expecting(self) -> bool:
        return bool(self._expected)

    @property
    def is_idle(self) -> bool:
        return not (self.loss or self._unsent or self._expected or self._offered) and self._replies.is_empty

    def pack(self, letter: Letter) -> Packed:
        letter = self._connection.as_taken(letter)
        return Packed(
            envelope="".join(self._connection.commands(letter)).encode(self._connection.command_encoding),
            steps=steps_of(letter),
            text=dotted(letter),
        )

    def offer(self, packed: Packed) -> None:
        self._expect(packed)
        self._write(packed.envelope)

    def hand_over(self, following: Packed | None) -> None:
        assert self._offered is not None, "a text follows its envelope"
        text, envelope = self._offered.text, following.envelope if following else b""
        self._offered, self.is_taken, self._has_sent = None, False, True
        self._expected.append(Step.DOT)
        if following:
            self._expect(following)
        self._write(text + envelope, behind_dot=len(envelope))

    def go_on(self) -> list[Answer]:
        answers: list[Answer] = []
        if self.loss:
            return answers
        try:
            self._flush()
            self._read()
            for answer in self._answers():
                answers.append(answer)  # one by one: those before a loss are answers all the same
        except PhasedSMTPError as error:
            self.loss = error.with_traceback(None)  # in which this very dialogue stands
        except OSError as reason:
            self._lose(reason)
        return answers

    def check_patience(self) -> None:
        if time.monotonic() > self.deadline:
            self._lose(TimeoutError("Timed out."))

    def break_off(self) -> None:
        self._connection.close()

    def _lose(self, reason: OSError) -> None:
        is_whole = self._has_sent and len(self._unsent) <= self._behind_dot
        self.loss = lost(reason, phase=Phase.AFTER if is_whole else Phase.BEFORE)

    # --- writing

    def _expect(self, packed: Packed) -> None:
        self._offered, self._heard = packed, []
        self._expected += packed.steps

    def _write(self, data: bytes, *, behind_dot: int = 0) -> None:
        self._unsent, self._behind_dot = memoryview(bytes(self._unsent) + data if self._unsent else data), behind_dot
        self.deadline = time.monotonic() + self._patience.message
        try:
            self._flush()
        except OSError as reason:
            self._lose(reason)

    def _flush(self) -> None:
        if not self._unsent:
            return
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._portion()) :]
        except _NOT_YET:
            return
        self._wait_for_reply()

    def _portion(self) -> memoryview:
        """What is sent at once. TLS says “all” or “not yet”, so that a text whose dot is on its way must not wait for more."""
        if self._is_sealed and len(self._unsent) > self._behind_dot:
            return self._unsent[: len(self._unsent) - self._behind_dot]
        return self._unsent

    def _wait_for_reply(self) -> None:
        """A deadline for the next reply; none while there is none to come."""
        patience = self._patience.answer if self._has_sent else self._patience.command
        self.deadline = time.monotonic() + patience if self._expected else _NEVER

    # --- reading

    def _read(self) -> None:
        try:
            chunk = self._socket.recv(LONGEST_RECORD_BYTES)
        except _NOT_YET:
            return
        if not chunk:
            raise smtplib.SMTPServerDisconnected("Connection closed.")
        self._replies.feed(chunk)

    def _answers(self) -> Iterator[Answer]:
        while self._expected and (reply := self._replies.next()):
            step, code = self._expected.popleft(), reply[0]
            if step is Step.DOT:
                yield self._answer_to_text(code, reply_text(reply[1]))
            elif isinstance(step, Step) and code != CLOSING:
                self._heard.append((step, reply))
                if step is Step.DATA:
                    yield from self._judged()
            elif step is Aside.RESET and not is_(2, code):
                raise smtplib.SMTPServerDisconnected("The server does not start afresh.")
            else:
                self._wait_for_reply()
            if code == CLOSING:
                raise refusal(step if isinstance(step, Step) else Step.MAIL, code, reply_text(reply[1]))

    def _answer_to_text(self, code: int, text: str) -> Answer:
        self._has_sent = False
        self._wait_for_reply()
        return Answer(is_of_text=True, reply=text, error=None if is_(2, code) else refusal(Step.DOT, code, text))

    def _judged(self) -> Sequence[Answer]:
        """The envelope's replies are all there: its text is waited for, or the next one starts afresh."""
        try:
            check(self._heard)
        except PhasedSMTPError as error:
            self._offered = None
            self._clear_up(asks_for_text=asks_for_text(self._heard))
            return [Answer(is_of_text=False, error=error)]
        self.is_taken = True
        self.deadline = _NEVER  # it is our turn
        return []

    def _clear_up(self, *, asks_for_text: bool) -> None:
        self._expected += [Aside.NOTHING, Aside.RESET] if asks_for_text else [Aside.RESET]
        self._write(b".\r\nRSET\r\n" if asks_for_text else b"RSET\r\n")
