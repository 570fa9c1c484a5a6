"""The next times at which a window would be in nobody's way. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from apps.common.zones import shift_days

from .closures import Closure, days_of

FARTHEST_DAYS = 180
MOST = 4


@dataclass(frozen=True, kw_only=True)
class Demand:
    """The window that wants a time: what it should be like, and from when on its notice is long enough."""

    starts_at: datetime
    length: timedelta  # to the end that is announced: until then the services are taken
    zone: ZoneInfo
    service_ids: frozenset[int]
    earliest_at: datetime


@dataclass(frozen=True, kw_only=True)
class Obstacles:
    """`busy`: when other windows touch the same services."""

    busy: Sequence[tuple[datetime, datetime]]
    closures: Sequence[Closure]
    is_holiday: Callable[[date], bool]

    def stand_against(self, starts_at: datetime, demand: Demand) -> bool:
        ends_at = starts_at + demand.length
        return (
            any(begin < ends_at and end > starts_at for begin, end in self.busy)
            or any(closure.touches(starts_at, ends_at, demand.service_ids) for closure in self.closures)
            or any(self.is_holiday(day) for day in days_of(starts_at, ends_at, demand.zone))
        )


def free_slots(demand: Demand, obstacles: Obstacles, *, most: int = MOST) -> list[datetime]:
    """The next starts at the same time on the clock that nothing stands against, one of them on the same weekday.

    The wished time itself is among them where it is free. Days are tried in order, `FARTHEST_DAYS` at most.
    """
    free = [at for at in _candidates(demand) if not obstacles.stand_against(at, demand)]
    soonest = free[:most]
    weekday = demand.starts_at.astimezone(demand.zone).weekday()
    same = next((at for at in free if at.astimezone(demand.zone).weekday() == weekday), None)
    if same is None or same in soonest:
        return soonest
    return [*soonest[: most - 1], same]


def search_ends_at(demand: Demand) -> datetime:
    """Until when obstacles matter."""
    return max(demand.starts_at, demand.earliest_at) + timedelta(days=FARTHEST_DAYS + 2) + demand.length


def _candidates(demand: Demand) -> list[datetime]:
    behind = max(demand.earliest_at - demand.starts_at, timedelta(0)).days
    starts = [shift_days(demand.starts_at, behind + number, demand.zone) for number in range(FARTHEST_DAYS)]
    return [at for at in starts if at >= demand.earliest_at]
