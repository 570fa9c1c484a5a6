"""What of a calendar that is too large is left out: first what has been over longest, then what is farthest away. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class Entry:
    starts_at: datetime
    ends_at: datetime
    body: bytes = b""  # empty until it is rendered
    window_id: int = 0

    @property
    def first_day(self) -> date:
        return self.starts_at.date()

    @property
    def last_day(self) -> date:
        return self.ends_at.date()


@dataclass(frozen=True, kw_only=True)
class Narrowed:
    """What is shown, and the days that say what is missing: None where nothing is."""

    entries: Sequence[Entry]
    over_until: date | None = None  # what ended up to this day is missing
    none_from: date | None = None  # what starts on this day or later is missing


def ranked(entries: Iterable[Entry], *, today: date) -> list[Entry]:
    """Most wanted first: what is to come or under way by its start, then what is over, the latest first."""
    return sorted(entries, key=lambda entry: _rank(entry, today))


def narrowed(wanted: Sequence[Entry], rendered: Iterator[Entry], *, room: int, today: date) -> Narrowed:
    """At most `room` bytes of `rendered`, which follows the order of `wanted` but may lack some, and is read no further
    than needed. Whole days are left out, so that the sentence about it is true."""
    kept: list[Entry] = []
    for entry in rendered:
        room -= len(entry.body)
        if room < 0:
            bar = _rank(entry, today)
            return _cut(kept, [each for each in wanted if _rank(each, today) >= bar], today)
        kept.append(entry)
    return Narrowed(entries=kept)


def _rank(entry: Entry, today: date) -> tuple[bool, float]:
    is_over = entry.last_day < today
    return is_over, -entry.ends_at.timestamp() if is_over else entry.starts_at.timestamp()


def _cut(kept: Sequence[Entry], missing: Sequence[Entry], today: date) -> Narrowed:
    over_until = max((entry.last_day for entry in missing if entry.last_day < today), default=None)
    none_from = min((entry.first_day for entry in missing if entry.last_day >= today), default=None)
    entries = [
        entry
        for entry in kept
        if (over_until is None or entry.last_day > over_until) and (none_from is None or entry.first_day < none_from)
    ]
    return Narrowed(entries=entries, over_until=over_until, none_from=none_from)
