"""A lane is one connection and, where there are several, one thread. Any transport can be used so, in any weather."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import connection

from apps.channels.contract import Transport
from apps.channels.messages import Message, Receipt, TransportError

from ..outcomes import Outcome, outcome_of
from ..policy import DeliveryReason
from ..waiting import WaitingRow
from .brake import LOOK_SECONDS, Halted
from .shared import HandOver


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
        self.shared.pass_gate(self._number, looks=self.looks)

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


def work_by_lanes(shared: HandOver, transports: Sequence[Transport]) -> None:
    """Works through the messages by a lane per transport."""
    shared.group_for(transports[0])
    if len(transports) == 1:
        Lane(shared, transports[0], looks=True).work()
        return
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


def _look_after(shared: HandOver, threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        while thread.is_alive():
            shared.brake.look()
            thread.join(timeout=LOOK_SECONDS)
