"""Instants and wall clocks: IANA zones, gaps and folds, and times as people read them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


class WallClock(StrEnum):
    """What became of a wall-clock time on its way to an instant."""

    EXACT = "exact"
    GAP = "gap"  # the clock jumps over it in spring: shifted forward by the length of the jump
    FOLD = "fold"  # the clock shows it twice in autumn: the first occurrence is meant


@dataclass(frozen=True, kw_only=True)
class ResolvedTime:
    instant: datetime  # UTC
    wall: datetime  # naive, as the zone's clock really shows it at `instant`
    clock: WallClock


@cache
def zone_names() -> frozenset[str]:
    """Every IANA zone name this machine knows, without the historical and file-system entries."""
    return frozenset(
        name for name in available_timezones() if "/" in name or name == "UTC" if not name.startswith(("posix/", "right/"))
    )


def zone_or_utc(name: str) -> ZoneInfo:
    """The zone, or UTC when this machine's zone data has lost the name: one bad zone must not lose a person."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, such as Europe
        return ZoneInfo("UTC")


def resolve_wall_time(wall: datetime, zone: ZoneInfo) -> ResolvedTime:
    """Turns the naive `wall` time of `zone` into an instant.

    A time the clock jumps over (gap) is shifted forward by the jump; one it shows twice (fold) means the first.
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    instant = first.astimezone(UTC)
    shown = instant.astimezone(zone).replace(tzinfo=None, fold=0)
    if shown != wall.replace(fold=0):
        return ResolvedTime(instant=instant, wall=shown, clock=WallClock.GAP)
    clock = WallClock.EXACT if first.utcoffset() == second.utcoffset() else WallClock.FOLD
    return ResolvedTime(instant=instant, wall=shown, clock=clock)


def shift_days(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Moves by whole calendar days: the wall clock of `zone` shows the same time, gaps and folds as above."""
    wall = instant.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(days=days)
    return resolve_wall_time(wall, zone).instant
