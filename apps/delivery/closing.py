"""How things end without leaving: batches of stopped touchpoints, touchpoints past their use, touchpoints all settled.

A batch in a worker's hands is never touched here; the worker finds out by itself, or its lease runs out.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.campaigns.models import OPEN_STATES, TOUCHPOINT_TRANSITIONS, Reason, Touchpoint, TouchpointState
from apps.common.states import move

from .models import BATCH_TRANSITIONS, TOLD_STATES, Batch, BatchState, Delivery, DeliveryState, Expansion, Installation
from .policy import DeliveryReason


class Closing(Enum):
    """What becomes of deliveries that may no longer leave, and why."""

    CANCELLED = (DeliveryState.CANCELLED, DeliveryReason.WINDOW_CANCELLED)
    REPLANNED = (DeliveryState.SUPERSEDED, DeliveryReason.WINDOW_CHANGED)
    PAST_USE = (DeliveryState.EXPIRED, DeliveryReason.PAST_USE)
    PAUSED = (DeliveryState.EXPIRED, DeliveryReason.PAUSED)
    HALTED = (DeliveryState.EXPIRED, DeliveryReason.HALTED)
    SKIPPED = (DeliveryState.CANCELLED, DeliveryReason.SKIPPED)

    @classmethod
    def of(cls, touchpoint: Touchpoint) -> "Closing":
        """Why deliveries of this touchpoint may not leave, given that they may not."""
        if touchpoint.state == TouchpointState.CANCELLED:
            return cls.CANCELLED
        if touchpoint.state in (TouchpointState.MISSED, *OPEN_STATES):
            return cls.late(touchpoint)
        return cls.REPLANNED

    @classmethod
    def late(cls, touchpoint: Touchpoint) -> "Closing":
        """Why nobody sent it in time."""
        if Installation.objects.halted().exists():
            return cls.HALTED
        is_paused = Touchpoint.objects.held_back().filter(pk=touchpoint.pk).exists()
        return cls.PAUSED if is_paused else cls.PAST_USE


BATCHES_AT_ONCE = 1000  # in one statement; SQLite takes 32,766 parameters


# What is said of a touchpoint of which deliveries did not leave for such a reason; for any other they came too late.
UNSENT_REASONS = {
    DeliveryReason.HALTED: Reason.HALTED,
    DeliveryReason.PAUSED: Reason.PAUSED,
    DeliveryReason.SKIPPED: Reason.SKIPPED_BY_HAND,
}


@transaction.atomic
def close_batches(batches: QuerySet[Batch], closing: Closing, *, now: datetime) -> int:
    """Ends those of `batches` that no worker has in hand, and their waiting deliveries; returns how many deliveries."""
    ready = batches.filter(state=BatchState.READY).order_by("pk")
    ids = list(ready.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
    return sum(_close(ids[first : first + BATCHES_AT_ONCE], closing, now) for first in range(0, len(ids), BATCHES_AT_ONCE))


def _close(batch_ids: Sequence[int], closing: Closing, now: datetime) -> int:
    move(Batch.objects.filter(pk__in=batch_ids), to=BatchState.DONE, transitions=BATCH_TRANSITIONS, done_at=now)
    return close_deliveries(Delivery.objects.filter(batch__in=batch_ids), closing, now=now)


def close_deliveries(deliveries: QuerySet[Delivery], closing: Closing, *, now: datetime) -> int:
    state, reason = closing.value
    waiting = deliveries.filter(state=DeliveryState.PENDING)
    return leave_in_doubt(waiting) + waiting.update(state=state, reason=reason.value, settled_at=now)


def leave_in_doubt(waiting: QuerySet[Delivery]) -> int:
    """A repeat that does not take place leaves the doubt it was to end: the message may have arrived the first time."""
    repeats = waiting.filter(sent_at__isnull=False)
    return repeats.update(state=DeliveryState.IN_DOUBT, reason=DeliveryReason.NO_ANSWER, settled_at=None)


def close_stopped(now: datetime) -> int:
    """Ends what waits for touchpoints that were cancelled, replaced or re-planned; returns how many deliveries."""
    stopped = Batch.objects.stopped()
    cancelled, missed = Q(touchpoint__state=TouchpointState.CANCELLED), Q(touchpoint__state=TouchpointState.MISSED)
    return sum(
        (
            close_batches(stopped.filter(cancelled), Closing.CANCELLED, now=now),
            close_batches(stopped.filter(missed), Closing.PAST_USE, now=now),
            close_batches(stopped.exclude(cancelled | missed), Closing.REPLANNED, now=now),
        )
    )


def expire_past_use(now: datetime) -> int:
    """Ends the touchpoints whose use is over: missed, or sent as far as they came. Returns how many it ended."""
    return sum(_expire(touchpoint, now=now) for touchpoint in Touchpoint.objects.past_use(now).order_by("pk"))


@transaction.atomic
def _expire(touchpoint: Touchpoint, *, now: datetime) -> bool:
    fence = Touchpoint.objects.past_use(now).filter(pk=touchpoint.pk)
    if fence.select_for_update(no_key=True).first() is None:  # moved or sent meanwhile
        return False
    closing = Closing.late(touchpoint)
    if touchpoint.state == TouchpointState.PLANNED:
        reason = UNSENT_REASONS.get(closing.value[1], Reason.NOT_SENT_IN_TIME)
        return bool(_end(fence, TouchpointState.MISSED, reason=reason, settled_at=now))
    close_batches(Batch.objects.filter(touchpoint=touchpoint), closing, now=now)
    return finish_touchpoint(touchpoint.pk, now=now)


def finish_settled(now: datetime) -> int:
    """Ends open touchpoints of which nothing is left to settle; finds those whose last worker died before it looked."""
    here = {"touchpoint": OuterRef("pk"), "revision": OuterRef("revision")}
    done = Touchpoint.objects.filter(
        ~Exists(_waiting().filter(**here)),
        ~Exists(Delivery.objects.in_doubt().filter(**here)),
        state__in=OPEN_STATES,
        expanded_at__isnull=False,
    ).order_by("pk")
    return sum(finish_touchpoint(pk, now=now) for pk in done.values_list("pk", flat=True))


def finish_last(batch: Batch, *, now: datetime) -> bool:
    """To be called when `batch` is done and that is committed: ends the touchpoint if no other is left to take.

    Of workers that end the last batches together, the one that commits last sees the others done.
    """
    others = f"SELECT 1 FROM {Batch._meta.db_table} WHERE touchpoint_id = %s AND revision = %s AND NOT (state = 'done') LIMIT 1"
    if is_any(others, batch.touchpoint_id, batch.revision):
        return False
    return finish_touchpoint(batch.touchpoint_id, now=now)


@transaction.atomic
def finish_touchpoint(touchpoint_id: int, *, now: datetime) -> bool:
    """Ends the touchpoint if every delivery of its revision is settled, and none is still to be written: sent; or missed, or
    skipped, when none left for such a reason.

    The lock keeps it from being re-planned meanwhile, and makes those who end it together do so one after the other.
    """
    fence = Touchpoint.objects.filter(pk=touchpoint_id, state__in=OPEN_STATES)
    revision = fence.select_for_update(no_key=True).values_list("revision", flat=True).first()
    if revision is None:
        return False
    here = {"touchpoint": touchpoint_id, "revision": revision}
    if _waiting().filter(**here).exists() or Delivery.objects.in_doubt().filter(**here).exists():
        return False
    if Expansion.objects.to_finish(now).filter(**here).exists():
        return False
    state, reason = _ending(touchpoint_id, revision)
    return bool(_end(fence.filter(revision=revision), state, reason=reason, settled_at=now))


def _ending(touchpoint_id: int, revision: int) -> tuple[str, str]:
    """The state a settled touchpoint goes to, and why some of it did not leave, or nothing."""
    rows = Delivery.objects.filter(touchpoint=touchpoint_id)
    unsent = rows.with_a_reason().filter(revision=revision, state__in=(DeliveryState.EXPIRED, DeliveryState.CANCELLED))
    codes = set(unsent.values_list("reason", flat=True).distinct())
    rest = Expansion.objects.unfinished().filter(touchpoint=touchpoint_id, revision=revision).select_related("touchpoint").first()
    if rest:  # nothing was written for the others
        codes.add((Closing.SKIPPED if rest.skipped_at else Closing.late(rest.touchpoint)).value[1])
    if not codes:
        return TouchpointState.SENT, ""
    reason = next((reason for code, reason in UNSENT_REASONS.items() if code in codes), Reason.NOT_SENT_IN_TIME)
    if rows.filter(state__in=(*TOLD_STATES, DeliveryState.FAILED)).exists():
        return TouchpointState.SENT, reason
    return (TouchpointState.SKIPPED if codes == {DeliveryReason.SKIPPED} else TouchpointState.MISSED), reason


def is_any(sql: str, *params: int) -> bool:
    """Whether `sql` finds a row. For what is asked once per batch, where to build a query takes longer than to run it."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone() is not None


def _waiting() -> QuerySet[Batch]:
    """Batches with deliveries that wait. Asked for by batch, because the sent ones of a touchpoint may be a million."""
    rows = Delivery.objects.filter(state=DeliveryState.PENDING, batch=OuterRef("pk"))
    return Batch.objects.unfinished().filter(Exists(rows))


def _end(fence: QuerySet[Touchpoint], to: str, **changes: Any) -> int:
    return move(fence, to=to, transitions=TOUCHPOINT_TRANSITIONS, **changes)
