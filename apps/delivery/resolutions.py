"""How a doubt ends: by evidence, by the channel's policy or by a person. Each end is one audit event."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from apps.accounts.models import User
from apps.campaigns.models import OPEN_STATES

from .closing import finish_touchpoint
from .models import Batch, Delivery, DeliveryState
from .policy import DeliveryReason
from .settle import requeue
from .trail import By, note_resolved

ROWS_AT_ONCE = 1000


class Resolution(StrEnum):
    """What a person says of deliveries in doubt."""

    ARRIVED = "arrived"
    REPEAT = "repeat"  # it did not arrive: once more, under the same key
    NOT_ARRIVED = "not_arrived"  # and it is not sent again
    UNKNOWN = "unknown"  # nobody will find out


OUTCOMES = {
    Resolution.ARRIVED: (DeliveryState.SENT, ""),
    Resolution.NOT_ARRIVED: (DeliveryState.FAILED, DeliveryReason.NOT_ARRIVED),
    Resolution.UNKNOWN: (DeliveryState.UNKNOWN, DeliveryReason.NO_EVIDENCE),
}


def may_repeat(now: datetime) -> Q:
    """Deliveries whose touchpoint is open, as it was when they were written, and of use."""
    return Q(
        batch__isnull=False,
        touchpoint__state__in=OPEN_STATES,
        touchpoint__revision=F("revision"),
        touchpoint__useful_until__gt=now,
    )


def resolve_by_hand(rows: QuerySet[Delivery], resolution: Resolution, *, actor: User | None, now: datetime) -> int:
    """A person's word on `rows`, in pieces of their own transactions; returns how many doubts it ended.

    What is no longer in doubt, or may not go again, is passed over.
    """
    ids = list(rows.filter(state=DeliveryState.IN_DOUBT).order_by("pk").values_list("pk", flat=True))
    chunks = (ids[first : first + ROWS_AT_ONCE] for first in range(0, len(ids), ROWS_AT_ONCE))
    return sum(_by_hand(chunk, resolution, actor=actor, now=now) for chunk in chunks)


def _by_hand(ids: Collection[int], resolution: Resolution, *, actor: User | None, now: datetime) -> int:
    rows = Delivery.objects.filter(pk__in=ids)
    if resolution is Resolution.REPEAT:
        return _repeat_by_hand(rows.filter(may_repeat(now)), actor=actor, now=now)
    state, reason = OUTCOMES[resolution]
    return conclude(rows, to=state, reason=reason, by=By.PERSON, actor=actor, now=now)


@transaction.atomic
def _repeat_by_hand(rows: QuerySet[Delivery], *, actor: User | None, now: datetime) -> int:
    of_batch: dict[int, list[int]] = defaultdict(list)
    for pk, batch in rows.filter(state=DeliveryState.IN_DOUBT).values_list("pk", "batch"):
        of_batch[batch].append(pk)
    batches = Batch.objects.in_bulk(of_batch)
    return sum(
        repeat(ids, like=batches[batch], reason=DeliveryReason.BY_HAND, not_before=now, by=By.PERSON, actor=actor, now=now)
        for batch, ids in of_batch.items()
    )


@transaction.atomic
def conclude(
    rows: QuerySet[Delivery],
    *,
    to: str,
    reason: str,
    by: By,
    now: datetime,
    actor: User | None = None,
    provider_id: str = "",
    **detail: Any,
) -> int:
    """Ends the doubts among `rows` as sent, failed or unknown; returns how many."""
    held = _held(rows)
    if not held:
        return 0
    known = {"provider_id": provider_id[:128]} if provider_id else {}
    Delivery.objects.filter(pk__in=list(held)).update(state=to, reason=reason, settled_at=now, **known)
    note_resolved(held, to=to, by=by, actor=actor, now=now, reason=reason, **detail)
    for touchpoint in sorted(set(held.values())):
        finish_touchpoint(touchpoint, now=now)
    return len(held)


@transaction.atomic
def repeat(
    ids: Collection[int],
    *,
    like: Batch,
    reason: DeliveryReason,
    not_before: datetime,
    by: By,
    now: datetime,
    actor: User | None = None,
) -> int:
    """Sends the doubts among `ids`, all of the batch `like`, again under their own keys; returns how many."""
    held = _held(Delivery.objects.filter(pk__in=ids))
    if held:
        requeue(Delivery.objects.filter(pk__in=list(held)), like=like, reason=reason, not_before=not_before, now=now)
        note_resolved(held, to=DeliveryState.PENDING, by=by, actor=actor, now=now, reason=reason)
    return len(held)


def _held(rows: QuerySet[Delivery]) -> dict[int, int]:
    """Those of `rows` still in doubt, locked, with their touchpoints: nobody else ends them meanwhile."""
    doubts = rows.filter(state=DeliveryState.IN_DOUBT).order_by("pk").select_for_update(of=("self",))
    return dict(doubts.values_list("pk", "touchpoint"))
