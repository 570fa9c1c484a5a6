"""What every transport promises. The contract test class in tests/channels holds each one to it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from django.utils.translation import gettext_lazy

from apps.common.text import one_line

from .messages import Message, Phase, Receipt, TransportError
from .options import Option, OptionType, option_problems
from .traces import Trace

LONGEST_REPLY = 500  # of what a provider answered; the rest is decoration
LONGEST_PROVIDER_ID = 128
MOST_LOSSES_IN_A_ROW = 3  # one message may break its connection by itself; a third in a row says the provider is ill
CONNECTIONS = Option(
    name="connections",
    label=gettext_lazy("Connections"),
    help_text=gettext_lazy(
        "How many each worker opens at the same time, 1 to 50. More pay where the provider takes long to answer, and four where "
        "every minute counts; each one adds a message that may be in doubt after a crash."
    ),
    type=OptionType.NUMBER,
    default=1,
    at_most=50,
)

Gate = Callable[[], None]
Sent = tuple[Sequence[Receipt], TransportError | None]


def always_open() -> None:
    """The gate of those who have nothing to note."""


@dataclass(kw_only=True, slots=True)
class Answer:
    """What a dialogue heard of one letter: of its text, or, only where it was refused, of what was offered."""

    is_of_text: bool
    reply: str = ""
    error: TransportError | None = None


class Dialogue(Protocol):
    """A connection that is spoken to without waiting, so that one thread serves several.

    A letter is packed, offered and, once `is_taken` says that the provider waits for its text, handed over; what follows
    may be offered in the same breath. Nothing raises but `pack`, which refuses with a TransportError a letter that the
    provider cannot take: what goes wrong with the connection is its `loss`, whose phase says whether the last text
    handed over may have arrived. Then it is of no more use.
    """

    is_taken: bool
    loss: TransportError | None
    deadline: float  # by time.monotonic(): until then the provider may take its time; `check_patience` makes it a loss

    def fileno(self) -> int: ...
    @property
    def wants_to_write(self) -> bool: ...
    @property
    def is_expecting(self) -> bool:
        """Whether a reply is still to come."""
        ...

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, and the connection may serve others as it is."""
        ...

    def pack(self, letter: Any) -> Any: ...
    def offer(self, packed: Any) -> None: ...
    def hand_over(self, following: Any | None) -> None: ...
    def go_on(self) -> Sequence[Answer]:
        """What could be heard without waiting, in order."""
        ...

    def check_patience(self) -> None: ...
    def break_off(self) -> None:
        """Hangs up without a word."""
        ...


