"""Messages whose answer was lost: waited for, repeated under the same key, or given up as unknown."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from apps.campaigns.models import OPEN_STATES, Urgency
from apps.channels.models import Channel
from apps.channels.registry import transport_class

from . import policy
from .models import Delivery, DeliveryState
from .policy import AfterDoubt, DeliveryReason, Doubt, DoubtPolicy
from .resolutions import conclude, may_repeat, repeat
from .trail import By

MOST_AT_ONCE = 5000  # the next sweep goes on
REPEAT_PAUSE = timedelta(seconds=30)  # before the second repeat and later ones; the first goes at once


def resolve_doubts(now: datetime, *, touchpoint_id: int | None = None) -> int:
    """Applies each channel's policy to the deliveries in doubt, the oldest first; returns how many it resolved."""
    rows = Delivery.objects.in_doubt()
    if touchpoint_id is not None:
        rows = rows.filter(touchpoint=touchpoint_id)
    ripe = rows.filter(_ripe(rows, now)).select_related("touchpoint", "batch", "batch__channel").order_by("sent_at", "pk")
    verdicts: dict[tuple[Doubt, int | None, int], list[Delivery]] = defaultdict(list)
    for delivery in ripe[:MOST_AT_ONCE]:
        verdict = _verdict(delivery, now)
        if verdict is not Doubt.WAIT:
            verdicts[verdict, delivery.batch_id, delivery.attempts].append(delivery)
    return sum(_apply(verdict, group, now) for (verdict, _batch, _attempts), group in verdicts.items())


def _ripe(rows: QuerySet[Delivery], now: datetime) -> Q:
    """Those of `rows` that need not wait any longer, by the policies of their channels; `_verdict` says what follows."""
    kinds = rows.order_by().values_list("batch__channel", "touchpoint__urgency").distinct()
    pairs = [(pk, urgency) for pk, urgency in kinds if pk is not None]
    channels = Channel.objects.in_bulk({pk for pk, _urgency in pairs})
    ripe = Q(batch__isnull=True)
    for pk, urgency in pairs:
        chosen = policy_of(channels[pk], urgency)
        is_due = Q(sent_at__lte=now - chosen.wait)
        if chosen.then is AfterDoubt.REPEAT:
            is_due |= Q(may_repeat(now), attempts__lt=policy.MOST_REPEATS)
        ripe |= Q(is_due, batch__channel=pk, touchpoint__urgency=urgency)
    return ripe


def policy_of(channel: Channel, urgency: str) -> DoubtPolicy:
    """What this channel does about messages of this urgency."""
    minutes = channel.evidence_minutes
    return policy.doubt_policy(
        kind=channel.kind,
        urgency=urgency,
        is_idempotent=transport_class(channel.kind).is_idempotent,
        chosen=channel.after_doubt_urgent if urgency == Urgency.URGENT else channel.after_doubt_routine,
        wait=None if minutes is None else timedelta(minutes=minutes),
    )


def outlook(delivery: Delivery, now: datetime) -> tuple[Doubt, datetime]:
    """What the channel's policy is going to do about a delivery in doubt, and when, if no evidence comes before."""
    if delivery.batch is None or delivery.sent_at is None:
        return Doubt.GIVE_UP, now
    return policy.after_doubt(
        policy_of(delivery.batch.channel, delivery.touchpoint.urgency),
        sent_at=delivery.sent_at,
        attempts=delivery.attempts,
        may_leave=may_leave(delivery, now),
        useful_until=delivery.touchpoint.useful_until,
        now=now,
    )


def may_leave(delivery: Delivery, now: datetime) -> bool:
    """Whether it may go again: its touchpoint is open, as it was when the delivery was written, and of use."""
    touchpoint = delivery.touchpoint
    return (
        touchpoint.state in OPEN_STATES
        and touchpoint.revision == delivery.revision
        and touchpoint.useful_until is not None
        and now < touchpoint.useful_until
    )


def _verdict(delivery: Delivery, now: datetime) -> Doubt:
    if delivery.batch is None or delivery.sent_at is None:  # not made by this engine
        return Doubt.GIVE_UP
    return policy.resolve_doubt(
        policy_of(delivery.batch.channel, delivery.touchpoint.urgency),
        age=now - delivery.sent_at,
        attempts=delivery.attempts,
        may_leave=may_leave(delivery, now),
    )


def _apply(verdict: Doubt, group: Sequence[Delivery], now: datetime) -> int:
    first, ids = group[0], [delivery.pk for delivery in group]
    if verdict is Doubt.REPEAT and first.batch is not None:
        not_before = now if first.attempts <= 1 else now + REPEAT_PAUSE
        return repeat(ids, like=first.batch, reason=DeliveryReason.REPEATED, not_before=not_before, by=By.POLICY, now=now)
    rows = Delivery.objects.filter(pk__in=ids)
    return conclude(rows, to=DeliveryState.UNKNOWN, reason=DeliveryReason.NO_EVIDENCE, by=By.POLICY, now=now)
