"""Rates as people read them."""

from django.utils.formats import number_format

_SECONDS = {"s": 1, "min": 60, "h": 3600}


def rate_words(per_second: float) -> str:
    """“14/s”, “30/min”: in the first unit in which it is at least one."""
    number, unit = _readable(per_second)
    return f"{number_format(number if number % 1 else int(number))}/{unit}"


def _readable(per_second: float) -> tuple[float, str]:
    for unit, seconds in _SECONDS.items():
        if (number := round(per_second * seconds, 1)) >= 1:
            return number, unit
    return round(per_second * 3600, 2), "h"