class Transport(ABC):
    """Hands messages to one provider.

    `send` yields one receipt per message, in order, as soon as each is known, and asks for the next message only then: a
    killed process leaves at most one message in doubt. A connection is opened once and reused for all.
    Where the provider takes many messages in one call, they go in groups: all receipts of a call are known at once, and a
    killed process leaves the messages of one call in doubt. Which go together `joins` says, and `group_size` how many.
    A `TransportError` is its message's `error`; one that says `channel_down` also ends the trying, and every message
    behind it gets the same reason, not sent. `send` itself raises only for bugs, and what the caller's gate raises.

    A transport of its own kind declares its `options` and fills `hand_over`; the order of things stays here.
    """

    kind: ClassVar[str]
    options: ClassVar[tuple[Option, ...]] = ()
    # Whether the provider drops a repeat with the same key by itself: then a message in doubt may simply go again.
    is_idempotent: ClassVar[bool] = False
    # Whether the provider can be asked what became of a message; then `look_up` does.
    can_look_up: ClassVar[bool] = False
    # Whether it wants e-mails as `Message.wire`.
    takes_wire: bool = False
    # Whether it wants e-mails as `Message.merge`.
    takes_merge: bool = False
    # Whether its connection stands, so that `dialogue` takes no time.
    is_open: bool = True
    # How many messages it hands over in one call; more than one only where it fills `joins` and `hand_over_group`.
    group_size: int = 1

    def __init__(self, *, config: Mapping[str, Any], secrets: Mapping[str, str], answer_timeout: float | None = None) -> None:
        """`answer_timeout`: seconds to wait for the answer once all was written; None: as long as the protocol advises."""
        self.config = config
        self.secrets = secrets
        self.answer_timeout = answer_timeout

    @property
    def connections(self) -> int:
        """How many transports like this one each worker may use at the same time."""
        return int(self.config.get(CONNECTIONS.name) or 1)

    @classmethod
    def problems(cls, *, config: Mapping[str, Any], secrets: Mapping[str, str]) -> list[str]:
        """What is wrong with a configuration, a whole translated sentence each, naming the setting; empty when sound."""
        return option_problems(cls.options, config=config, secrets=secrets)

    @abstractmethod
    def hand_over(self, message: Message, gate: Gate) -> str:
        """Gives one message to the provider and returns the provider's name for it; raises TransportError.

        Passes `gate` at the last moment at which nothing has been handed over.
        """

    def joins(self, group: Sequence[Message], message: Message) -> bool:
        """Whether `message` can go in one call with `group`, which holds none, or some that have joined before."""
        return False

    def hand_over_group(self, messages: Sequence[Message], gate: Gate) -> Sequence[Receipt]:
        """Gives two messages or more to the provider in one call: a receipt for each, in order.

        Raises TransportError for what befell the call, and so all of them. Passes `gate` once, as `hand_over` does.
        """
        raise NotImplementedError(f"{self.kind} takes one message at a time")

    def look_up(self, message: Message, *, around: datetime) -> Sequence[Trace]:
        """Traces of messages that look like this one, handed over at about `around`, the likeliest first.

        None means that the provider knows of no such message. Raises TransportError where it did not say.
        """
        raise NotImplementedError(f"{self.kind} cannot be asked")

    def dialogue(self) -> Dialogue | None:
        """Its connection, to be spoken to without waiting, for transports that fill `letter` and `receipt_of`; else None.

        Raises TransportError where it cannot be opened. Until the dialogue is over, idle or closed, `send` may not be used.
        """
        return None

    def letter(self, message: Message) -> Any:
        """The message as its dialogue takes it; raises TransportError."""
        raise NotImplementedError(f"{self.kind} holds no dialogues")

    def receipt_of(self, message: Message, answer: Answer) -> Receipt:
        raise NotImplementedError(f"{self.kind} holds no dialogues")

    def close(self) -> None:  # noqa: B027  not every transport holds something open
        """Lets go of the connection; the next message would open another."""

    def send(self, messages: Iterable[Message], *, gate: Gate = always_open, keep_open: bool = False) -> Iterator[Receipt]:
        """`gate` is passed right before each message is handed over; what it raises ends the sending there.

        `keep_open`: the caller will send more over the same connection, and closes it.
        """
        return self.send_groups(self.grouped(messages), gate=gate, keep_open=keep_open)

    def grouped(self, messages: Iterable[Message]) -> Iterator[Sequence[Message]]:
        """The messages in order, those together that follow each other and go in one call."""
        if self.group_size == 1:
            yield from ((message,) for message in messages)
            return
        group: list[Message] = []
        for message in messages:
            if group and not self.joins(group, message):
                yield group
                group = []
            group.append(message)
            if len(group) == self.group_size or not self.joins((), message):
                yield group
                group = []
        if group:
            yield group

    def send_groups(
        self, groups: Iterable[Sequence[Message]], *, gate: Gate = always_open, keep_open: bool = False
    ) -> Iterator[Receipt]:
        """What `send` does, for messages that are `grouped` already."""
        standstill: TransportError | None = None
        losses = 0
        try:
            for group in groups:
                calls = [group]
                while calls:
                    call = calls.pop()
                    receipts, error = self.refused(call, standstill) if standstill else self._sent(call, gate)
                    if error and len(call) > 1 and error.permanent and error.phase is Phase.BEFORE:  # one may have spoilt it
                        calls += call[len(call) // 2 :], call[: len(call) // 2]
                        continue
                    if error:
                        losses = losses + len(call) if self.is_loss(error) else 0
                        error.channel_down |= losses >= MOST_LOSSES_IN_A_ROW
                        standstill = error.for_the_rest() if error.channel_down else None
                    else:
                        losses = 0
                    yield from receipts
        finally:
            if not keep_open:
                self.close()

    def is_loss(self, error: TransportError) -> bool:
        """Whether the provider broke off, rather than refused."""
        return error.phase is Phase.AFTER

    def _sent(self, group: Sequence[Message], gate: Gate) -> Sent:
        """The error is that of the whole call."""
        try:
            if len(group) > 1:
                return self.hand_over_group(group, gate), None
            (message,) = group
            return (self.accepted(message, self.hand_over(message, gate)),), None
        except TransportError as error:
            return self.refused(group, error)

    @staticmethod
    def accepted(message: Message, provider_id: str) -> Receipt:
        name = one_line(provider_id)  # a sign that no database writes would hold up a whole batch
        return Receipt(key=message.key, provider_id=name[:LONGEST_PROVIDER_ID])

    @staticmethod
    def refused(group: Sequence[Message], error: TransportError) -> Sent:
        """The error's text is shown and kept: it fits a line and does not repeat the addresses."""
        text = error.text
        for message in group:
            text = text.replace(message.address, "…") if message.address else text
        error.text = one_line(text)[:LONGEST_REPLY]
        error.args = (error.text,)
        error.code = one_line(error.code)
        return [Receipt(key=message.key, error=error) for message in group], error
