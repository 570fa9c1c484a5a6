"""Times as people read them: in words of their language, and never without the zone.

Pure. English and French; another language is answered in English rather than with an error.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_location
from babel.units import format_unit

from .zones import zone_or_utc

MINUS = "\u2212"
FRENCH_ELISION = (*"AEIOUÀÂÄÉÈÊËÎÏÔÖÙÛÜ", "He", "Hé")  # d’Athènes, d’Helsinki; but de Hong Kong, de Yangon


@dataclass(frozen=True, kw_only=True)
class _Moment:
    """One instant as a zone's clock shows it, cut into the parts that a sentence is made of."""

    date: str
    clock: str
    offset: str


def format_instant(instant: datetime, *, zone: str, language: str) -> str:
    """E.g. “Tuesday 24 November 2026, 02:00 (Paris time, UTC+01:00)”."""
    place = zone_or_utc(zone)
    moment = _moment(instant, place, language)
    return f"{moment.date}, {moment.clock} ({_zone_words(place, moment.offset, language)})"


def format_period(start: datetime, end: datetime, *, zone: str, language: str) -> str:
    """E.g. “Tuesday 24 November 2026, 02:00–06:00 (Paris time, UTC+01:00)”.

    Where the clock changes in between, each end carries its own offset; where the day changes, its own date.
    """
    place = zone_or_utc(zone)
    first, last = (_moment(instant, place, language) for instant in (start, end))
    if first.offset == last.offset:
        words, begin, finish = _zone_words(place, first.offset, language), first.clock, last.clock
    else:
        words, begin, finish = _city_words(place, language), f"{first.clock} {first.offset}", f"{last.clock} {last.offset}"
    if first.date != last.date:
        return f"{first.date}, {begin} – {last.date}, {finish} ({words})"
    dash = "–" if first.offset == last.offset else " – "
    return f"{first.date}, {begin}{dash}{finish} ({words})"


def format_day(day: date, *, language: str) -> str:
    """E.g. “Tuesday 24 November 2026”."""
    return _day_words(day, _known(language))


def format_utc_offset(instant: datetime, *, zone: str) -> str:
    """What the zone's clock is ahead of UTC at `instant`: “UTC+01:00”, plain “UTC” at zero."""
    return _utc_offset(instant.astimezone(zone_or_utc(zone)))


def format_duration(duration: timedelta, *, language: str) -> str:
    """E.g. “4 hours 30 minutes”, to the minute; under a minute in seconds."""
    seconds = round(abs(duration).total_seconds())
    minutes = seconds // 60 if seconds >= 60 else 0
    days, hours = minutes // 1440, minutes % 1440 // 60
    parts = [(days, "day"), (hours, "hour"), (minutes % 60, "minute"), (0 if minutes else seconds, "second")]
    words = " ".join(_counted(number, unit, language) for number, unit in parts if number)
    return (MINUS if duration < timedelta(0) and words else "") + (words or _counted(0, "minute", language))


def format_offset(days: int, offset: timedelta, *, language: str = "en") -> str:
    """How far a moment lies from its anchor: “−7 d”, “−1 h”, “+24 h”, “−1 d −2 h”; “0” is the anchor itself."""
    return " ".join(part for part in (_offset_days(days, language), _offset_time(offset)) if part) or "0"


def _offset_days(days: int, language: str) -> str:
    return f"{_sign(days)}{abs(days)} {'j' if _known(language) == 'fr' else 'd'}" if days else ""


def _offset_time(offset: timedelta) -> str:
    hours, minutes = divmod(round(abs(offset).total_seconds() / 60), 60)
    parts = [f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min")) if number]
    return _sign(offset.total_seconds()) + " ".join(parts) if parts else ""


def _sign(number: float) -> str:
    return MINUS if number < 0 else "+"


def _known(language: str) -> str:
    return "fr" if language.lower().startswith("fr") else "en"


def _moment(instant: datetime, place: ZoneInfo, language: str) -> _Moment:
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no zone: it is not an instant.")
    local = instant.astimezone(place)
    return _Moment(date=_day_words(local.date(), _known(language)), clock=f"{local:%H:%M}", offset=_utc_offset(local))


@lru_cache(maxsize=4096)  # a calendar of thousands of windows asks for each day several times
def _day_words(day: date, known: str) -> str:
    words = format_date(day, "EEEE d MMMM y", locale=known)
    return words.replace(" 1 ", " 1er ", 1) if known == "fr" and day.day == 1 else words


def _utc_offset(local: datetime) -> str:
    # The hyphen is ASCII: a true minus would push a text message out of its small alphabet.
    minutes = round((local.utcoffset() or timedelta(0)).total_seconds() / 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"


def _zone_words(place: ZoneInfo, offset: str, language: str) -> str:
    city = _city_words(place, language)
    return offset if _is_nameless(place) else f"{city}, {offset}"


def _is_nameless(place: ZoneInfo) -> bool:
    """UTC and the fixed offsets (Etc/GMT+5, whose name says the opposite of its offset) belong to no city."""
    return "/" not in place.key or place.key.startswith("Etc/")


def _city_words(place: ZoneInfo, language: str) -> str:
    return "UTC" if _is_nameless(place) else _city_time(place.key, _known(language))


@cache
def _city_time(zone: str, known: str) -> str:
    # CLDR knows the city in each language; where it does not, the zone's last part is the city.
    city = get_timezone_location(zone, locale=known, return_city=True).rsplit("/", 1)[-1]
    return f"heure {_french_of(city)}" if known == "fr" else f"{city} time"


def _french_of(city: str) -> str:
    """“de Paris”, “d’Athènes”, “du Caire”."""
    if city.startswith("Le "):
        return f"du {city[3:]}"
    return f"d’{city}" if city.startswith(FRENCH_ELISION) else f"de {city}"


def _counted(number: int, unit: str, language: str) -> str:
    # CLDR's no-break spaces are plain ones here: they would double the length of a text message.
    return (
        format_unit(number, f"duration-{unit}", length="long", locale=_known(language))
        .replace("\u00a0", " ")
        .replace("\u202f", " ")
    )
