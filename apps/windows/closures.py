"""Periods in which no work is wanted, and days as instants. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apps.common.zones import resolve_wall_time

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Closure:
    """`[starts_at, ends_at)` in which none of the services should be touched; no services: none at all."""

    pk: int
    name: str
    starts_at: datetime
    ends_at: datetime
    service_ids: frozenset[int] = frozenset()
    is_strict: bool = False

    def touches(self, starts_at: datetime, ends_at: datetime, service_ids: Collection[int]) -> bool:
        is_concerned = not self.service_ids or not self.service_ids.isdisjoint(service_ids)
        return is_concerned and self.starts_at < ends_at and self.ends_at > starts_at


def period_of_days(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last one on the clocks of `zone`."""
    begin, end = (resolve_wall_time(datetime.combine(day, time.min), zone).instant for day in (first, last + DAY))
    return begin, end


def days_of(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> list[date]:
    """Every date that the clocks of `zone` show during `[starts_at, ends_at)`."""
    first, last = starts_at.astimezone(zone).date(), (ends_at - timedelta.resolution).astimezone(zone).date()
    return [first + DAY * number for number in range((last - first).days + 1)]


def days_between(starts_at: datetime, ends_at: datetime) -> tuple[date, date]:
    """The first and the last date that any zone's clock may show during the period."""
    return (starts_at - DAY).date(), (ends_at + DAY).date()
