"""Transports that stay open from batch to batch: a connection is worth more than a message."""

import json
from collections.abc import Hashable, Sequence
from types import TracebackType
from typing import Self

from .contract import Transport
from .models import Channel
from .registry import transport_for


class TransportPool:
    """The transports of one worker at one time; not for several threads. Closes them all at the end of the `with` block."""

    def __init__(self, *, answer_timeout: float | None = None) -> None:
        self._answer_timeout = answer_timeout
        self._transports: dict[Hashable, list[Transport]] = {}

    def lend(self, channel: Channel, *, at_most: int = 1) -> Sequence[Transport]:
        """As many transports as the channel allows, one at least: those lent before, while its settings are the same."""
        settings = json.dumps(channel.config, sort_keys=True)
        transports = self._transports.setdefault((channel.pk, channel.kind, settings, channel.sealed_secrets), [])
        if not transports:
            transports.append(self._make(channel))
        wanted = min(transports[0].connections, max(at_most, 1))
        transports += [self._make(channel) for _ in range(wanted - len(transports))]
        return transports[:wanted]

    def close(self) -> None:
        for transports in self._transports.values():
            for transport in transports:
                transport.close()
        self._transports.clear()

    def _make(self, channel: Channel) -> Transport:
        return transport_for(channel, answer_timeout=self._answer_timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
