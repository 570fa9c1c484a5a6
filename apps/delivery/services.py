"""What the engine does, verb by verb. A batch goes from the ledger to the provider and back in `deliver_batch`."""

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from apps.accounts.models import User
from apps.accounts.services import record
from apps.audiences.models import SuppressionReason
from apps.audiences.services import suppress
from apps.campaigns.addresses import address_kind
from apps.campaigns.models import OPEN_STATES, Audience, Campaign
from apps.channels.contract import Transport
from apps.channels.pool import TransportPool
from apps.common.states import move

from . import store
from .clock import RunningClock
from .closing import Closing, close_batches, close_stopped, expire_past_use, finish_settled, finish_touchpoint
from .compose import Composed, Desk, compose_batch
from .doubts import resolve_doubts
from .expand import Expanded, expand_touchpoint, expand_wholly
from .fallback import send_fallbacks
from .handover import Brake, HandOver, Run, hand_over
from .journal import Journal
from .lease import Lease
from .look_ups import askable, look_up_doubts, look_up_now
from .mending import expand_or_wait
from .models import DELIVERY_TRANSITIONS, Batch, BatchState, Delivery, DeliveryState, Pulse
from .pace import Pace
from .policy import DeliveryReason
from .reaper import reap
from .resolutions import Resolution, resolve_by_hand
from .settle import accept_late, requeue, settle
from .trail import By, note_resolved
from .waiting import waiting_rows

__all__ = (
    "Closing",
    "Expanded",
    "Report",
    "Resolution",
    "Workplace",
    "askable",
    "beat_once",
    "close_batches",
    "close_stopped",
    "deliver_batch",
    "expand_or_wait",
    "expand_touchpoint",
    "expand_wholly",
    "expire_past_use",
    "finish_settled",
    "look_up_doubts",
    "look_up_now",
    "may_retry",
    "reap",
    "record_evidence",
    "resolve_by_hand",
    "resolve_doubts",
    "retry_delivery",
    "send_fallbacks",
)

logger = logging.getLogger(__name__)

