"""When a message may ring in a pocket: not at night and not at weekends, on the recipient's own clock. Pure."""

from collections.abc import Collection
from datetime import datetime, time, timedelta

from .zones import resolve_wall_time, zone_or_utc

QUIET_KINDS = ("sms",)  # what rings in a pocket
DAY_BEGINS, DAY_ENDS = time(8), time(22)
SHIFT_TO = time(21)  # an hour before the night, so that a long run still ends in time


def has_quiet_hours(*, kind: str, urgency: str) -> bool:
    return kind in QUIET_KINDS and urgency == "routine"


def is_quiet(instant: datetime, zone: str) -> bool:
    """Whether `instant` lies at night or at a weekend on the wall clock of `zone`."""
    wall = instant.astimezone(zone_or_utc(zone))
    return wall.weekday() >= 5 or not DAY_BEGINS <= wall.time().replace(tzinfo=None) < DAY_ENDS


def before_quiet_hours(due_at: datetime, zone: str) -> datetime:
    """`due_at`, or the latest earlier time that disturbs nobody in `zone`: never a later one."""
    if not is_quiet(due_at, zone):
        return due_at
    place = zone_or_utc(zone)
    wall = due_at.astimezone(place)
    day = wall.date() if wall.time() >= DAY_ENDS else wall.date() - timedelta(days=1)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    return resolve_wall_time(datetime.combine(day, SHIFT_TO), place).instant


def after_quiet_hours(instant: datetime, zone: str) -> datetime:
    """`instant`, or the next time that disturbs nobody in `zone`."""
    if not is_quiet(instant, zone):
        return instant
    place = zone_or_utc(zone)
    wall = instant.astimezone(place)
    day = wall.date() if wall.time() < DAY_BEGINS else wall.date() + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return resolve_wall_time(datetime.combine(day, DAY_BEGINS), place).instant


def undisturbing(due_at: datetime, zone: str, *, now: datetime, useful_until: datetime) -> datetime:
    """Ahead of quiet hours; where it is too late for that, behind them while that is of use."""
    ahead = before_quiet_hours(due_at, zone)
    if not is_quiet(max(ahead, now), zone):
        return ahead
    behind = after_quiet_hours(now, zone)
    return behind if behind < useful_until else ahead


def zone_groups(due_at: datetime, zones: Collection[str], *, now: datetime, useful_until: datetime) -> dict[datetime, list[str]]:
    """When the people of each zone are written to, the earliest first."""
    groups: dict[datetime, list[str]] = {}
    for zone in sorted(zones):
        groups.setdefault(undisturbing(due_at, zone, now=now, useful_until=useful_until), []).append(zone)
    return dict(sorted(groups.items()))
