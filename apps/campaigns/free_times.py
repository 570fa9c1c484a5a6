"""The next free times for a window, with what stands against others: other windows, blackouts, public holidays, its notice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import get_language

from apps.common.times import format_period
from apps.common.zones import zone_or_utc
from apps.windows.models import Blackout, MaintenanceWindow
from apps.windows.public_holidays import holidays_on, region_of_zone
from apps.windows.rules import MINIMUM_NOTICE, notice_rule
from apps.windows.slots import Demand, Obstacles, free_slots, search_ends_at

from .wishes import Wish


@dataclass(frozen=True, kw_only=True)
class FreeTime:
    """A start, on the wall clock of the window's zone as a form takes it, and the whole period in words."""

    starts_at: datetime
    value: str
    words: str


def free_times(wish: Wish, *, now: datetime) -> list[FreeTime]:
    """For a window of the same length on the same services, at the same time on the clock. Four queries."""
    window, zone = wish.window, zone_or_utc(wish.window.time_zone)
    demand = Demand(
        starts_at=window.starts_at,
        length=window.announced_ends_at - window.starts_at,
        zone=zone,
        service_ids=frozenset(service.pk for service in wish.services),
        earliest_at=now + MINIMUM_NOTICE[notice_rule(wish.impact, window.duration)],
    )
    language = get_language() or "en"
    return [
        FreeTime(
            starts_at=at,
            value=f"{at.astimezone(zone):%Y-%m-%dT%H:%M}",
            words=format_period(at, at + window.duration, zone=window.time_zone, language=language),
        )
        for at in free_slots(demand, _obstacles(wish, demand))
    ]


def _obstacles(wish: Wish, demand: Demand) -> Obstacles:
    first, last = max(demand.starts_at, demand.earliest_at), search_ends_at(demand)
    regions = settings.HOLIDAY_REGIONS or [region_of_zone(wish.window.time_zone)]
    return Obstacles(
        busy=_busy(wish, first, last),
        closures=[blackout.closure for blackout in Blackout.objects.near(first, last).prefetch_related("services")],
        is_holiday=lambda day: bool(holidays_on([day], regions, language="en")),
    )


def _busy(wish: Wish, first: datetime, last: datetime) -> Sequence[tuple[datetime, datetime]]:
    """When other windows touch the same services, until the end that was announced."""
    rows = MaintenanceWindow.objects.live().filter(
        services__in=list(wish.services), starts_at__lt=last, announced_ends_at__gt=first
    )
    if wish.existing is not None:
        rows = rows.exclude(pk=wish.existing.pk)
    return list(rows.order_by().distinct().values_list("starts_at", "announced_ends_at"))
