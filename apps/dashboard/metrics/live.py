"""Where a campaign stands at this moment. A fixed number of queries, small enough to be asked every few seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from apps.campaigns.models import Campaign, TouchpointState
from apps.delivery.models import Batch, DeliveryState
from apps.windows.models import ENDED_STATUSES

from .answers import Answers, answers
from .schedule import Schedule, schedule_of
from .tickets import TicketReport, ticket_report
from .touchpoints import TO_COME, TouchpointFigures, touchpoint_figures

RATE_OVER = timedelta(seconds=60)
SOON = timedelta(minutes=2)
UNDER_WAY = (TouchpointState.DUE, TouchpointState.SENDING)


@dataclass(frozen=True, kw_only=True)
class Going:
    """A touchpoint whose messages are leaving now, and how fast."""

    figures: TouchpointFigures
    per_second: float  # over the last minute

    @property
    def remaining(self) -> timedelta | None:
        """How long its waiting messages still take at this pace; None where nothing has left lately."""
        waiting = self.figures.waiting
        return timedelta(seconds=waiting / self.per_second) if waiting and self.per_second else None


@dataclass(frozen=True, kw_only=True)
class Live:
    now: datetime
    status: str
    schedule: Schedule
    touchpoints: Sequence[TouchpointFigures]
    tickets: TicketReport
    paces: Mapping[int, float]  # touchpoint → messages settled a second, over the last minute
    answers: Answers
    has_ended: bool

    @property
    def sending(self) -> Sequence[TouchpointFigures]:
        """Those whose messages are leaving now; one that is due later has its rows written already and only waits."""
        return [row for row in self.touchpoints if row.state in UNDER_WAY and row.due_at and row.due_at <= self.now]

    @property
    def going(self) -> Sequence[Going]:
        return [Going(figures=row, per_second=self.paces.get(row.id, 0.0)) for row in self.sending]

    @property
    def per_second(self) -> float:
        return sum(self.paces.values())

    @property
    def next(self) -> Sequence[TouchpointFigures]:
        """All that leave together at the next due time."""
        later = [row for row in self.touchpoints if row.state in TO_COME and row.due_at and row.due_at > self.now]
        return [row for row in later if row.due_at == min(each.due_at for each in later if each.due_at)]

    @property
    def waiting(self) -> int:
        return sum(row.waiting for row in self.sending)

    @property
    def leaving_sent(self) -> int:
        """Of those that are leaving now, how many are done with."""
        return sum(row.settled for row in self.sending)

    @property
    def leaving_total(self) -> int:
        return sum(row.targeted for row in self.sending)

    @property
    def still_to_leave(self) -> int:
        return sum(row.is_still_to_leave for row in self.touchpoints)

    @property
    def remaining(self) -> timedelta | None:
        """How long the waiting messages still take at this pace."""
        return timedelta(seconds=self.waiting / self.per_second) if self.waiting and self.per_second else None

    @property
    def sent(self) -> int:
        return sum(row.sent for row in self.touchpoints)

    @property
    def targeted(self) -> int:
        return sum(row.targeted for row in self.touchpoints)

    @property
    def failed(self) -> int:
        return sum(row.failed for row in self.touchpoints)

    @property
    def in_doubt(self) -> int:
        return sum(row.in_doubt for row in self.touchpoints)

    @property
    def missed(self) -> Sequence[TouchpointFigures]:
        return [row for row in self.touchpoints if row.state == TouchpointState.MISSED]

    @property
    def is_overrun(self) -> bool:
        return self.schedule.is_overrun(self.now)

    @property
    def course(self) -> int | None:
        """Percent of the planned time that is over while the work is under way."""
        begun = self.schedule.actual_started_at
        if begun is None or self.schedule.actual_ended_at or self.has_ended or self.schedule.ends_at <= begun:
            return None
        return min(100, round(100 * ((self.now - begun) / (self.schedule.ends_at - begun))))

    @property
    def is_done(self) -> bool:
        """Nothing on this page will change by itself any more."""
        open_states = (*TO_COME, *UNDER_WAY)
        return self.has_ended and not any(row.state in open_states for row in self.touchpoints)

    @property
    def is_busy(self) -> bool:
        """Something is leaving, or soon will: worth looking more often."""
        return bool(self.sending) or any(row.due_at and row.due_at - self.now <= SOON for row in self.next)


def live(campaign: Campaign, *, now: datetime, language: str) -> Live:
    """Needs `campaign.window`."""
    schedule, touchpoints = schedule_of(campaign.window), touchpoint_figures(campaign, language=language)
    return Live(
        now=now,
        status=campaign.window.status,
        schedule=schedule,
        touchpoints=touchpoints,
        tickets=ticket_report(campaign.window, now=now),
        paces=_paces(campaign, now),
        answers=answers(campaign, [row.id for row in touchpoints], schedule),
        has_ended=campaign.window.status in ENDED_STATUSES,
    )


def _paces(campaign: Campaign, now: datetime) -> dict[int, float]:
    """From the batches finished in the last minute: few rows, found by their touchpoint."""
    settled = Count("deliveries", filter=~Q(deliveries__state=DeliveryState.PENDING))
    lately = Batch.objects.filter(touchpoint__campaign=campaign, done_at__gt=now - RATE_OVER, done_at__lte=now)
    counted = lately.order_by().values_list("touchpoint").annotate(number=settled)
    return {touchpoint: number / RATE_OVER.total_seconds() for touchpoint, number in counted}
