"""Hands the messages of a marked batch over, by one lane or several, and keeps note of each.

A lane is one connection and, where there are several, one thread. Between two of its messages it asks the brake; right
before a message leaves it passes its gate, where the message's beginning is known to stand in the journal. So what a
killed worker leaves in doubt is one message per lane at most; or, where a provider takes many in one call, one call per lane.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice

from django.db import DatabaseError, connection

from apps.channels.contract import Transport
from apps.channels.messages import Message, Receipt, TransportError

from . import store
from .clock import RunningClock
from .journal import Journal, JournalLost
from .lease import Lease
from .models import Batch
from .outcomes import Outcome, Standstill, outcome_of
from .pace import Pace
from .policy import DeliveryReason
from .waiting import WaitingRow

logger = logging.getLogger(__name__)

Group = Sequence[tuple[WaitingRow, Message]]  # what goes in one call, nearly always one message

LOOK_SECONDS = 0.25  # how often a sending batch looks whether its touchpoint was stopped


class Halted(Exception):
    """Raised at the gate: this message and those behind it may not be handed over any more."""


class Brake:
    """Says whether the next message may still be handed over. `look` asks the database; `is_free` what it said last."""

    def __init__(self, batch: Batch, lease: Lease, clock: RunningClock, *, budget: timedelta) -> None:
        self._batch, self._lease, self._clock = batch, lease, clock
        self._ends = time.monotonic() + budget.total_seconds()
        self._look_at = time.monotonic() + LOOK_SECONDS  # the mark itself was the first look
        self._is_stopped = False
        self.has_seen_a_stop = False  # of what it sends for

    def is_free(self) -> bool:
        return not self._is_stopped and self._lease.is_held and time.monotonic() < self._ends

    def look(self) -> None:
        if time.monotonic() >= self._look_at:
            if not store.may_go_on(self._batch, now=self._clock.now()):
                self._is_stopped = self.has_seen_a_stop = True
            self._look_at = time.monotonic() + LOOK_SECONDS

    def stop(self) -> None:
        self._is_stopped = True


@dataclass(kw_only=True)
class Run:
    """How far a hand-over came. `bug`: what a transport, or the store, raised that it should not have."""

    outcomes: list[Outcome] = field(default_factory=list)
    standstill: Standstill | None = None
    bug: Exception | None = None


class HandOver:
    """What the lanes of one batch share."""

    def __init__(
        self,
        batch: Batch,
        messages: Sequence[tuple[WaitingRow, Message]],
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


class Lane:
    """One connection at work: asks for one receipt after the other until all are there, or somebody says stop."""

    def __init__(self, shared: HandOver, transport: Transport, *, looks: bool) -> None:
        """`looks`: it looks after the brake by itself, because nobody else does."""
        self.shared, self.transport, self.looks = shared, transport, looks
        self._in_hand: deque[WaitingRow] = deque()  # without a receipt
        self._began_at: datetime = shared.clock.now()
        self._number = 0  # of the note of their beginning
        self._done: list[Outcome] = []  # not noted yet
        self._unheard: list[Receipt] = []  # of a call whose last receipt is still to come

    def work(self) -> None:
        receipts = self.transport.send_groups(self._groups(), gate=self._gate, keep_open=True)
        try:
            for receipt in receipts:
                self._record(receipt)
        except Halted:
            self._in_hand.clear()
        except Exception as error:  # the store or the transport: what has been handed over so far is still known
            self._doubt(error)
            self.shared.fail(error)
        finally:
            self.transport_is_done(receipts)
        self._note_last()

    def work_in_thread(self) -> None:
        try:
            self.work()
        finally:
            connection.close()  # a thread's own, where it needed one

    @staticmethod
    def transport_is_done(receipts: Iterator[Receipt]) -> None:
        close = getattr(receipts, "close", None)
        if close:
            close()

    def _groups(self) -> Iterator[Sequence[Message]]:
        """What the transport is given, as it asks for it."""
        while True:
            if self.looks:
                self.shared.brake.look()
            if not self.shared.pace.is_free and self.shared.may_go_on:
                self.shared.stand_still(self.shared.pace.turn(self._look, before_nap=self._note_last))
            group = self.shared.next()
            if group is None:
                return
            self._number = self.shared.journal.note(done=self._done, begin=[row.pk for row, _message in group])
            self._in_hand.extend(row for row, _message in group)
            self._done, self._began_at = [], self.shared.clock.now()
            yield [message for _row, message in group]

    def _look(self) -> bool:
        if self.looks:
            self.shared.brake.look()
        return self.shared.may_go_on

    def _gate(self) -> None:
        """What was stopped while the transport came so far, which may take as long as connecting does, halts here."""
        try:
            self.shared.journal.confirm(self._number)
        except JournalLost as error:
            self.shared.give_up_journal(error)
        if self.looks:
            try:
                self.shared.brake.look()
            except DatabaseError as error:  # nothing of what is in hand has left
                self.shared.fail(error)
                raise Halted from error
        if not self.shared.brake.is_free():
            raise Halted

    def _record(self, receipt: Receipt) -> None:
        outcome = outcome_of(self._in_hand.popleft(), receipt, at=self._began_at)
        self._done.append(outcome)
        self.shared.run.outcomes.append(outcome)
        self._unheard.append(receipt)
        if not self._in_hand:
            self._hear()

    def _hear(self) -> None:
        """What befell a whole call is one event, and is heard of once."""
        last: TransportError | None = None
        receipts, self._unheard = self._unheard, []
        for receipt in receipts:
            if receipt.error is None or receipt.error is not last:
                self.shared.stand_still(self.shared.pace.heard(receipt))
            last = receipt.error

    def _doubt(self, error: Exception) -> None:
        """Nobody knows how far the messages in hand came."""
        at, text = self._began_at, repr(error)
        doubts = [Outcome.in_doubt(row, DeliveryReason.NO_ANSWER, at=at, text=text) for row in self._in_hand]
        self._in_hand.clear()
        self._done += doubts
        self.shared.run.outcomes += doubts

    def _note_last(self) -> None:
        """Lost, it costs nothing: whoever settles from a journal without it finds the message in doubt."""
        if self._done:
            self.shared.journal.note(done=self._done)
            self._done = []


def hand_over(shared: HandOver, transports: Sequence[Transport]) -> Run:
    """Works through the messages by a lane per transport. A message without an outcome in the result was not handed over."""
    shared.group_for(transports[0])
    if len(transports) == 1:
        Lane(shared, transports[0], looks=True).work()
        return shared.run
    lanes = [Lane(shared, transport, looks=False) for transport in transports]
    threads = [threading.Thread(target=lane.work_in_thread, name=f"lane-{number}") for number, lane in enumerate(lanes)]
    try:
        for thread in threads:
            thread.start()
        _look_after(shared, threads)
    except Exception as error:  # the store, or the end of the task: the lanes stop at their next message
        shared.fail(error)
    finally:
        shared.brake.stop()
        for thread in threads:
            if thread.ident is not None:  # all have started, unless the machine has no more threads to give
                thread.join()
    return shared.run


def _look_after(shared: HandOver, threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        while thread.is_alive():
            shared.brake.look()
            thread.join(timeout=LOOK_SECONDS)
