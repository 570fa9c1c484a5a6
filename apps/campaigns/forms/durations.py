"""Lengths of time and offsets as planners type them, in English or French. Pure; they are printed by common/times.py."""

import re
from dataclasses import dataclass
from datetime import timedelta

UNITS = {
    "d": ("d", "day", "days", "j", "jour", "jours"),
    "h": ("h", "hr", "hrs", "hour", "hours", "heure", "heures"),
    "m": ("m", "mn", "min", "mins", "minute", "minutes"),
}
LENGTHS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
UNIT_OF = {word: unit for unit, words in UNITS.items() for word in words}
MINUSES = str.maketrans({"−": "-", "–": "-", "‐": "-"})
CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)")
PART = re.compile(r"\s*([+-]?)\s*(\d{1,6}(?:[.,]\d{1,6})?)\s*([^\W\d_]*)\.?(?:\s*(?:,|and\b|et\b))?\s*")
LONGEST_TEXT = 40
FARTHEST_OFFSET = timedelta(days=3650)  # beyond it a number is a slip of the keyboard


class NotUnderstood(ValueError):
    """The text is no length of time."""


@dataclass(frozen=True, kw_only=True)
class Offset:
    """Whole days keep the wall clock, the rest is elapsed time; see `campaigns.Step`."""

    days: int
    time: timedelta


@dataclass(frozen=True, kw_only=True)
class _Part:
    sign: int
    number: float
    unit: str

    @property
    def length(self) -> timedelta:
        return self.sign * self.number * LENGTHS[self.unit]


def parse_duration(text: str) -> timedelta:
    """“2h”, “90 min”, “1:30”, “1 h 30”, “1,5 heure”, “2 jours”; raises NotUnderstood, also for nothing and less."""
    clock = CLOCK.fullmatch(text.strip())
    if clock:
        length = timedelta(hours=int(clock[1]), minutes=int(clock[2]))
    else:
        parts = _parts(text)
        if any(part.sign < 0 for part in parts):
            raise NotUnderstood(text)
        length = sum((part.length for part in parts), timedelta(0))
    if length <= timedelta(0):
        raise NotUnderstood(text)
    return length


def parse_offset(text: str) -> Offset:
    """“−7 d”, “+24 h”, “-1 d 2 h”, “0”; a sign holds until the next one, and none means after. Raises NotUnderstood."""
    if text.strip() in ("", "0"):
        return Offset(days=0, time=timedelta(0))
    parts = _parts(text)
    days = sum(part.sign * part.number for part in parts if part.unit == "d")
    if days != int(days):
        raise NotUnderstood(text)
    time = sum((part.length for part in parts if part.unit != "d"), timedelta(0))
    if abs(timedelta(days=days)) > FARTHEST_OFFSET or abs(time) > FARTHEST_OFFSET:
        raise NotUnderstood(text)
    return Offset(days=int(days), time=time)


def _parts(text: str) -> list[_Part]:
    if len(text) > LONGEST_TEXT:
        raise NotUnderstood(text)
    rest, sign, previous, parts = text.translate(MINUSES).strip().lower(), 1, "", []
    while rest:
        match = PART.match(rest)
        if match is None:
            raise NotUnderstood(text)
        sign = {"-": -1, "+": 1}.get(match[1], sign)
        # “1 h 30” has minutes without their name.
        unit = UNIT_OF.get(match[3], "") if match[3] else {"h": "m"}.get(previous, "")
        if not unit:
            raise NotUnderstood(text)
        parts.append(_Part(sign=sign, number=float(match[2].replace(",", ".")), unit=unit))
        rest, previous = rest[match.end() :], unit
    if not parts:
        raise NotUnderstood(text)
    return parts
