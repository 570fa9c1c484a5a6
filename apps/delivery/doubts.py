"""Messages whose answer was lost: waited for, repeated under the same key, or given up as unknown."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from apps.campaigns.models import OPEN_STATES
from apps.channels.registry import transport_class

from . import policy
from .closing import finish_touchpoint
from .models import Delivery, DeliveryState
from .policy import DeliveryReason, Doubt
from .settle import requeue

REPEAT_PAUSE = timedelta(seconds=30)  # before the second repeat and later ones; the first goes at once


def resolve_doubts(now: datetime, *, touchpoint_id: int | None = None) -> int:
    """Applies each channel's policy to the deliveries in doubt; returns how many it resolved."""
    rows = Delivery.objects.in_doubt().select_related("touchpoint", "batch", "batch__channel").order_by("sent_at", "pk")
    if touchpoint_id is not None:
        rows = rows.filter(touchpoint=touchpoint_id)
    verdicts: dict[tuple[Doubt, int | None, int], list[Delivery]] = defaultdict(list)
    for delivery in rows.iterator():
        verdict = _verdict(delivery, now)
        if verdict is not Doubt.WAIT:
            verdicts[verdict, delivery.batch_id, delivery.attempts].append(delivery)
    return sum(_apply(verdict, group, now) for (verdict, _batch, _attempts), group in verdicts.items())


def _verdict(delivery: Delivery, now: datetime) -> Doubt:
    touchpoint, batch = delivery.touchpoint, delivery.batch
    if batch is None or delivery.sent_at is None:  # not made by this engine
        return Doubt.GIVE_UP
    return policy.resolve_doubt(
        kind=batch.channel.kind,
        urgency=touchpoint.urgency,
        age=now - delivery.sent_at,
        attempts=delivery.attempts,
        may_leave=touchpoint.state in OPEN_STATES
        and touchpoint.revision == delivery.revision
        and touchpoint.useful_until is not None
        and now < touchpoint.useful_until,
        is_idempotent=transport_class(batch.channel.kind).is_idempotent,
    )


@transaction.atomic
def _apply(verdict: Doubt, group: Sequence[Delivery], now: datetime) -> int:
    rows = Delivery.objects.in_doubt().filter(pk__in=[delivery.pk for delivery in group])
    first = group[0]
    if verdict is Doubt.REPEAT and first.batch is not None:
        not_before = now if first.attempts <= 1 else now + REPEAT_PAUSE
        return requeue(rows, like=first.batch, reason=DeliveryReason.REPEATED, not_before=not_before, now=now)
    resolved = rows.update(state=DeliveryState.UNKNOWN, reason=DeliveryReason.NO_EVIDENCE, settled_at=now)
    finish_touchpoint(first.touchpoint_id, now=now)
    return resolved
