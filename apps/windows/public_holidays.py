"""The public holidays of a region, in words of the reader's language. Pure.

A region is a country, “FR”, or a part of one, “FR-57”. Without a setting it is the country of the window's zone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from babel.core import get_global

if TYPE_CHECKING:
    from holidays import HolidayBase

NOWHERE = ("ZZ", "001")


@dataclass(frozen=True, kw_only=True)
class Holiday:
    day: date
    name: str
    region: str


def region_of_zone(zone: str) -> str:
    """The country in which `zone` lies; empty for UTC and its like."""
    territory = get_global("zone_territories").get(get_global("zone_aliases").get(zone, zone), "")
    return "" if territory in NOWHERE else str(territory)


def is_known(region: str) -> bool:
    return bool(region) and _calendar(region) is not None


def holidays_on(days: Sequence[date], regions: Iterable[str], *, language: str) -> list[Holiday]:
    """Those of `days` that are holidays in one of the `regions`; a region that nobody knows has none."""
    found = []
    for region in regions:
        for day in days:
            name = _names(region, day.year, language).get(day)
            if name:
                found.append(Holiday(day=day, name=name, region=region))
    return found


@lru_cache(maxsize=256)
def _names(region: str, year: int, language: str) -> dict[date, str]:
    """The names in `language` where the library has them; else in English, else in the country's own."""
    calendar = _calendar(region) if region else None
    spoken = getattr(calendar, "supported_languages", ())
    wanted = next((code for code in (language, f"{language}_US", "en_US", "en_GB", "en") if code in spoken), None)
    found = _calendar(region, year=year, language=wanted) if calendar is not None else None
    return dict(found.items()) if found is not None else {}


def _calendar(region: str, *, year: int | None = None, language: str | None = None) -> "HolidayBase | None":
    """None where the library does not know the region."""
    from holidays import country_holidays  # takes a while to load, and few processes need it

    country, _dash, part = region.partition("-")
    try:
        return country_holidays(country, subdiv=part or None, years=year, language=language)
    except NotImplementedError:
        return None
