"""Several connections in one thread, as long as all goes well.

A message costs one exchange with its provider, and what is noted of all that are at their gates at one time one exchange
with Redis: waiting is what costs most. As in a lane, a connection has at most one message between the note of its
beginning and that of its result. A convoy does no more than that: where a connection is lost, or the provider wants to be
written to slowly, it breaks up, and lanes see to the rest.
"""

import selectors
import time
from collections.abc import Sequence
from typing import Any

from apps.channels.contract import MOST_LOSSES_IN_A_ROW, Answer, Transport
from apps.channels.messages import Phase, Receipt, TransportError

from ..outcomes import Outcome, outcome_of
from ..policy import DeliveryReason
from .brake import Halted
from .carriers import Carrier, Openings, opening
from .shared import HandOver, Pair

LONGEST_WAIT_SECONDS = 60.0
OPENING_SECONDS = 0.02  # between looks whether another connection stands


class Convoy:
    def __init__(self, shared: HandOver, openings: Openings) -> None:
        self.shared, self.openings = shared, openings
        self.carriers: list[Carrier] = []
        self.has_stood = False  # on one connection at least
        self._is_over = False  # nothing more leaves by this convoy
        self._losses = 0  # behind a text, in a row
        self._done: list[Outcome] = []  # not noted yet
        self._selector = selectors.DefaultSelector()

    def work(self) -> None:
        try:
            self._join(seconds=None)
            self._go_on()
        except Exception as error:  # the store, a transport, or the end of the task
            self._see_out(error)
        finally:
            self._selector.close()
            for carrier in self.carriers:
                if not carrier.dialogue.is_idle:
                    carrier.dialogue.break_off()
            if self._done:
                self.shared.journal.note(done=self._done)

    def _go_on(self) -> None:
        while any(carrier.is_waiting for carrier in self.carriers) or self._expects_company:
            heard = self._wait()
            for carrier in heard:
                self._hear(carrier)
            taken = [carrier for carrier in heard if carrier.dialogue.is_taken and not carrier.is_gone]
            if taken:
                self._let_go(taken)
            if not self.openings.are_over:
                self._join(seconds=0 if heard else OPENING_SECONDS)
            for carrier in heard:
                if carrier.is_empty and not carrier.is_gone:
                    self._offer(carrier)

    def _see_out(self, error: Exception) -> None:
        """What has been handed over may still be answered; what is not, nobody knows."""
        self._is_over = True
        self.shared.fail(error)
        try:
            for carrier in tuple(self.carriers):
                if carrier.dialogue.is_taken:
                    self._call_off(carrier)
            self._go_on()
        except Exception as again:
            for carrier in self.carriers:
                if carrier.sent:
                    self._doubt(carrier.sent, carrier, again)

    # --- connections

    @property
    def _expects_company(self) -> bool:
        return not self.openings.are_over and self._may_go_on and self.shared.may_go_on

    def _join(self, *, seconds: float | None) -> None:
        for transport, dialogue in self.openings.stand(seconds=seconds):
            carrier = Carrier(transport=transport, dialogue=dialogue, began_at=self.shared.clock.now())
            self.carriers.append(carrier)
            self.has_stood = True
            self._selector.register(dialogue, selectors.EVENT_READ, carrier)
            self._offer(carrier)

    def _wait(self) -> list[Carrier]:
        """The connections over which something was said, or whose provider has been silent for too long."""
        patience = min((carrier.dialogue.deadline for carrier in self.carriers), default=0.0) - time.monotonic()
        longest = LONGEST_WAIT_SECONDS if self.openings.are_over else OPENING_SECONDS
        heard = [key.data for key, _events in self._selector.select(max(0.0, min(patience, longest)))]
        if heard or patience > 0:  # what was said in time is heard, however late we listen
            return heard
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
                self._doubt(pair, carrier, error)
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
                self._put_back(each and each[0], was_begun=False)
            return
        for carrier, after in zip(carriers, following, strict=True):
            carrier.sent, carrier.offered, carrier.began_at = carrier.offered, after and after[0], began_at
            carrier.dialogue.hand_over(after and after[1])
            self._look_after(carrier)

    def _call_off(self, carrier: Carrier) -> None:
        """SMTP knows no other way back from an envelope that was taken than to hang up."""
        self._put_back(carrier.offered, was_begun=True)
        carrier.offered = None
        self._drop(carrier)

    def _put_back(self, pair: Pair | None, *, was_begun: bool) -> None:
        if pair:
            self.shared.put_back(pair, was_begun=was_begun)

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
        self._losses = self._losses if receipt.error else 0
        self._keep(outcome_of(pair[0], receipt, at=carrier.began_at))
        self.shared.stand_still(self.shared.pace.heard(receipt))

    def _doubt(self, pair: Pair, carrier: Carrier, error: Exception) -> None:
        """Nobody knows how far the message came."""
        self._keep(Outcome.in_doubt(pair[0], DeliveryReason.NO_ANSWER, at=carrier.began_at, text=repr(error)))

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
        """What may have arrived is in doubt; all else of it goes by another connection.

        The others only go on where nothing but an envelope was lost: lanes know best how to connect anew and when to stop.
        """
        sent, offered, carrier.sent, carrier.offered = carrier.sent, carrier.offered, None, None
        self._drop(carrier)
        self._is_over |= sent is not None or loss.channel_down or not self.carriers
        if loss.phase is Phase.AFTER:
            self._losses += 1
            loss.channel_down |= self._losses >= MOST_LOSSES_IN_A_ROW
        hit = sent or offered
        if hit and (loss.phase is Phase.AFTER or loss.channel_down):
            self._record(carrier, hit, Answer(is_of_text=True, error=loss))
        else:
            self._put_back(hit, was_begun=sent is not None)
        self._put_back(offered if sent else None, was_begun=False)

    def _drop(self, carrier: Carrier) -> None:
        self._selector.unregister(carrier.dialogue)
        self.carriers.remove(carrier)
        carrier.is_gone = True
        carrier.dialogue.break_off()


def work_by_convoy(shared: HandOver, transports: Sequence[Transport]) -> None:
    """Works through the messages where the transports can be spoken to without waiting, and as long as all goes well."""
    if not (shared.may_go_on and shared.pace.is_free):
        return
    try:
        with opening(transports[: shared.left]) as openings:
            convoy = Convoy(shared, openings)
            convoy.work()
            if openings.error and not convoy.has_stood:
                shared.stand_still(shared.pace.heard(Receipt(key="", error=openings.error)))
    except Exception as error:  # before anything was handed over
        shared.fail(error)
