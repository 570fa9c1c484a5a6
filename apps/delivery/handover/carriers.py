"""The connections of a convoy: how they are opened, and what each has in hand."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from apps.channels.contract import Dialogue, Transport
from apps.channels.messages import TransportError

from .shared import Pair


@dataclass(kw_only=True, eq=False)
class Carrier:
    """One connection, the message whose text it has handed over, and the next one, whose envelope is out."""

    transport: Transport
    dialogue: Dialogue
    began_at: datetime
    sent: Pair | None = None
    offered: Pair | None = None
    is_writing: bool = False  # and waits for the other side to read
    is_gone: bool = False  # hung up

    @property
    def is_empty(self) -> bool:
        return self.sent is None and self.offered is None

    @property
    def is_waiting(self) -> bool:
        return not self.is_empty or self.dialogue.is_expecting


class Openings:
    """Connections on their way. Those that stand first begin: a provider at the end of a long line takes a second for
    each, and one that is ill may keep the last waiting for half a minute."""

    def __init__(self, futures: dict[Future[Dialogue | None], Transport]) -> None:
        self._futures = futures
        self.error: TransportError | None = None  # the first

    @property
    def are_over(self) -> bool:
        return not self._futures

    def stand(self, *, seconds: float | None) -> Iterator[tuple[Transport, Dialogue]]:
        """Those that have come to stand since; waits so long for one, and without a limit for None."""
        done, _rest = wait(self._futures, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            transport = self._futures.pop(future)
            try:
                dialogue = future.result()
            except TransportError as error:
                self.error = self.error or error
            else:
                if dialogue:
                    yield transport, dialogue


@contextmanager
def opening(transports: Sequence[Transport]) -> Iterator[Openings]:
    """Nobody else uses the transports until the block is left, which waits for those that are still on their way."""
    if sum(not transport.is_open for transport in transports) < 2:
        yield Openings({_at_once(transport): transport for transport in transports})
        return
    with ThreadPoolExecutor(len(transports), thread_name_prefix="opening") as pool:
        yield Openings({pool.submit(transport.dialogue): transport for transport in transports})


def _at_once(transport: Transport) -> Future[Dialogue | None]:
    future: Future[Dialogue | None] = Future()
    try:
        future.set_result(transport.dialogue())
    except TransportError as error:
        future.set_exception(error)
    return future
