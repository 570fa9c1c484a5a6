from datetime import UTC, datetime

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from . import parse
from .store import Store

LARGEST_MESSAGE = 10_000_000  # bytes
# A domain whose mailboxes do not exist, so that the sample data have bounces.
GONE_DOMAIN = "gone.example"


class Receiver:
    """Takes every message for everybody, except for the domain whose mailboxes are gone."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address.rpartition("@")[2].lower() == GONE_DOMAIN:
            return "550 5.1.1 There is no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        number = self.store.add(
            sender=envelope.mail_from or "",
            recipients=envelope.rcpt_tos,
            subject=parse.subject(raw),
            raw=raw,
            now=datetime.now(UTC),
        )
        return f"250 OK kept as {number}"


def start(store: Store, *, port: int) -> Controller:
    """Listens on 127.0.0.1 in a thread of its own until `.stop()`."""
    controller = Controller(
        Receiver(store),
        hostname="127.0.0.1",
        port=port,
        data_size_limit=LARGEST_MESSAGE,
        ident="Preavis mailbox",
        ready_timeout=10,
    )
    controller.start()
    return controller
