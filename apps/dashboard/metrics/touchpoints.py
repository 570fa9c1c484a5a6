"""What became of each touchpoint: counts of its deliveries, and how late it left. Three queries."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max

from apps.campaigns.models import Campaign, Touchpoint, TouchpointState
from apps.campaigns.moments import reason_words
from apps.delivery.models import Delivery, DeliveryQuerySet, DeliveryState
from apps.delivery.tallies import Tally, tallies

from ..moments import moment_label
from ..stats import weighted_quantile
from .buckets import Cut

ON_TIME = timedelta(minutes=1)  # what left within this of its time counts as punctual
TO_COME = (TouchpointState.PLANNED, TouchpointState.HELD, TouchpointState.DUE)
HANDED_OVER = (DeliveryState.SENT, DeliveryState.IN_DOUBT, DeliveryState.UNKNOWN, DeliveryState.FAILED)


@dataclass(frozen=True, kw_only=True)
class Lateness:
    """How long after its time half of a touchpoint's messages, and all of them, had left."""

    median: timedelta
    most: timedelta


@dataclass(frozen=True, kw_only=True)
class TouchpointFigures:
    id: int
    campaign_id: int
    moment: str
    segment: str  # empty: broadcast
    channel: str
    channel_kind: str
    is_broadcast: bool
    is_engine_made: bool
    state: str
    state_label: str
    reason: str  # a sentence; empty when there is nothing to explain
    due_at: datetime | None
    first_sent_at: datetime | None
    counts: Mapping[str, int]  # DeliveryState → deliveries
    is_held_back: bool = False  # by itself, with its campaign or with its channel
    is_paused: bool = False  # by itself
    is_still_to_leave: bool = False
    lateness: Lateness | None = None

    @property
    def late_by(self) -> timedelta | None:
        """First durable mark after the due time; unknown where the row has been planned anew since."""
        if not self.first_sent_at or not self.due_at or self.first_sent_at < self.due_at:
            return None
        return self.first_sent_at - self.due_at

    @property
    def is_late(self) -> bool:
        return self.late_by is not None and self.late_by > ON_TIME

    @property
    def targeted(self) -> int:
        """Deliveries written for it, less those that a later revision replaced."""
        return sum(self.counts.values()) - self.counts.get(DeliveryState.SUPERSEDED, 0)

    @property
    def handed_over(self) -> int:
        return sum(self.counts.get(state, 0) for state in HANDED_OVER)

    @property
    def waiting(self) -> int:
        return self.counts.get(DeliveryState.PENDING, 0)

    @property
    def settled(self) -> int:
        return self.targeted - self.waiting

    @property
    def sent(self) -> int:
        return self.counts.get(DeliveryState.SENT, 0)

    @property
    def failed(self) -> int:
        return self.counts.get(DeliveryState.FAILED, 0)

    @property
    def in_doubt(self) -> int:
        return self.counts.get(DeliveryState.IN_DOUBT, 0) + self.counts.get(DeliveryState.UNKNOWN, 0)

    @property
    def left_out(self) -> int:
        return self.counts.get(DeliveryState.SUPPRESSED, 0)

    @property
    def too_late(self) -> int:
        return self.counts.get(DeliveryState.EXPIRED, 0)


def touchpoint_figures(campaign: Campaign, *, language: str, with_lateness: bool = False) -> list[TouchpointFigures]:
    """The campaign's touchpoints in the order of their times; for their lateness deliveries are told apart by the second."""
    rows = list(campaign.touchpoints.select_related("segment", "channel", "step"))
    counts, lateness = _counts_and_lateness(rows) if with_lateness else (tallies([row.pk for row in rows]), {})
    return [_figures(row, counts.get(row.pk, {}), lateness.get(row.pk), language) for row in rows]


def _counts_and_lateness(rows: Sequence[Touchpoint]) -> tuple[Mapping[int, Tally], dict[int, Lateness]]:
    """From the seconds in which messages left; each second counts as its last message, so nothing is shown too early.

    Late are only deliveries of the revision that the touchpoint now has: those of an older one left for another time.
    """
    due = {(row.pk, row.revision, DeliveryState.SENT): row.due_at for row in rows if row.due_at}
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    late: dict[int, list[tuple[float, int]]] = defaultdict(list)
    keys = ("touchpoint", "revision", "state", Cut("sent_at", unit="second"))
    seconds = _deliveries(rows).values_list(*keys).annotate(number=Count("pk"), last=Max("sent_at"))
    for touchpoint, revision, state, _second, number, last in seconds:
        counts[touchpoint][state] += number
        if due_at := due.get((touchpoint, revision, state)):
            late[touchpoint].append((max(0.0, (last - due_at).total_seconds()), number))
    return dict(counts), {touchpoint: _summed_up(values) for touchpoint, values in late.items()}


def _deliveries(rows: Sequence[Touchpoint]) -> DeliveryQuerySet:
    return Delivery.objects.filter(touchpoint__in=[row.pk for row in rows]).order_by()


def _summed_up(values: Sequence[tuple[float, int]]) -> Lateness:
    median = weighted_quantile(0.5, values) or 0.0
    return Lateness(median=timedelta(seconds=median), most=timedelta(seconds=max(value for value, _number in values)))


def _figures(row: Touchpoint, counts: Mapping[str, int], lateness: Lateness | None, language: str) -> TouchpointFigures:
    return TouchpointFigures(
        id=row.pk,
        campaign_id=row.campaign_id,
        moment=moment_label(row, language=language),
        segment=str(row.segment) if row.segment else "",
        channel=str(row.channel),
        channel_kind=row.channel.kind,
        is_broadcast=row.channel.is_broadcast,
        is_engine_made=row.step is None,
        state=row.state,
        state_label=row.get_state_display(),
        reason=reason_words(row.reason),
        due_at=row.due_at,
        first_sent_at=row.first_sent_at,
        counts=counts,
        is_held_back=row.is_held_back,
        is_paused=row.paused_at is not None,
        is_still_to_leave=row.is_still_to_leave,
        lateness=lateness,
    )
