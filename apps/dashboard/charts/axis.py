"""Ticks at round values: counts upwards, hours of a zone's clock sideways."""

from datetime import datetime, timedelta
from math import ceil, floor, log10
from zoneinfo import ZoneInfo

HOUR_STEPS = (1, 2, 3, 6, 12, 24, 48, 72, 168)


def count_ticks(highest: float, *, most: int = 4) -> list[int]:
    """From 0 in round whole steps to at least `highest`, in `most` steps or fewer."""
    raw = max(1.0, highest / most)
    size = 10 ** floor(log10(raw))
    step = next(int(size * factor) for factor in (1, 2, 5, 10) if size * factor >= raw and size * factor >= 1)
    return list(range(0, ceil(max(1.0, highest) / step) * step + 1, step))


def hour_ticks(start: datetime, end: datetime, zone: ZoneInfo, *, most: int = 8) -> list[datetime]:
    """Full hours on the zone's clock, in steps that put midnight among them."""
    span = (end - start) / timedelta(hours=1)
    step = next((hours for hours in HOUR_STEPS if span / hours <= most), HOUR_STEPS[-1])
    at = start.replace(minute=0, second=0, microsecond=0)
    ticks = []
    while at <= end:
        local = at.astimezone(zone)
        days = local.toordinal() if step > 24 else 0
        if at >= start and (local.hour + 24 * days) % step == 0:
            ticks.append(at)
        at += timedelta(hours=1)
    return ticks
