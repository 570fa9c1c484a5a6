"""Hands the messages of a marked batch over, one after the other, and keeps note of each."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from apps.channels.contract import Transport
from apps.channels.messages import Message, Receipt

from . import store
from .clock import RunningClock
from .journal import Journal, JournalLost
from .lease import Lease
from .models import Batch, Delivery
from .outcomes import Outcome, Standstill, outcome_of
from .policy import DeliveryReason

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25  # how often a sending batch looks whether its touchpoint was stopped


@dataclass(kw_only=True)
class Run:
    """How far a hand-over came. `bug`: what the transport raised that it should not have."""

    outcomes: list[Outcome] = field(default_factory=list)
    standstill: Standstill | None = None
    bug: Exception | None = None


class Brake:
    """Says between two messages whether the next may still be handed over."""

    def __init__(self, batch: Batch, lease: Lease, clock: RunningClock, *, budget: timedelta) -> None:
        self._batch, self._lease, self._clock = batch, lease, clock
        self._ends = time.monotonic() + budget.total_seconds()
        self._look_at = time.monotonic() + LOOK_SECONDS  # the mark itself was the first look

    def is_free(self) -> bool:
        now = time.monotonic()
        if not self._lease.is_held or now >= self._ends:
            return False
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            return store.may_go_on(self._batch, now=self._clock.now())
        return True


def hand_over(
    batch: Batch,
    messages: Sequence[tuple[Delivery, Message]],
    *,
    transport: Transport,
    journal: Journal,
    brake: Brake,
    clock: RunningClock,
) -> Run:
    """Asks the transport for one receipt after the other until all are there, the channel stands still or the brake holds.

    A message without an outcome in the result was not handed over.
    """
    run = Run()
    receipts = transport.send([message for _delivery, message in messages])
    try:
        for delivery, _message in messages:
            if run.standstill or not brake.is_free():
                break
            _note(journal, batch, done=run.outcomes[-1] if run.outcomes else None, begin=delivery.pk)
            _hand_over_one(run, delivery, receipts, clock)
    except Exception as error:  # the store or the transport: what has been handed over so far is still known
        run.bug = error
        run.standstill = Standstill(reason=DeliveryReason.ENGINE_ERROR, text=repr(error))
    finally:
        _close(receipts)
    if run.outcomes:
        with contextlib.suppress(JournalLost):  # the claim is lost too; settling finds that out and does what is left
            _note(journal, batch, done=run.outcomes[-1], begin=None)
    return run


def _hand_over_one(run: Run, delivery: Delivery, receipts: Iterator[Receipt], clock: RunningClock) -> None:
    at = clock.now()
    try:
        receipt = next(receipts)
    except Exception as error:
        # Nobody knows how far it came.
        run.outcomes.append(Outcome.in_doubt(delivery, DeliveryReason.NO_ANSWER, at=at, text=repr(error)))
        raise
    run.outcomes.append(outcome_of(delivery, receipt, at=at))
    if receipt.error and receipt.error.channel_down:
        run.standstill = Standstill(
            reason=DeliveryReason.CHANNEL_DOWN, text=receipt.error.text, retry_after=receipt.error.retry_after
        )


def _note(journal: Journal, batch: Batch, *, done: Outcome | None, begin: int | None) -> None:
    """Without Redis the batch goes on, once the database knows that its journal is no longer complete."""
    try:
        journal.note(done=done, begin=begin)
    except JournalLost as error:
        logger.warning("Batch %s goes on without its journal: %s", batch.pk, error)
        if not store.give_up_journal(batch):
            raise


def _close(receipts: Iterator[Receipt]) -> None:
    close: Callable[[], None] | None = getattr(receipts, "close", None)
    if close:
        close()
