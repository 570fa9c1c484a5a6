"""Keeps messages in the process: for tests, previews and a first look around."""

from collections import deque
from typing import ClassVar

from ..contract import Gate, Transport
from ..messages import Message, TransportError
from ..models import ChannelKind

MOST_KEPT = 10_000  # a worker that is tried out for days does not grow


class MemoryTransport(Transport):
    kind = ChannelKind.MEMORY
    outbox: ClassVar[list[Message]] = []  # the last ones of every memory channel of this process, oldest first
    _failures: ClassVar[deque[TransportError | None]] = deque()

    @classmethod
    def fail_next(cls, *errors: TransportError | None) -> None:
        """The next messages fail with these, in order; None lets one pass."""
        cls._failures.extend(errors)

    @classmethod
    def reset(cls) -> None:
        cls.outbox.clear()
        cls._failures.clear()

    def hand_over(self, message: Message, gate: Gate) -> str:
        gate()
        error = self._failures.popleft() if self._failures else None
        if error:
            raise error
        self.outbox.append(message)
        del self.outbox[:-MOST_KEPT]
        return f"memory-{message.key}"
