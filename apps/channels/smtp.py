"""A Django e-mail backend that knows whether a broken hand-over may have arrived; decision 0004 says why it is ours."""

import re
import select
from email.utils import parseaddr
from functools import lru_cache, partial
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.utils.encoding import punycode

from .contract import Gate, always_open
from .smtp_client import Letter, Patience, PhasedSMTP, PhasedSMTPS
from .smtp_dialogue import SmtpDialogue
from .smtp_errors import PhasedSMTPError, no_connection

_LINE_END = re.compile(rb"\r\n|\r|\n")


class PhasedSMTPBackend(EmailBackend):
    """Django's SMTP backend, with the same settings, raising PhasedSMTPError.

    A connection lost before the final dot is opened anew and the message sent again, once; one lost after it is not.
    The server's last reply is kept as `smtp_reply` on the message.
    """

    connection: Any
    _partial_connection: Any
    patience = Patience()

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
        message_timeout: float | None = None,
        answer_timeout: float | None = None,
        public_only: bool = False,
        **kwargs: Any,
    ) -> None:
        """`timeout` (or EMAIL_TIMEOUT) is for one command; see Patience for all four."""
        self.public_only = public_only
        super().__init__(host, port, timeout=timeout, **kwargs)
        given = {"connect": connect_timeout, "command": self.timeout, "message": message_timeout, "answer": answer_timeout}
        self.patience = Patience(**vars(self.patience) | {name: value for name, value in given.items() if value is not None})

    @property
    def connection_class(self) -> Any:
        return partial(PhasedSMTPS if self.use_ssl else PhasedSMTP, patience=self.patience, public_only=self.public_only)

    def open(self) -> bool | None:
        try:
            is_new = super().open()
            if is_new:
                self.connection.ehlo_or_helo_if_needed()
            return is_new
        except (OSError, UnicodeError) as reason:
            self._forget()
            if self.fail_silently:
                return None
            raise no_connection(reason) from reason

    def _send(self, email_message: EmailMessage) -> bool:
        if not email_message.recipients():
            return False
        letter = letter_of(email_message)
        try:
            reply = self.hand_over(letter)
        except PhasedSMTPError:
            if not self.fail_silently:
                raise
            return False
        email_message.smtp_reply = reply  # type: ignore[attr-defined]
        return reply is not None

    def hand_over(self, letter: Letter, gate: Gate = always_open) -> str | None:
        """The server's last reply; None when there is no connection and the caller asked for silence.

        `gate` is passed right before the message itself is written, once more over a second connection; what it raises
        comes through, and nothing was handed over then.
        """
        try:
            return self._hand_over_once(letter, gate)
        except PhasedSMTPError as error:
            if not error.reconnect:
                raise
        return self._hand_over_once(letter, gate)

    @property
    def is_open(self) -> bool:
        """Whether the connection stands and the server has not said goodbye meanwhile."""
        if self.connection is None or self.connection.sock is None:
            return False
        poll = select.poll()
        poll.register(self.connection.sock, select.POLLIN)
        return not poll.poll(0)

    def dialogue(self) -> SmtpDialogue | None:
        """Opens a connection where there is none; None where the server does not offer what a dialogue takes."""
        if not self.is_open:
            self._forget()
        if self.connection is None and not self.open():
            return None
        return SmtpDialogue(self.connection) if self.connection.has_extn("pipelining") else None

    def _hand_over_once(self, letter: Letter, gate: Gate) -> str | None:
        if self.connection is not None and self.connection.sock is None:  # hung up by a dialogue
            self._forget()
        if self.connection is None and not self.open():
            return None
        try:
            return str(self.connection.hand_over(letter, gate))
        except PhasedSMTPError as error:
            if error.connection_lost:
                self._forget()
            raise

    def _close_connection(self, connection: PhasedSMTP) -> None:
        try:
            connection.quit()
        except OSError:
            connection.close()

    def _forget(self) -> None:
        for connection in (self.connection, self._partial_connection):
            if connection is not None:
                connection.close()
        self.connection = self._partial_connection = None


def letter_of(email_message: EmailMessage) -> Letter:
    content = email_message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
    return Letter(
        sender=bare_address(email_message.from_email),
        recipients=[bare_address(address) for address in email_message.recipients()],
        content=_LINE_END.sub(b"\r\n", content),  # a bare one could end the message for a lenient server
    )


@lru_cache(maxsize=1024)  # the sender comes with every message
def bare_address(address: str) -> str:
    """The address without its display name, its domain in ASCII; Django would encode a local part, which no server reads."""
    local, at, domain = parseaddr(address)[1].rpartition("@")
    if not at:
        raise ValueError(f"“{address}” is not an e-mail address.")
    return f"{local}@{punycode(domain)}"
