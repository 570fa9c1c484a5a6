"""Figures as people read them, in the language that is active."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.common.times import MINUS, format_utc_offset
from apps.common.zones import zone_or_utc

from .stats import Interval, Rate


def language() -> str:
    """One of the two the pages exist in."""
    return "fr" if (get_language() or "").lower().startswith("fr") else "en"


def number(value: float, *, digits: int = 0) -> str:
    """With the language's grouping; at most `digits` decimals, and never “−0”."""
    rounded = round(value, digits) or 0
    pattern = "#,##0." + "#" * digits if digits else "#,##0"
    return _decimal(rounded, pattern, language())


@lru_cache(maxsize=4096)
def _decimal(value: float, pattern: str, locale: str) -> str:
    # babel reads the pattern anew each time, and a page has a thousand numbers
    return format_decimal(value, format=pattern, locale=locale).replace("-", MINUS)


def signed(value: float, *, digits: int = 1) -> str:
    text = number(value, digits=digits)
    return text if text.startswith(MINUS) or round(value, digits) == 0 else f"+{text}"


def percent(share: float) -> str:
    """To a tenth; shares that are not quite 0 or 1 are never shown as if they were."""
    if 0 < share < 0.0005:
        return f"< {percent(0.001)}"
    if 0.9995 < share < 1:
        share = 0.999
    pattern = "0.#%" if language() == "en" else "0.#\u202f%"
    return format_percent(share, pattern, locale=language())


def percent_range(interval: Interval) -> str:
    return f"{percent(interval.low)}–{percent(interval.high)}"


def rate(value: Rate) -> str:
    """“61.3% (58.0%–64.5%)”; a dash when there is nothing to divide by."""
    if value.share is None or value.interval is None:
        return "–"
    return f"{percent(value.share)} ({percent_range(value.interval)})"


def count_range(interval: Interval) -> str:
    """Whole counts that still lie within the limits."""
    low, high = int(-(-interval.low // 1)), int(interval.high // 1)
    return f"{number(low)}–{number(max(low, high))}"


def short_duration(duration: timedelta) -> str:
    """Two units at most: “0.2 s”, “3 min 4 s”, “2 h 5 min”, “1 d 3 h”."""
    seconds = abs(duration.total_seconds())
    sign = MINUS if duration < timedelta(0) else ""
    if seconds < 10:
        return f"{sign}{number(seconds, digits=1)}\u00a0s"
    whole = round(seconds)
    for unit, size, lower, lower_size in ((_("d"), 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // lower_size
            return f"{sign}{whole // size}\u00a0{unit}" + (f" {rest}\u00a0{lower}" if rest else "")
    return f"{sign}{whole}\u00a0s"


@dataclass(frozen=True, kw_only=True)
class ShortInstant:
    """For tables: the zone's wall clock, and its offset to stand beside it."""

    wall: str
    offset: str

    def __str__(self) -> str:
        return f"{self.wall} {self.offset}"


def short_instant(instant: datetime, *, zone: str, seconds: bool = False) -> ShortInstant:
    local = instant.astimezone(zone_or_utc(zone)).replace(tzinfo=None)
    pattern = "EEE d MMM, HH:mm:ss" if seconds else "EEE d MMM, HH:mm"
    wall = format_datetime(local, pattern, locale=language())
    return ShortInstant(wall=wall, offset=format_utc_offset(instant, zone=zone))
