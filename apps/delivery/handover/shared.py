"""What the connections that hand one batch over have in common: its messages, its journal, its brake, its outcomes."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from django.db import DatabaseError

from apps.channels.contract import Transport
from apps.channels.messages import Message

from .. import store
from ..clock import RunningClock
from ..journal import Journal, JournalLost
from ..models import Batch
from ..outcomes import Outcome, Standstill
from ..pace import Pace
from ..policy import DeliveryReason
from ..waiting import WaitingRow
from .brake import Brake, Halted

logger = logging.getLogger(__name__)

Pair = tuple[WaitingRow, Message]
Group = Sequence[Pair]  # what goes in one call, nearly always one message


@dataclass(kw_only=True)
class Run:
    """How far a hand-over came. `bug`: what a transport, or the store, raised that it should not have."""

    outcomes: list[Outcome] = field(default_factory=list)
    standstill: Standstill | None = None
    bug: Exception | None = None


class HandOver:
    """Safe to be used by several threads."""

    def __init__(
        self,
        batch: Batch,
        messages: Sequence[Pair],
        *,
        journal: Journal,
        brake: Brake,
        pace: Pace,
        clock: RunningClock,
    ) -> None:
        self.batch, self.journal, self.brake, self.pace, self.clock = batch, journal, brake, pace, clock
        self.run = Run()
        self._waiting: deque[Group] = deque((pair,) for pair in messages)
        self._giving_up = threading.Lock()
        self._is_journal_given_up = False

    @property
    def may_go_on(self) -> bool:
        return bool(self._waiting) and not self.run.standstill and self.brake.is_free()

    def stand_still(self, standstill: Standstill | None) -> None:
        """The first reason to stop is the one that is kept."""
        self.run.standstill = self.run.standstill or standstill

    def group_for(self, transport: Transport) -> None:
        """Puts those together that `transport` hands over in one call; before the first is asked for."""
        if transport.group_size == 1:
            return
        forms: dict[int, int] = {}  # in the order in which they come up
        waiting = chain.from_iterable(self._waiting)
        alike = sorted(waiting, key=lambda pair: forms.setdefault(_form(pair[1]), len(forms)))
        pairs = iter(alike)
        groups = transport.grouped(message for _row, message in alike)
        self._waiting = deque(list(islice(pairs, len(group))) for group in groups)

    def next(self) -> Group | None:
        """The next messages to hand over together; the first of them has had its turn."""
        if not self.may_go_on:
            return None
        try:
            group = self._waiting.popleft()
        except IndexError:
            return None
        return group if len(group) == 1 else self._permitted(group)

    def _permitted(self, group: Group) -> Group:
        """As many of them as may go at once. So a slow provider gets larger calls, and a fast one is not kept waiting."""
        count = 1
        while count < len(group) and self.pace.permit() is None:
            count += 1
        if count < len(group):
            self._waiting.appendleft(group[count:])
        return group[:count]

    @property
    def left(self) -> int:
        """How many calls are still to be made."""
        return len(self._waiting)

    def put_back(self, pair: Pair, *, was_begun: bool) -> None:
        """It was not handed over after all. Those whose beginning is noted go first: until then they would be in doubt too."""
        if was_begun:
            self._waiting.appendleft((pair,))
        else:
            self._waiting.append((pair,))

    def pass_gate(self, number: int, *, looks: bool) -> None:
        """Returns where what the journal's note of that number begins may leave now; raises Halted.

        What was stopped while the transport came so far, which may take as long as connecting does, halts here.
        """
        try:
            self.journal.confirm(number)
        except JournalLost as error:
            self.give_up_journal(error)
        if looks:
            try:
                self.brake.look()
            except DatabaseError as error:  # nothing of what is at the gate has left
                self.fail(error)
                raise Halted from error
        if not self.brake.is_free():
            raise Halted

    def give_up_journal(self, error: JournalLost) -> None:
        """The batch goes on once the database knows that its journal is no longer complete, and halts where it cannot."""
        with self._giving_up:
            if not self._is_journal_given_up:
                logger.warning("Batch %s goes on without its journal: %s", self.batch.pk, error)
                try:
                    is_ours = store.give_up_journal(self.batch)
                except DatabaseError as failure:  # nothing of the message at the gate has left
                    self.fail(failure)
                    raise Halted from failure
                if not is_ours:
                    self.brake.stop()
                    raise Halted from error
                self._is_journal_given_up = True

    def fail(self, error: Exception) -> None:
        self.run.bug = self.run.bug or error
        self.run.standstill = Standstill(reason=DeliveryReason.ENGINE_ERROR, text=repr(error))


def _form(message: Message) -> int:
    """Alike for messages that may share a call."""
    return id(message.merge.form) if message.merge else 0
