"""How many messages a person gets within seven days, this campaign and all others together. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from .facts import Facts, People

WEEK_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Week:
    """Seven days from `first` on, with `count` messages, `own` of them this campaign's."""

    first: date
    count: int
    own: int


def busiest_weeks(facts: Facts) -> Iterator[tuple[People, Week]]:
    """For each group of people the seven days with the most messages among those in which this campaign writes to them."""
    for group in facts.crowd.people:
        own = _own_days(facts, group)
        if own:
            yield group, _busiest(own, _other_days(facts, group))


def _own_days(facts: Facts, group: People) -> Counter[date]:
    """Whoever several segments name for one moment gets it once by each channel."""
    addresses = {column.key: column.address for column in facts.columns}
    written = {
        (row.moment, row.channel_id): row.about_at.astimezone(UTC).date()
        for row in facts.departures
        if row.segment_id in group.segment_ids and addresses.get(row.column) in group.addresses
    }
    return Counter(written.values())


def _other_days(facts: Facts, group: People) -> Counter[date]:
    days: Counter[date] = Counter()
    for row in facts.crowd.others:
        if row.segment_id in group.segment_ids and row.address in group.addresses:
            days[row.day] += row.count
    return days


def _busiest(own: Mapping[date, int], others: Mapping[date, int]) -> Week:
    firsts = {day - timedelta(days=back) for day in own for back in range(WEEK_DAYS)}
    weeks = (Week(first=first, count=_within(own, first) + _within(others, first), own=_within(own, first)) for first in firsts)
    return max(weeks, key=lambda week: (week.count, week.first.toordinal()))


def _within(days: Mapping[date, int], first: date) -> int:
    return sum(days.get(first + timedelta(days=number), 0) for number in range(WEEK_DAYS))
