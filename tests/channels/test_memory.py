from collections.abc import Iterator

import pytest

from apps.channels.messages import Phase, TransportError
from apps.channels.transports.memory import MemoryTransport

from .contract import PATIENT, TransportContract


class MemoryPeer:
    address = "cem@example.org"
    patience = PATIENT

    def __init__(self) -> None:
        self.taken = 0

    def transport(self) -> MemoryTransport:
        return MemoryTransport(config={}, secrets={})

    def received(self) -> int:
        return len(MemoryTransport.outbox) + self.taken

    def refuse(self, *, permanent: bool, skip: int = 0) -> None:
        MemoryTransport.fail_next(*[None] * skip, TransportError("No.", permanent=permanent))

    def break_after_taking(self) -> None:
        self.taken = 1
        MemoryTransport.fail_next(TransportError("Gone.", permanent=False, phase=Phase.AFTER))

    def fall_silent_after_taking(self) -> None:
        self.taken = 1
        MemoryTransport.fail_next(TransportError("Silent.", permanent=False, phase=Phase.AFTER, channel_down=True))


class TestMemoryTransport(TransportContract):
    @pytest.fixture
    def peer(self) -> Iterator[MemoryPeer]:
        MemoryTransport.reset()
        yield MemoryPeer()
        MemoryTransport.reset()

    def test_keeps_whole_messages(self, peer, messages):
        list(peer.transport().send(messages))
        assert MemoryTransport.outbox == messages
