"""Which campaigns run, come next and have just ended, with their key figures. Four queries."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce

from apps.campaigns.models import Campaign, TouchpointState
from apps.channels.models import BROADCAST_KINDS
from apps.delivery.models import Delivery, DeliveryState
from apps.tracking.models import Event, EventType, Verdict
from apps.windows.models import ENDED_STATUSES, UNDER_WAY_STATUSES, WindowStatus

from ..stats import Rate
from .funnel import SHOWS_OPENS
from .touchpoints import TO_COME

RECENT = timedelta(days=30)
MOST = 6  # of each kind


@dataclass(frozen=True, kw_only=True)
class Card:
    """One campaign on the overview. Messages are those to people; `opens` is `None` where no channel can tell."""

    campaign: Campaign
    states: Mapping[str, int] = field(default_factory=dict)  # TouchpointState → touchpoints
    deliveries: Mapping[str, int] = field(default_factory=dict)  # DeliveryState → messages
    next_due_at: datetime | None = None
    opens: Rate | None = None
    is_overrun: bool = False

    @property
    def touchpoints(self) -> int:
        """Those that were to leave: without the skipped, superseded and cancelled."""
        dropped = (TouchpointState.SKIPPED, TouchpointState.SUPERSEDED, TouchpointState.CANCELLED)
        return sum(number for state, number in self.states.items() if state not in dropped)

    @property
    def sent(self) -> int:
        return self.states.get(TouchpointState.SENT, 0)

    @property
    def missed(self) -> int:
        return self.states.get(TouchpointState.MISSED, 0)

    @property
    def messages(self) -> int:
        return self.deliveries.get(DeliveryState.SENT, 0)

    @property
    def failed(self) -> int:
        return self.deliveries.get(DeliveryState.FAILED, 0)


@dataclass(frozen=True, kw_only=True)
class Overview:
    running: Sequence[Card]
    upcoming: Sequence[Card]
    finished: Sequence[Card]

    @property
    def is_empty(self) -> bool:
        return not (self.running or self.upcoming or self.finished)


def overview(*, now: datetime) -> Overview:
    campaigns = list(_shown(now))
    ids = [campaign.pk for campaign in campaigns]
    states, due = _touchpoints(ids, now)
    deliveries, opens = _messages(ids)
    cards = [
        Card(
            campaign=campaign,
            states=states.get(campaign.pk, {}),
            deliveries=deliveries.get(campaign.pk, {}),
            next_due_at=due.get(campaign.pk),
            opens=opens.get(campaign.pk),
            is_overrun=campaign.window.status in UNDER_WAY_STATUSES and campaign.window.ends_at <= now,
        )
        for campaign in campaigns
    ]
    return Overview(
        running=_with_status(cards, UNDER_WAY_STATUSES),
        upcoming=_with_status(cards, (WindowStatus.SCHEDULED,)),
        finished=_with_status(cards, ENDED_STATUSES)[::-1],
    )


def _shown(now: datetime) -> Iterable[Campaign]:
    """Everything under way, the next few and the last few, by their start."""
    all_of_them = Campaign.objects.annotate(over_at=Coalesce("window__actual_ended_at", "window__ends_at"))
    running = all_of_them.filter(window__status__in=UNDER_WAY_STATUSES).order_by("window__starts_at")
    upcoming = all_of_them.filter(window__status=WindowStatus.SCHEDULED).order_by("window__starts_at")[:MOST]
    # A window that was cancelled in good time counts as finished although its end is still to come.
    finished = all_of_them.filter(window__status__in=ENDED_STATUSES, over_at__gt=now - RECENT, over_at__lte=now + RECENT)
    finished = finished.filter(window__scheduled_at__isnull=False).order_by("-over_at")[:MOST]
    chosen = Q(pk__in=running.values("pk")) | Q(pk__in=upcoming.values("pk")) | Q(pk__in=finished.values("pk"))
    return all_of_them.filter(chosen).select_related("window", "owner").order_by("over_at", "pk")


def _with_status(cards: Iterable[Card], states: Iterable[str]) -> list[Card]:
    return [card for card in cards if card.campaign.window.status in states]


def _touchpoints(ids: Sequence[int], now: datetime) -> tuple[dict[int, dict[str, int]], dict[int, datetime]]:
    states: dict[int, dict[str, int]] = defaultdict(dict)
    due: dict[int, datetime] = {}
    rows = Campaign.objects.filter(pk__in=ids).values_list("pk", "touchpoints__state").order_by()
    for campaign, state, number, first in rows.annotate(
        number=Count("touchpoints"), first=Min("touchpoints__due_at", filter=Q(touchpoints__due_at__gt=now))
    ):
        states[campaign][state] = number
        if first and state in TO_COME:
            due[campaign] = min(first, due.get(campaign, first))
    return dict(states), due


def _messages(ids: Sequence[int]) -> tuple[dict[int, Counter[str]], dict[int, Rate]]:
    """Counts by state, and opens by people of what was sent by channels that can tell."""
    deliveries: dict[int, Counter[str]] = defaultdict(Counter)
    telling: Counter[int] = Counter()
    rows = Delivery.objects.filter(touchpoint__campaign__in=ids).exclude(touchpoint__channel__kind__in=BROADCAST_KINDS)
    for campaign, state, kind, number in (
        rows.values_list("touchpoint__campaign", "state", "touchpoint__channel__kind").annotate(number=Count("pk")).order_by()
    ):
        deliveries[campaign][state] += number
        telling[campaign] += number if state == DeliveryState.SENT and kind in SHOWS_OPENS else 0
    opened = (
        Event.objects.filter(type__in=(EventType.OPENED, EventType.CLICKED), verdict=Verdict.HUMAN)
        .filter(delivery__touchpoint__campaign__in=ids, delivery__state=DeliveryState.SENT)
        .filter(delivery__touchpoint__channel__kind__in=SHOWS_OPENS)
        .values_list("delivery__touchpoint__campaign")
        .annotate(number=Count("delivery", distinct=True))
        .order_by()
    )
    counts = dict(opened)
    return dict(deliveries), {pk: Rate(count=counts.get(pk, 0), n=number) for pk, number in telling.items() if number}
