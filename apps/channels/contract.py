"""What every transport promises. The contract test class in tests/channels holds each one to it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from .messages import Message, Receipt


class Transport(ABC):
    """Hands messages to one provider.

    `send` yields one receipt per message, in order, as soon as each is known: the caller notes it before asking for the
    next, so that a killed process leaves at most one message in doubt. A connection is opened once and reused for all.
    A `TransportError` that concerns one message is its receipt's `error`; one that concerns all (cannot connect, cannot
    sign in) is the error of every message not yet sent. `send` itself raises only for bugs.
    """

    kind: ClassVar[str]
    # Whether the provider drops a repeat with the same key by itself: then a message in doubt may simply go again.
    is_idempotent: ClassVar[bool] = False

    def __init__(self, *, config: Mapping[str, object], secrets: Mapping[str, str]) -> None:
        self.config = config
        self.secrets = secrets

    @classmethod
    @abstractmethod
    def problems(cls, *, config: Mapping[str, object], secrets: Mapping[str, str]) -> list[str]:
        """What is wrong with a configuration, a whole translated sentence each, naming the setting; empty when sound."""

    @abstractmethod
    def send(self, messages: Sequence[Message]) -> Iterator[Receipt]: ...
