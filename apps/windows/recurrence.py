"""When a window recurs: a rule on the wall clock of its zone, expanded into instants. Pure."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from apps.common.zones import resolve_wall_time

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Rhythm(StrEnum):
    WEEKLY = "weekly"
    MONTHLY = "monthly"  # on the same weekday of the month, for example the third Tuesday
    MONTHLY_LAST = "monthly_last"  # on the last such weekday of the month


def rule_of(first: datetime, *, zone: ZoneInfo, rhythm: Rhythm, interval: int) -> str:
    """As RFC 5545 writes it. A fifth weekday, which few months have, is taken for the last."""
    wall = first.astimezone(zone)
    if rhythm == Rhythm.WEEKLY:
        return f"FREQ=WEEKLY;INTERVAL={interval}"
    place = -1 if rhythm == Rhythm.MONTHLY_LAST or wall.day > 28 else (wall.day - 1) // 7 + 1
    return f"FREQ=MONTHLY;INTERVAL={interval};BYDAY={place}{WEEKDAYS[wall.weekday()]}"


def occurrences(first: datetime, *, zone: ZoneInfo, rule: str, count: int) -> list[datetime]:
    """The next `count` after `first`, each at the same time on the wall clock; gaps and folds as everywhere."""
    return list(islice(_after(first, zone, rule), count))


def _after(first: datetime, zone: ZoneInfo, rule: str) -> Iterator[datetime]:
    wall = first.astimezone(zone).replace(tzinfo=None, fold=0)
    for occurrence in rrulestr(rule, dtstart=wall):
        if occurrence > wall:
            yield resolve_wall_time(occurrence, zone).instant
