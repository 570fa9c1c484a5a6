"""What did not arrive, and why. One query."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from apps.delivery.models import Delivery, DeliveryState
from apps.delivery.policy import DeliveryReason
from apps.delivery.reasons import sentence

NOT_FAILED = (DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.SUPERSEDED)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """So many deliveries of a campaign ended in this state for this reason."""

    state: str
    state_label: str
    reason: str
    sentence: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Failures:
    rows: Sequence[Failure]  # the most frequent first
    bounced: Counter[int]  # touchpoint → accepted by the provider, and came back


def failures(touchpoint_ids: Sequence[int]) -> Failures:
    rows = (
        Delivery.objects.with_a_reason()
        .filter(touchpoint__in=touchpoint_ids)
        .filter(state__in=[state for state in DeliveryState if state not in NOT_FAILED])
        .values_list("touchpoint", "state", "reason")
        .annotate(number=Count("pk"))
        .order_by()
    )
    counts: Counter[tuple[str, str]] = Counter()
    bounced: Counter[int] = Counter()
    for touchpoint, state, reason, number in rows:
        counts[state, reason] += number
        if (state, reason) == (DeliveryState.FAILED, DeliveryReason.BOUNCED):
            bounced[touchpoint] += number
    return Failures(rows=[_failure(*key, count) for key, count in counts.most_common()], bounced=bounced)


def _failure(state: str, reason: str, count: int) -> Failure:
    label = str(DeliveryState(state).label)
    return Failure(state=state, state_label=label, reason=reason, sentence=sentence(reason), count=count)
