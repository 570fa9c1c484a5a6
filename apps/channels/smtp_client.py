"""SMTP with a phase: smtplib's commands, over a socket whose every wait ends, and a hand-over that knows how far it came.

smtplib raises the same disconnect before and after the final dot and counts its time-out per read, so that a server
dripping one byte at a time holds a “5 s” call for as long as it likes. Here each wait has one deadline.
"""

import email
import email.policy
import smtplib
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from operator import itemgetter, methodcaller
from typing import Any

from .addresses import is_public, not_public
from .contract import Gate, always_open
from .messages import Phase
from .smtp_errors import PhasedSMTPError, Step, lost, refusal, reply_text
from .smtp_replies import Replies

QUIT_SECONDS = 2  # a courtesy; nothing depends on the answer
CLOSING = 421
SLICE_SECONDS = 1.0  # of a wait, after which the deadline is looked at again

_SEVEN_BIT = email.policy.compat32.clone(cte_type="7bit", linesep="\r\n")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds to wait. Be patient only after the dot: clients that give up sooner cause doubles (RFC 1047)."""

    connect: float = 10
    command: float = 30
    message: float = 60  # for all that comes before the dot, together
    answer: float = 300  # after the dot; RFC 5321 asks for 600, the task's time limit allows this


@dataclass(kw_only=True, slots=True)
class Letter:
    """One message as SMTP sees it. Addresses are bare; `content` is the whole MIME message, with CRLF line ends only.

    `has_no_dots`: no line of it begins with one, which is known before it is joined and need not be looked for.
    """

    sender: str
    recipients: Sequence[str]
    content: bytes
    has_no_dots: bool = False


Reply = tuple[Step, tuple[int, bytes]]  # what was answered to a command of that step: code and text
_WANTED = {Step.MAIL: 2, Step.RCPT: 2, Step.DATA: 3}


class PhasedSMTP(smtplib.SMTP):
    """One connection. `hand_over` raises PhasedSMTPError only; connecting raises smtplib's errors and OSError."""

    def __init__(self, *args: Any, patience: Patience, public_only: bool, **kwargs: Any) -> None:
        """`public_only`: refuses to connect to addresses that are not on the open Internet."""
        self.patience = patience
        self.public_only = public_only
        self._replies = Replies()
        self._deadline = self._message_deadline = float("inf")
        super().__init__(*args, **kwargs)

    def hand_over(self, letter: Letter, gate: Gate = always_open) -> str:
        """Sends one message and returns the server's last reply.

        `gate` is passed once the envelope stands, right before the message itself is written. What it raises comes
        through: nothing was handed over then, and the connection is closed, since SMTP knows no other way back.
        """
        phase = Phase.BEFORE
        self._message_deadline = time.monotonic() + self.patience.message
        try:
            letter = self.as_taken(letter)
            self._envelope(letter)
            gate()
            self._allow(self.patience.message)
            # A write that raises has left its last bytes, the dot among them, unwritten: the message is not complete.
            self.send(dotted(letter))
            phase = Phase.AFTER
            self._message_deadline = float("inf")
            self._allow(self.patience.answer)
            code, text = self.getreply()
        except PhasedSMTPError as error:
            self._recover(error)
            raise
        except OSError as reason:
            self.close()
            raise lost(reason, phase=phase) from reason
        except BaseException:  # a bug, or the end of the task: nobody may go on in the middle of a conversation
            self.close()
            raise
        finally:
            self._message_deadline = float("inf")
        if not is_(2, code):
            raise self._refused(Step.DOT, code, text)
        return reply_text(text)

    def as_taken(self, letter: Letter) -> Letter:
        """The letter as this server takes it. RFC 6152: eight-bit text only to servers that take it; for others the standard library encodes it anew."""
        if letter.content.isascii() or self.has_extn("8bitmime"):
            return letter
        return replace(letter, content=email.message_from_bytes(letter.content).as_bytes(policy=_SEVEN_BIT), has_no_dots=False)

    def _envelope(self, letter: Letter) -> None:
        """MAIL, RCPT and DATA, written at once where the server offers that (RFC 2920) and one after the other elsewhere.

        As in Django, one accepted recipient of several is enough.
        """
        commands, steps = self.commands(letter), steps_of(letter)
        if not self.has_extn("pipelining"):
            for _step, group in groupby(zip(steps, commands, strict=True), key=itemgetter(0)):
                check([(step, self._ask(step, command)) for step, command in group])
            return
        self._allow(self.patience.command)
        self.send("".join(commands))
        replies = [(step, self._reply_to(step)) for step in steps]
        try:
            check(replies)
        except PhasedSMTPError as error:
            if asks_for_text(replies):
                self._send_nothing(error)
            raise

    def commands(self, letter: Letter) -> Sequence[str]:
        """The letter's envelope, a command for each of its steps; raises PhasedSMTPError where this server cannot take it."""
        options = self._options(letter)
        self.command_encoding = "utf-8" if options.endswith("SMTPUTF8") else "ascii"
        recipients = [f"RCPT TO:{_path(recipient)}\r\n" for recipient in letter.recipients]
        return f"MAIL FROM:{_path(letter.sender)}{options}\r\n", *recipients, "DATA\r\n"

    def _options(self, letter: Letter) -> str:
        offered = self.esmtp_features  # names in small letters
        options = f" size={len(letter.content)}" if "size" in offered else ""
        if "8bitmime" in offered and not letter.content.isascii():
            options += " body=8bitmime"
        if not (letter.sender + "".join(letter.recipients)).isascii():
            if "smtputf8" not in offered:
                raise refusal(Step.RCPT, 550, "5.6.7 The server does not take addresses beyond ASCII (SMTPUTF8).")
            options += " SMTPUTF8"
        return options

    def _ask(self, step: Step, command: str) -> tuple[int, bytes]:
        self._allow(self.patience.command)
        self.send(command)
        return self._reply_to(step)

    def _reply_to(self, step: Step) -> tuple[int, bytes]:
        """The next reply; a server that says it is closing answers no further command of the same write."""
        self._allow(self.patience.command)
        code, text = self.getreply()
        if code == CLOSING:
            raise refusal(step, code, reply_text(text))
        return code, text

    def _send_nothing(self, error: PhasedSMTPError) -> None:
        """RFC 2920, 3.1: a server may ask for a message whose envelope it has refused; it gets an empty one."""
        try:
            self._ask(Step.DOT, ".\r\n")
        except OSError:
            error.connection_lost = True

    def _refused(self, step: Step, code: int, text: bytes) -> PhasedSMTPError:
        error = refusal(step, code, reply_text(text))
        self._recover(error)
        return error

    def _recover(self, error: PhasedSMTPError) -> None:
        """After a refusal the server starts the next message afresh, or the connection is of no more use."""
        if not error.connection_lost:
            try:
                error.connection_lost = not is_(2, self.rset()[0])
            except OSError:
                error.connection_lost = True
        if error.connection_lost:
            self.close()

    # What smtplib asks of the socket.

    def connect(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        self._replies = Replies()
        try:
            return super().connect(*args, **kwargs)
        except OSError:
            self.close()
            raise

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Tries each address in turn until one deadline, where smtplib grants each the whole time-out."""
        self._allow(self.patience.connect)
        reason: OSError = ConnectionError(f"No address found for {host}.")
        for family, kind, protocol, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            if self.public_only and not is_public(str(address[0])):
                raise ConnectionRefusedError(not_public(host))
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(self._remaining())
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._allow(self.patience.command)  # for the greeting, or the TLS handshake
                sock.settimeout(self.patience.command)
            except OSError as error:
                reason = error
                sock.close()
            else:
                return sock
        raise reason

    def putcmd(self, cmd: str, args: str = "") -> None:
        self._allow(self.patience.command)
        super().putcmd(cmd, args)

    def send(self, s: Any) -> None:
        unsent = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else s)
        while unsent:
            unsent = unsent[self._wait_for(methodcaller("send", unsent)) :]

    def getreply(self) -> tuple[int, bytes]:
        try:
            while (reply := self._replies.next()) is None:
                chunk = self._wait_for(methodcaller("recv", 8192))
                if not chunk:
                    raise smtplib.SMTPServerDisconnected("Connection closed.")
                self._replies.feed(chunk)
        except smtplib.SMTPServerDisconnected:
            self.close()
            raise
        return reply

    def docmd(self, cmd: str, args: str = "") -> tuple[int, bytes]:
        answer = super().docmd(cmd, args)
        if cmd == "STARTTLS" and self.sock is not None:  # the handshake is one wait, and not in slices
            self.sock.settimeout(self.patience.command)
        return answer

    def starttls(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        answer = super().starttls(*args, **kwargs)
        self._replies = Replies()  # what was said in the clear after the answer is nobody's reply
        return answer

    def quit(self) -> tuple[int, bytes]:
        self._message_deadline = time.monotonic() + QUIT_SECONDS
        return super().quit()

    def _allow(self, seconds: float) -> None:
        self._deadline = min(time.monotonic() + seconds, self._message_deadline)

    def _wait_for(self, act: Callable[[socket.socket], Any]) -> Any:
        """One act of the socket, until the deadline. Each new time-out costs a system call, so the deadline is watched in slices."""
        while True:
            if self.sock is None:
                raise smtplib.SMTPServerDisconnected("Not connected.")
            wait = min(self._remaining(), SLICE_SECONDS)
            if self.sock.gettimeout() != wait:
                self.sock.settimeout(wait)
            try:
                return act(self.sock)
            except TimeoutError:
                continue

    def _remaining(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("Timed out.")
        return remaining


class PhasedSMTPS(PhasedSMTP, smtplib.SMTP_SSL):
    """The same inside TLS from the first byte."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = super()._get_socket(host, port, timeout)
        try:
            return self.context.wrap_socket(sock, server_hostname=host)
        except OSError:
            sock.close()
            raise


def is_(first_digit: int, code: int) -> bool:
    return code // 100 == first_digit


def steps_of(letter: Letter) -> Sequence[Step]:
    """What its envelope consists of."""
    return _steps(len(letter.recipients))


@cache
def _steps(recipients: int) -> Sequence[Step]:
    return Step.MAIL, *[Step.RCPT] * recipients, Step.DATA


def check(replies: Sequence[Reply]) -> None:
    """Raises the first refusal, unless another command of the same step was taken."""
    refused = [(step, reply) for step, reply in replies if not is_(_WANTED[step], reply[0])]
    if refused:  # hardly ever
        taken = {step for step, reply in replies if is_(_WANTED[step], reply[0])}
        for step, (code, text) in refused:
            if step not in taken:
                raise refusal(step, code, reply_text(text))


def asks_for_text(replies: Sequence[Reply]) -> bool:
    """Whether the server waits for a text, whatever it said of the envelope."""
    step, (code, _text) = replies[-1]
    return step is Step.DATA and is_(_WANTED[step], code)


def _path(address: str) -> str:
    if "\r" in address or "\n" in address:
        raise ValueError("An address holds a line end.")
    return f"<{address}>"  # bare already; smtplib.quoteaddr would parse each one again


def dotted(letter: Letter) -> bytes:
    """Its content with leading dots doubled, and the dot. With CRLF alone no other line end can end the message for a lenient server."""
    stuffed = letter.content if letter.has_no_dots else letter.content.replace(b"\r\n.", b"\r\n..")
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")
