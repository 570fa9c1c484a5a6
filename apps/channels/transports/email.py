"""One e-mail per contact, through any Django e-mail backend: our SMTP, an e-mail provider of django-anymail, another."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import get_connection
from django.utils.functional import cached_property
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from ..addresses import is_listed
from ..calendar_parts import calendar_place
from ..contract import CONNECTIONS, Answer, Gate, Transport
from ..mail_errors import REFUSED, cannot_open, status_error, transport_error
from ..mailboxes import PLAIN_ADDRESS, is_address, is_clear_address
from ..merging import SYNTAXES, MergeSyntax
from ..messages import Message, Receipt, TransportError
from ..mime import Frame, django_email, mail_bytes, merged_email
from ..models import ChannelKind
from ..smtp import PhasedSMTPBackend, bare_address
from ..smtp_client import Letter
from ..smtp_dialogue import SmtpDialogue
from .email_options import BACKEND, HOST, OF_THE_HOST, OUR_SMTP, PER_CALL, SENDERS, backend_problems, host_problems

_QUEUED_AS = re.compile(r"(?:queued as |\bid=)([\w.-]+)", re.IGNORECASE)  # Postfix and its kin; Exim


class EmailTransport(Transport):
    """What a channel leaves empty comes from the settings EMAIL_* and ANYMAIL."""

    kind = ChannelKind.EMAIL
    options = (*SENDERS, BACKEND, HOST, *OF_THE_HOST, CONNECTIONS, PER_CALL)

    @classmethod
    def problems(cls, *, config: Mapping[str, Any], secrets: Mapping[str, str]) -> list[str]:
        found = super().problems(config=config, secrets=secrets)
        if found:
            return found
        for option in SENDERS:
            value = config.get(option.name, "")
            if value and not is_address(value):
                found.append(_("%(label)s: “%(value)s” is not an e-mail address.") % {"label": option.label, "value": value})
        found += host_problems(config, secrets)
        if found or config.get("host"):
            return found
        return backend_problems(config.get("backend") or settings.EMAIL_BACKEND)

    @property
    def takes_wire(self) -> bool:  # type: ignore[override]
        return isinstance(self._connection, PhasedSMTPBackend)

    @property
    def takes_merge(self) -> bool:  # type: ignore[override]
        return self.group_size > 1

    @cached_property
    def group_size(self) -> int:  # type: ignore[override]
        if self._syntax is None:
            return 1
        return min(int(self.config.get(PER_CALL.name) or PER_CALL.default), self._syntax.at_most)

    @cached_property
    def _syntax(self) -> MergeSyntax | None:
        backend = type(self._connection)
        return SYNTAXES.get(f"{backend.__module__}.{backend.__qualname__}")

    def joins(self, group: Sequence[Message], message: Message) -> bool:
        """Those of one form letter, each to an address of its own: values are told apart by it. A calendar is one person's."""
        if self._syntax is None or message.merge is None or message.calendar or not is_clear_address(message.address):
            return False
        if not group:
            return self._syntax.takes(message.merge)
        return (
            _shared(group[0]) == _shared(message)
            and message.address.lower() not in {other.address.lower() for other in group}
            and self._syntax.takes(message.merge)
        )

    def hand_over_group(self, messages: Sequence[Message], gate: Gate) -> Sequence[Receipt]:
        tagged = self._syntax.tagged(messages[0].merge.form) if self._syntax and messages[0].merge else None
        assert tagged is not None, "only messages that join are handed over together"
        sender, reply_to = self._senders(messages[0])
        self._open()
        email = merged_email(messages, tagged, sender=sender, reply_to=reply_to)
        email.merge_metadata = {message.address: {"delivery": message.key} for message in messages}
        email.tags = list(messages[0].tags[:1])
        gate()
        with self._in_our_words(), suppress(AnymailRecipientsRefused):  # then each one's status says so
            if not self._connection.send_messages([email]):
                raise TransportError(_("The e-mail backend did not take the message."), permanent=True)
        statuses = email.anymail_status.recipients
        return [self._receipt(message, statuses.get(message.address)) for message in messages]

    def _receipt(self, message: Message, status: Any) -> Receipt:
        if error := status_error(status):
            return Receipt(key=message.key, error=error)
        return self.accepted(message, str(status.message_id or ""))

    def hand_over(self, message: Message, gate: Gate) -> str:
        if not is_address(message.address):
            raise TransportError(_("This is not an e-mail address."), permanent=True, bad_address=True)
        sender, reply_to = self._senders(message)
        self._open()
        with self._in_our_words():
            if self.takes_wire:
                return self._hand_over_smtp(message, gate)
            return self._hand_over_email(message.filled(), gate, sender=sender, reply_to=reply_to)

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            meaning = transport_error(error)
            if meaning is None:
                raise
            if self.is_loss(meaning):
                self._drop()
            raise meaning from None  # a provider's own error repeats the whole message

    def _hand_over_smtp(self, message: Message, gate: Gate) -> str:
        return _queued_as(self._connection.hand_over(self.letter(message), gate) or "")

    def dialogue(self) -> SmtpDialogue | None:
        if not self.takes_wire:
            return None
        dialogue: SmtpDialogue | None = self._connection.dialogue()
        return dialogue

    @property
    def is_open(self) -> bool:  # type: ignore[override]
        return not self.takes_wire or bool(self._connection.is_open)

    def letter(self, message: Message) -> Letter:
        recipient = message.address
        if not PLAIN_ADDRESS.fullmatch(recipient):
            if not is_address(recipient):
                raise TransportError(_("This is not an e-mail address."), permanent=True, bad_address=True)
            recipient = bare_address(recipient)
        frame = self._frame_of(message)
        content, has_no_dots = mail_bytes(message, frame)
        return Letter(sender=bare_address(frame.sender), recipients=[recipient], content=content, has_no_dots=has_no_dots)

    def receipt_of(self, message: Message, answer: Answer) -> Receipt:
        if answer.error is None:
            return self.accepted(message, _queued_as(answer.reply))
        (receipt,), _error = self.refused((message,), answer.error)
        return receipt

    def _hand_over_email(self, message: Message, gate: Gate, *, sender: str, reply_to: str) -> str:
        email: Any = django_email(message, sender=sender, reply_to=reply_to, place=calendar_place(self._connection))
        email.metadata = {"delivery": message.key}  # these two are anymail's
        email.tags = list(message.tags[:1])  # several providers take one only
        gate()
        if not self._connection.send_messages([email]):
            raise TransportError(_("The e-mail backend did not take the message."), permanent=True)
        status = getattr(email, "anymail_status", None)
        if status is None:
            return ""
        for recipient in status.recipients.values():
            if recipient.status in REFUSED and (error := status_error(recipient)):
                raise error
        return status.message_id if isinstance(status.message_id, str) else ""

    def is_loss(self, error: TransportError) -> bool:
        return super().is_loss(error) or getattr(error, "connection_lost", False)

    def close(self) -> None:
        if "_connection" in vars(self):
            self._drop()

    @cached_property
    def _connection(self) -> Any:
        """Opened for the first message, kept for all."""
        if self.config.get("host"):
            return get_connection(OUR_SMTP, **self._own_server())
        path = self.config.get("backend") or settings.EMAIL_BACKEND
        return get_connection(path, **self._manners(import_string(path)))

    def _own_server(self) -> dict[str, Any]:
        """Never the installation's user or password: they are not this server's."""
        config, port = self.config, int(self.config.get("port") or 25)
        return {
            "host": config["host"],
            "port": port,
            "username": config.get("username", ""),
            "password": self.secrets.get("password", ""),
            "use_tls": config.get("security") == "starttls",
            "use_ssl": config.get("security") == "tls",
            "answer_timeout": self.answer_timeout,
            "public_only": not is_listed(config["host"], port, settings.CHANNEL_HOST_ALLOWLIST),
        }

    def _manners(self, backend: type) -> dict[str, Any]:
        if issubclass(backend, PhasedSMTPBackend):
            return {"answer_timeout": self.answer_timeout}
        if issubclass(backend, AnymailBaseBackend):  # tags and metadata are a bonus, not a reason to fail
            timeout = {"timeout": self.answer_timeout} if self.answer_timeout else {}
            return {"ignore_unsupported_features": True, **timeout}
        return {}

    def _open(self) -> None:
        try:
            self._connection.open()
        except TransportError:
            raise
        except (OSError, AnymailError) as error:
            raise cannot_open(error) from None

    def _drop(self) -> None:
        with suppress(OSError, AnymailError):
            self._connection.close()

    def _senders(self, message: Message) -> tuple[str, str]:
        sender = message.from_address or self.config.get("from_address") or settings.DEFAULT_FROM_EMAIL
        reply_to = message.reply_to or self.config.get("reply_to", "")
        for address in filter(None, (sender, reply_to)):
            if not is_address(address):
                text = _("“%(address)s” is not an e-mail address to send from.") % {"address": address}
                raise TransportError(text, permanent=False, channel_down=True)
        return sender, reply_to

    def _frame_of(self, message: Message) -> Frame:
        asked = (message.from_address, message.reply_to)
        if asked not in self._frames:
            sender, reply_to = self._senders(message)
            self._frames[asked] = Frame.of(sender=sender, reply_to=reply_to)
        return self._frames[asked]

    @cached_property
    def _frames(self) -> dict[tuple[str, str], Frame]:
        return {}


def _queued_as(reply: str) -> str:
    """The name under which the mail server has queued the message, where it gives one."""
    queued = _QUEUED_AS.search(reply)
    return queued.group(1) if queued else ""


def _shared(message: Message) -> tuple[Any, ...]:
    """What the messages of one call have in common, beside headers that are alike."""
    return (
        message.merge and message.merge.form,
        message.from_address,
        message.reply_to,
        message.tags[:1],
        {*message.headers},
        message.maintnote,
    )
