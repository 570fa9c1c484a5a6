"""Several connections in one thread, as long as all goes well.

A message costs one exchange with its provider, and what is noted of all that are at their gates at one time one exchange
with Redis: waiting is what costs most. As in a lane, a connection has at most one message between the note of its
beginning and that of its result. A convoy does no more than that: where a connection is lost, or the provider wants to be
written to slowly, it breaks up, and lanes see to the rest.
"""

import selectors
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.channels.contract import Answer, Dialogue, Transport
from apps.channels.messages import Phase, TransportError

from ..outcomes import Outcome, outcome_of
from ..policy import DeliveryReason
from ..waiting import WaitingRow
from .brake import Halted
from .shared import HandOver, Pair

LONGEST_WAIT_SECONDS = 60.0


@dataclass(kw_only=True, eq=False)
class Carrier:
    """One connection, the message whose text it has handed over, and the next one, whose envelope is out."""

    transport: Transport
    dialogue: Dialogue
    began_at: datetime
    sent: Pair | None = None
    offered: Pair | None = None
    is_writing: bool = False  # and waits for the other side to read

    @property
    def is_waiting(self) -> bool:
        return self.sent is not None or self.offered is not None


class Convoy:
    def __init__(self, shared: HandOver, carriers: Sequence[Carrier]) -> None:
        self.shared, self.carriers = shared, list(carriers)
        self._is_over = False  # nothing more leaves by this convoy
        self._done: list[Outcome] = []  # not noted yet
        self._selector = selectors.DefaultSelector()

    def work(self) -> None:
        try:
            for carrier in tuple(self.carriers):
                self._selector.register(carrier.dialogue, selectors.EVENT_READ, carrier)
                self._offer(carrier)
            while any(carrier.is_waiting for carrier in self.carriers):
                self._step()
        except Exception as error:  # the store or a transport: what has been handed over so far is still known
            for carrier in self.carriers:
                if carrier.sent:
                    self._doubt(carrier.sent[0], carrier.began_at, error)
            self.shared.fail(error)
        finally:
            self._selector.close()
            for carrier in self.carriers:
                if not carrier.dialogue.is_idle:
                    carrier.dialogue.break_off()
            self.shared.journal.note(done=self._done)

    def _step(self) -> None:
        heard = self._wait()
        for carrier in heard:
            self._hear(carrier)
        taken = [carrier for carrier in heard if carrier.dialogue.is_taken]
        if taken:
            self._let_go(taken)
        for carrier in heard:
            if not carrier.is_waiting:
                self._offer(carrier)

    def _wait(self) -> list[Carrier]:
        """The connections over which something was said, or whose provider has been silent for too long."""
        patience = min(carrier.dialogue.deadline for carrier in self.carriers) - time.monotonic()
        if patience > 0:
            return [key.data for key, _events in self._selector.select(min(patience, LONGEST_WAIT_SECONDS))]
        for carrier in self.carriers:
            carrier.dialogue.check_patience()
        return [carrier for carrier in self.carriers if carrier.dialogue.loss]

    # --- messages on their way

    def _next(self, carrier: Carrier) -> tuple[Pair, Any] | None:
        """The next message, packed for this connection."""
        while self._may_go_on and (group := self.shared.next()):
            (pair,) = group
            try:
                return pair, carrier.dialogue.pack(carrier.transport.letter(pair[1]))
            except TransportError as error:
                self._record(carrier, pair, Answer(is_of_text=False, error=error))
            except Exception as error:
                self._doubt(pair[0], carrier.began_at, error)
                raise
        return None

    @property
    def _may_go_on(self) -> bool:
        return not self._is_over and not self.shared.run.standstill and self.shared.pace.is_free

    def _offer(self, carrier: Carrier) -> None:
        following = self._next(carrier)
        if following:
            carrier.offered, packed = following
            carrier.dialogue.offer(packed)
            self._look_after(carrier)

    def _let_go(self, carriers: Sequence[Carrier]) -> None:
        """Hands over the texts for which the providers wait, and with each the envelope of another message."""
        following: list[tuple[Pair, Any] | None] = []
        if self._may_go_on:
            begun = [carrier.offered[0].pk for carrier in carriers if carrier.offered]
            number = self.shared.journal.note(done=self._done, begin=begun)
            self._done, began_at = [], self.shared.clock.now()
            following = [self._next(carrier) for carrier in carriers]  # while the note is on its way
            try:
                self.shared.pass_gate(number, looks=True)
            except Halted:
                self._is_over = True
        if not self._may_go_on:
            for carrier in carriers:
                self._call_off(carrier)
            for each in following:
                self._put_back(each and each[0])
            return
        for carrier, after in zip(carriers, following, strict=True):
            carrier.sent, carrier.offered, carrier.began_at = carrier.offered, after and after[0], began_at
            carrier.dialogue.hand_over(after and after[1])
            self._look_after(carrier)

    def _call_off(self, carrier: Carrier) -> None:
        """SMTP knows no other way back from an envelope that was taken than to hang up."""
        self._put_back(carrier.offered)
        carrier.offered = None
        self._drop(carrier)

    def _put_back(self, pair: Pair | None) -> None:
        if pair:
            self.shared.put_back(pair)

    # --- what becomes of them

    def _hear(self, carrier: Carrier) -> None:
        for answer in carrier.dialogue.go_on():
            if answer.is_of_text:
                pair, carrier.sent = carrier.sent, None
            else:
                pair, carrier.offered = carrier.offered, None
            if pair:
                self._record(carrier, pair, answer)
        self._look_after(carrier)

    def _record(self, carrier: Carrier, pair: Pair, answer: Answer) -> None:
        receipt = carrier.transport.receipt_of(pair[1], answer)
        self._keep(outcome_of(pair[0], receipt, at=carrier.began_at))
        self.shared.stand_still(self.shared.pace.heard(receipt))

    def _doubt(self, row: WaitingRow, at: datetime, error: Exception) -> None:
        """Nobody knows how far the message came."""
        self._keep(Outcome.in_doubt(row, DeliveryReason.NO_ANSWER, at=at, text=repr(error)))

    def _keep(self, outcome: Outcome) -> None:
        self._done.append(outcome)
        self.shared.run.outcomes.append(outcome)

    def _look_after(self, carrier: Carrier) -> None:
        if carrier.dialogue.loss:
            self._lose(carrier, carrier.dialogue.loss)
        elif carrier.dialogue.wants_to_write != carrier.is_writing:
            carrier.is_writing = not carrier.is_writing
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if carrier.is_writing else 0)
            self._selector.modify(carrier.dialogue, events, carrier)

    def _lose(self, carrier: Carrier, loss: TransportError) -> None:
        """What may have arrived is in doubt. The rest goes by lanes, which connect anew and know when to stop trying."""
        self._is_over = True
        (pair, other), carrier.sent, carrier.offered = _first(carrier.sent, carrier.offered), None, None
        self._put_back(other)
        if pair and (loss.phase is Phase.AFTER or loss.channel_down):
            self._record(carrier, pair, Answer(is_of_text=True, error=loss))
        else:
            self._put_back(pair)
        self._drop(carrier)

    def _drop(self, carrier: Carrier) -> None:
        self._selector.unregister(carrier.dialogue)
        self.carriers.remove(carrier)
        carrier.dialogue.break_off()


def _first(sent: Pair | None, offered: Pair | None) -> tuple[Pair | None, Pair | None]:
    return (sent, offered) if sent else (offered, None)


def work_by_convoy(shared: HandOver, transports: Sequence[Transport]) -> None:
    """Works through the messages where the transports can be spoken to without waiting, and as long as all goes well."""
    if not (shared.may_go_on and shared.pace.is_free):
        return
    now = shared.clock.now()
    dialogues = [(transport, dialogue) for transport, dialogue in zip(transports, _opened(transports), strict=True) if dialogue]
    carriers = [Carrier(transport=transport, dialogue=dialogue, began_at=now) for transport, dialogue in dialogues]
    if carriers:
        Convoy(shared, carriers).work()


def _opened(transports: Sequence[Transport]) -> Sequence[Dialogue | None]:
    """All at once: connecting takes a provider at the other end of a long line a second."""
    if sum(not transport.is_open for transport in transports) < 2:
        return [_dialogue(transport) for transport in transports]
    with ThreadPoolExecutor(len(transports)) as pool:
        return list(pool.map(_dialogue, transports))


def _dialogue(transport: Transport) -> Dialogue | None:
    try:
        return transport.dialogue()
    except TransportError:  # a lane will find out the same, and say so
        return None
