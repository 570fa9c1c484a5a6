import pytest

from apps.channels.smtp import PhasedSMTPBackend
from apps.channels.smtp_client import Patience
from apps.channels.transports.email import EmailTransport

from .contract import PATIENCE, NetworkContract
from .servers import DRIP, RESET, SILENCE, SmtpServer


class SmtpPeer:
    address = "cem@example.org"

    def __init__(self, server: SmtpServer) -> None:
        self.server = server

    def transport(self, **config: object) -> EmailTransport:
        config = {"host": "127.0.0.1", "port": self.server.port, **config}
        return EmailTransport(config=config, secrets={}, answer_timeout=PATIENCE)

    def received(self) -> int:
        return len(self.server.envelopes)

    def connections(self) -> int:
        return self.server.connections

    def refuse(self, *, permanent: bool, skip: int = 0) -> None:
        reply = f"550 5.1.1 <{self.address}> unknown" if permanent else f"450 4.2.1 <{self.address}> is busy"
        self.server.script["RCPT"].extend([*[None] * skip, reply])

    def break_after_taking(self) -> None:
        self.server.script["DOT"].append(RESET)

    def fall_silent_after_taking(self) -> None:
        self.server.script["DOT"].append(SILENCE)

    def drip(self) -> None:
        self.server.script["DOT"].append(DRIP)

    def vanish(self) -> None:
        self.server.stop()


@pytest.fixture
def peer(smtp_server, inner_hosts, monkeypatch) -> SmtpPeer:
    patience = Patience(connect=PATIENCE, command=PATIENCE, message=PATIENCE, answer=PATIENCE)
    monkeypatch.setattr(PhasedSMTPBackend, "patience", patience)
    return SmtpPeer(smtp_server)


class TestEmailTransport(NetworkContract):
    pass