# One claim hands over so long and then gives the rest back, so that with the longest wait for a single answer it ends
# well within the soft time limit of a task.
BATCH_BUDGET = timedelta(seconds=30)
ANSWER_SECONDS = 300.0  # RFC 5321 asks for 10 min; who gives up sooner makes doubts
SWITCHED_OFF_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of one claim, for the log and for tests."""

    sent: int = 0
    others: int = 0  # refused, in doubt, left out
    was_refused: bool = False  # it could not be marked: its touchpoint may not leave any more
    was_paced: bool = False  # what is left of it waits for its channel's pace


class Workplace:
    """What a worker keeps from one batch to the next, within the `with` block: open connections, and texts it has read."""

    def __init__(self) -> None:
        self.pool = TransportPool(answer_timeout=ANSWER_SECONDS)
        self.desk = Desk()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.pool.close()


def deliver_batch(batch: Batch, *, now: datetime, budget: timedelta = BATCH_BUDGET, workplace: Workplace | None = None) -> Report:
    """Compose, mark, hand over, settle: the whole life of a claimed batch. No transaction is open while it is handed over.

    `workplace`: that of a worker that delivers batch after batch.
    """
    if workplace is None:
        with Workplace() as own:
            return deliver_batch(batch, now=now, budget=budget, workplace=own)
    clock = RunningClock(now)
    with closing(Pace(batch, clock)) as pace:
        if not batch.channel.is_enabled:
            store.release(batch, not_before=now + SWITCHED_OFF_PAUSE)
            return Report()
        if pace.opening():  # its channel is held until there are permits; until then nobody takes it again
            store.release(batch, not_before=batch.not_before)
            return Report(was_paced=True)
        return _delivered(batch, workplace, pace, clock, now=now, budget=budget)


def _delivered(
    batch: Batch, workplace: Workplace, pace: Pace, clock: RunningClock, *, now: datetime, budget: timedelta
) -> Report:
    with Lease(batch, clock) as lease:
        transports, composed = _prepared(batch, workplace, now=now)
        with closing(Journal.open(batch)) as journal:
            edition = composed.edition_id
            if not store.mark_sending(batch, composed_at=now, journal=journal.run, now=clock.now(), edition_id=edition):
                store.close_refused(batch, now=clock.now())
                return Report(was_refused=True)
            batch.composed_at = now
            pace.begin(len(composed.messages))
            brake = Brake(batch, lease, clock, budget=budget)
            shared = HandOver(batch, composed.messages, journal=journal, brake=brake, pace=pace, clock=clock)
            run = hand_over(shared, transports)
            _settle(batch, composed, run, journal, was_stopped=brake.has_seen_a_stop, now=clock.now())
    if run.bug:
        raise run.bug
    sent = sum(outcome.state == DeliveryState.SENT for outcome in run.outcomes)
    was_paced = run.standstill is not None and run.standstill.reason == DeliveryReason.PACED
    return Report(sent=sent, others=len(run.outcomes) + len(composed.left_out) - sent, was_paced=was_paced)


def _prepared(batch: Batch, workplace: Workplace, *, now: datetime) -> tuple[Sequence[Transport], Composed]:
    """Connections and messages; what goes wrong for all of them gives the batch back and stays loud."""
    try:
        rows = waiting_rows(batch)
        transports = workplace.pool.lend(batch.channel, at_most=len(rows))
        first = transports[0]
        composed = compose_batch(
            batch, rows, at=now, takes_wire=first.takes_wire, takes_merge=first.takes_merge, desk=workplace.desk
        )
        return transports, composed
    except Exception as error:
        store.give_back_crashed(batch, now=now, error=repr(error))
        raise


def _settle(batch: Batch, composed: Composed, run: Run, journal: Journal, *, was_stopped: bool, now: datetime) -> None:
    outcomes = [*composed.left_out, *run.outcomes]
    if not settle(batch, outcomes, now=now, standstill=run.standstill or composed.standstill):
        late = accept_late(run.outcomes, now=now)
        logger.warning("Batch %s was taken away while it was sent; %s late acceptances were recorded", batch.pk, late)
        return
    journal.forget()
    for outcome in run.outcomes:
        if outcome.is_bad_address:
            _suppress(batch, outcome.delivery_id, outcome.text, now=now)
    if any(outcome.state == DeliveryState.IN_DOUBT for outcome in run.outcomes):
        resolve_doubts(now, touchpoint_id=batch.touchpoint_id)
    if was_stopped:
        close_stopped(now)


def _suppress(batch: Batch, delivery_id: int, note: str, *, now: datetime) -> None:
    kind = address_kind(batch.channel)
    address = Delivery.objects.values_list("address", flat=True).get(pk=delivery_id)
    suppress(kind=kind, address=address, reason=SuppressionReason.HARD_BOUNCE, note=note, now=now)


@transaction.atomic
def record_evidence(delivery: Delivery, *, outcome: Literal["sent", "failed"], reason: str, now: datetime) -> bool:
    """What came back settles a doubt, or shows that an acceptance came to nothing; False when nothing changed.

    A message that waits to be repeated because its answer was lost is spared that by evidence of its arrival. The
    worker that has it in hand already decides for itself.
    """
    rows = Delivery.objects.filter(pk=delivery.pk)
    doubted = Q(state__in=(DeliveryState.IN_DOUBT, DeliveryState.UNKNOWN))
    if outcome == "failed":
        failed: dict[str, Any] = {
            "to": DeliveryState.FAILED,
            "transitions": DELIVERY_TRANSITIONS,
            "reason": reason,
            "settled_at": now,
        }
        resolved = move(rows.filter(doubted), **failed)
        changed = resolved or move(rows.exclude(state=DeliveryState.PENDING), **failed)
    else:
        repeated = Q(state=DeliveryState.PENDING, reason=DeliveryReason.REPEATED, batch__state=BatchState.READY)
        proven = Delivery.objects.filter(doubted | repeated, pk=delivery.pk)
        sent_at = delivery.sent_at or now
        resolved = changed = rows.filter(pk__in=proven.values("pk")).update(
            state=DeliveryState.SENT, reason="", sent_at=sent_at, settled_at=now
        )
    if resolved:
        note_resolved([delivery.pk], to=outcome, by=By.EVIDENCE, now=now, reason=reason)
    if changed:
        finish_touchpoint(delivery.touchpoint_id, now=now)
    return bool(changed)


# What a person may try again, as long as the touchpoint is open and of use.
RETRYABLE_REASONS = (DeliveryReason.CONTENT_ERROR, DeliveryReason.CRASHED, DeliveryReason.ATTEMPTS_USED_UP)


def may_retry(*, now: datetime) -> Q:
    """Deliveries that a person may send again: in doubt, failed for a reason that can be mended, or waiting for their turn."""
    open_now = Q(touchpoint__state__in=OPEN_STATES, touchpoint__useful_until__gt=now, batch__isnull=False)
    told_otherwise = Delivery.objects.told_or_waiting().filter(
        contact=OuterRef("contact"),
        touchpoint__audience=Audience.FAILED,
        touchpoint__campaign=OuterRef("touchpoint__campaign"),
        touchpoint__step_key=OuterRef("touchpoint__step_key"),
        touchpoint__occurrence=OuterRef("touchpoint__occurrence"),
    )
    failed = Q(~Exists(told_otherwise), state=DeliveryState.FAILED, reason__in=RETRYABLE_REASONS)
    waits = Q(state=DeliveryState.PENDING, batch__state=BatchState.READY, batch__not_before__gt=now)
    return open_now & (Q(state=DeliveryState.IN_DOUBT) | failed | waits)


@transaction.atomic
def retry_delivery(delivery: Delivery, *, actor: User | None, now: datetime) -> bool:
    """Sends one delivery again at once, under its own key; False when it may not go (any more).

    Its batch is locked first: a worker that has claimed it meanwhile has this delivery in hand. Its campaign is locked
    before, as for taking over what has failed: one of the two comes first and the other sees it.
    """
    Campaign.objects.select_for_update(of=("self",), no_key=True).filter(touchpoints=delivery.touchpoint_id).first()
    Batch.objects.select_for_update().filter(deliveries=delivery.pk).first()
    fence = Delivery.objects.filter(may_retry(now=now), pk=delivery.pk)
    current = fence.select_related("batch", "touchpoint").select_for_update(of=("self",)).first()
    if current is None or current.batch is None or current.revision != current.touchpoint.revision:
        return False
    rows = Delivery.objects.filter(pk=current.pk, state=current.state)
    if not requeue(rows, like=current.batch, reason=DeliveryReason.BY_HAND, not_before=now, now=now):
        return False
    record("delivery.retried", subject=current, actor=actor, now=now, was=current.state)
    return True


def beat_once(name: str, *, now: datetime) -> None:
    """Notes that this part of the engine is alive."""
    Pulse.objects.update_or_create(name=name, defaults={"seen_at": now})
