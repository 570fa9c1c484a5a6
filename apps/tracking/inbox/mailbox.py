"""A mailbox over IMAP: which messages are new, their bytes, and the mark that they were read. Knows nothing of what they say."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

TIMEOUT_SECONDS = 20
# Ours alone, so that a mailbox that people read keeps its own idea of what is new; where the server takes none, \Seen it is.
MARK = "PreavisRead"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]  # IMAP's, whatever the locale


class Security(StrEnum):
    TLS = "tls"  # from the first byte, usually port 993
    STARTTLS = "starttls"  # usually port 143
    NONE = "none"  # for a server on the same machine


class MailboxError(Exception):
    """The mailbox cannot be read now, in words for whoever runs it; it is tried again."""


@dataclass(frozen=True, kw_only=True)
class MailboxSettings:
    host: str
    port: int
    user: str
    password: str
    folder: str
    security: Security


class Mailbox:
    """An open folder; get one by `open_mailbox`."""

    def __init__(self, client: imaplib.IMAP4, *, has_marks: bool) -> None:
        self._client, self._has_marks = client, has_marks

    def new_messages(self, *, since: date) -> list[str]:
        """The UIDs of messages without our mark, the oldest first."""
        unread = ("UNKEYWORD", MARK) if self._has_marks else ("UNSEEN",)
        day = f"{since.day:02}-{MONTHS[since.month - 1]}-{since.year}"
        (found,) = self._ask("SEARCH", *unread, "SINCE", day)[:1] or [b""]
        return sorted((found or b"").decode().split(), key=int)

    def size_of(self, uid: str) -> int:
        """0 for a message that has gone meanwhile."""
        for part in self._ask("FETCH", uid, "(RFC822.SIZE)"):
            words = (part if isinstance(part, bytes) else b"").upper().replace(b"(", b" ").replace(b")", b" ").split()
            if b"RFC822.SIZE" in words[:-1]:
                return int(words[words.index(b"RFC822.SIZE") + 1])
        return 0

    def content_of(self, uid: str) -> bytes | None:
        """Without marking it read; None for a message that has gone meanwhile."""
        answer = self._ask("FETCH", uid, "(BODY.PEEK[])")
        return next((part[1] for part in answer if isinstance(part, tuple)), None)

    def mark(self, uid: str, *, is_ours: bool, needs_a_person: bool = False) -> None:
        """What is ours counts as read for everybody; what needs a person is flagged."""
        flags = [MARK] if self._has_marks else []
        if is_ours or not self._has_marks:
            flags.append(r"\Seen")
        if needs_a_person:
            flags.append(r"\Flagged")
        self._ask("STORE", uid, "+FLAGS.SILENT", f"({' '.join(flags)})")

    def _ask(self, command: str, *words: str) -> list[Any]:
        try:
            status, answer = self._client.uid(command, *words)
        except (imaplib.IMAP4.error, OSError) as error:
            raise MailboxError(f"{command}: {error}") from error
        if status != "OK":
            raise MailboxError(f"{command}: {answer!r}"[:300])
        return list(answer)


@contextmanager
def open_mailbox(settings: MailboxSettings, *, context: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """`context` stands in for the system's certificates in tests."""
    client = _connected(settings, context or ssl.create_default_context())
    try:
        _log_in(client, settings)
        yield Mailbox(client, has_marks=_select(client, settings.folder))
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            client.logout()
        with suppress(OSError):
            client.shutdown()


def _connected(settings: MailboxSettings, context: ssl.SSLContext) -> imaplib.IMAP4:
    try:
        if settings.security == Security.TLS:
            return imaplib.IMAP4_SSL(settings.host, settings.port, ssl_context=context, timeout=TIMEOUT_SECONDS)
        client = imaplib.IMAP4(settings.host, settings.port, timeout=TIMEOUT_SECONDS)
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxError(f"{settings.host}:{settings.port} does not answer: {error}") from error
    if settings.security == Security.STARTTLS:
        try:
            client.starttls(context)
        except (imaplib.IMAP4.error, OSError) as error:
            client.shutdown()
            raise MailboxError(f"{settings.host}:{settings.port} does not speak TLS: {error}") from error
    return client


def _log_in(client: imaplib.IMAP4, settings: MailboxSettings) -> None:
    try:
        client.login(settings.user, settings.password)
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxError(f"{settings.host} does not let {settings.user} in: {error}") from error


def _select(client: imaplib.IMAP4, folder: str) -> bool:
    """Opens the folder; whether it takes marks of our own."""
    quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
    try:
        status, answer = client.select(f'"{quoted}"')
        _name, permanent = client.response("PERMANENTFLAGS")
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxError(f"The folder {folder} cannot be opened: {error}") from error
    if status != "OK":
        raise MailboxError(f"The folder {folder} cannot be opened: {answer!r}"[:300])
    flags = b" ".join(part for part in permanent or [] if isinstance(part, bytes))
    return rb"\*" in flags or MARK.encode() in flags
