"""Support tickets around a window: per hour against the baseline, judged in each help desk's own zone. Four queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from apps.tracking.models import Ticket, TicketSource
from apps.windows.models import MaintenanceWindow, WindowStatus

from ..baseline import (
    HOUR,
    LOOK_BACK_WEEKS,
    Baseline,
    History,
    Judgement,
    Period,
    Stage,
    hour_of,
    hours_between,
    periods_of,
)
from .buckets import Cut

LONGEST = timedelta(days=14)  # of a window's course that is looked at


@dataclass(frozen=True, kw_only=True)
class TicketReport:
    """`is_judged`: at least one help desk is known long enough for a verdict; `left_out` names those that are not."""

    hours: Sequence[tuple[datetime, Judgement]]
    periods: Sequence[tuple[Period, Judgement]]
    is_connected: bool
    is_judged: bool
    is_cut: bool  # the window runs for longer than is looked at
    left_out: Sequence[str]

    def of(self, stage: Stage) -> Judgement | None:
        return next((judgement for period, judgement in self.periods if period.stage == stage), None)

    @property
    def latest(self) -> tuple[Period, Judgement]:
        return self.periods[-1]


def ticket_report(window: MaintenanceWindow, *, now: datetime) -> TicketReport:
    periods, is_cut = _periods(window, now)
    hours = hours_between(periods[0].starts_at, periods[-1].ends_at)
    horizon = hours[0] - timedelta(weeks=LOOK_BACK_WEEKS, hours=2)  # an hour or two for changes of the clock
    histories = _histories(horizon, periods[-1].ends_at)
    closed = _closed_hours(horizon, periods[-1].ends_at)
    baseline = Baseline(list(histories.values()), hours, closed=closed)
    counted = {pk for pk, history in histories.items() if history not in baseline.left_out}
    observed = _observed(periods, counted)
    return TicketReport(
        hours=[(hour, baseline.hour(hour)) for hour in hours],
        periods=[(period, baseline.period(period, observed=number)) for period, number in zip(periods, observed, strict=True)],
        is_connected=bool(histories),
        is_judged=bool(baseline.judged),
        is_cut=is_cut,
        left_out=[history.name for history in baseline.left_out],
    )


def _periods(window: MaintenanceWindow, now: datetime) -> tuple[list[Period], bool]:
    starts_at = window.actual_started_at or window.starts_at
    ends_at = window.actual_ended_at or now
    is_cut = ends_at - starts_at > LONGEST
    return (
        periods_of(
            starts_at,
            min(ends_at, starts_at + LONGEST) if is_cut else ends_at,
            started=window.actual_started_at is not None,
            ended=window.actual_ended_at is not None or is_cut,
            now=now,
        ),
        is_cut,
    )


def _histories(since: datetime, until: datetime) -> dict[int, History]:
    older = Ticket.objects.filter(source=OuterRef("pk"), opened_at__lt=since)
    sources = TicketSource.objects.annotate(is_older=Exists(older))
    counts: dict[int, dict[datetime, int]] = defaultdict(dict)
    rows = Ticket.objects.filter(opened_at__gte=since, opened_at__lt=until).values_list("source", Cut("opened_at", unit="hour"))
    for source, hour, number in rows.annotate(number=Count("pk")).order_by():
        counts[source][hour] = number
    return {
        source.pk: History(
            name=source.name,
            time_zone=source.time_zone,
            counts=counts[source.pk],
            since=None if source.is_older else min(counts[source.pk], default=hour_of(until)),
        )
        for source in sources
    }


def _closed_hours(since: datetime, until: datetime) -> set[datetime]:
    """Hours in which this or another window ran: they are no measure of an ordinary week."""
    rows = (
        MaintenanceWindow.objects.public()
        .exclude(status=WindowStatus.CANCELLED)
        .annotate(begun_at=Coalesce("actual_started_at", "starts_at"), done_at=Coalesce("actual_ended_at", "ends_at"))
        .filter(begun_at__lt=until, done_at__gt=since)
    )
    return _hours_of(since, until, rows.values_list("begun_at", "done_at").order_by())


def _hours_of(since: datetime, until: datetime, periods: Iterable[tuple[datetime, datetime]]) -> set[datetime]:
    return {hour for start, end in periods for hour in hours_between(max(start, since), min(end, until))}


def _observed(periods: Sequence[Period], sources: set[int]) -> list[int]:
    """Exact counts: the periods begin and end within hours."""
    in_period = {
        f"period{number}": Count("pk", filter=Q(opened_at__gte=period.starts_at, opened_at__lt=period.ends_at))
        for number, period in enumerate(periods)
    }
    between = Ticket.objects.filter(
        source__in=sources, opened_at__gte=periods[0].starts_at - HOUR, opened_at__lt=periods[-1].ends_at + HOUR
    )
    return list(between.aggregate(**in_period).values())
