"""What of a calendar that is too large is left out: first what has long been over, then what is farthest away. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class Entry:
    starts_at: datetime
    ends_at: datetime
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Narrowed:
    """What is left, in the order given, and the days that say what is missing: None where nothing is."""

    entries: Sequence[Entry]
    over_until: date | None = None  # what ended up to this day is missing
    none_from: date | None = None  # what starts on this day or later is missing


def narrowed(entries: Sequence[Entry], *, room: int, today: date) -> Narrowed:
    """At most `room` bytes. Whole days are left out, so that the sentence about it is true."""
    excess = sum(len(entry.body) for entry in entries) - room
    if excess <= 0:
        return Narrowed(entries=entries)
    over = sorted((entry for entry in entries if _last_day(entry) < today), key=_last_day)
    until, excess = _last_dropped(over, [_last_day(entry) for entry in over], excess)
    kept = [entry for entry in entries if until is None or _last_day(entry) > until]
    ahead = sorted(kept, key=_first_day, reverse=True)
    start, _ = _last_dropped(ahead, [_first_day(entry) for entry in ahead], excess)
    kept = [entry for entry in kept if start is None or _first_day(entry) < start]
    return Narrowed(entries=kept, over_until=until, none_from=start)


def _last_dropped(entries: Sequence[Entry], days: Sequence[date], excess: int) -> tuple[date | None, int]:
    """The day up to which (all of) the first entries have to go, and what is still too much when it is not enough."""
    last = None
    for entry, day in zip(entries, days, strict=True):
        if excess <= 0 and day != last:
            break
        last, excess = day, excess - len(entry.body)
    return last, excess


def _first_day(entry: Entry) -> date:
    return entry.starts_at.date()


def _last_day(entry: Entry) -> date:
    return entry.ends_at.date()
