"""Were there more tickets than usual? What the same weekday and hour of earlier weeks lead one to expect.

Pure; the model is that of `stats`, applied in each help desk's own zone. A help desk that is known for
less than four comparable weeks is counted but not judged.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from apps.common.zones import shift_days, zone_or_utc

from .stats import Interval, dispersion, limits, mean

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEKS = 8  # as many comparable weeks are averaged
LOOK_BACK_WEEKS = 12  # so far back they are looked for, where some had other windows
LEAST_WEEKS = 4  # with fewer there is no verdict


class Stage(StrEnum):
    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True, kw_only=True)
class Period:
    """`[starts_at, ends_at)` of one stage, by actual times."""

    stage: Stage
    starts_at: datetime
    ends_at: datetime

    def share_of(self, hour: datetime) -> float:
        """How much of that hour lies in the period."""
        overlap = min(self.ends_at, hour + HOUR) - max(self.starts_at, hour)
        return max(0.0, overlap / HOUR)


@dataclass(frozen=True, kw_only=True)
class History:
    """Tickets of one help desk by UTC hour; `since` is its first known hour, `None` if older than the look-back."""

    name: str
    time_zone: str
    counts: Mapping[datetime, int]
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What is normal for a stretch of time, and how surely that is known."""

    count: float
    range: Interval
    weeks: int  # the least number of comparable weeks in it


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Observed against expected; without an expectation the count stands alone."""

    observed: int
    expected: Expectation | None

    @property
    def excess(self) -> float | None:
        return self.observed - self.expected.count if self.expected else None

    @property
    def excess_range(self) -> Interval | None:
        if not self.expected:
            return None
        return Interval(low=self.observed - self.expected.range.high, high=self.observed - self.expected.range.low)

    @property
    def is_normal(self) -> bool | None:
        return self.observed in self.expected.range if self.expected else None

    @property
    def is_above(self) -> bool:
        return self.expected is not None and self.observed > self.expected.range.high


def periods_of(starts_at: datetime, ends_at: datetime, *, started: bool, ended: bool, now: datetime) -> list[Period]:
    """The day before, the work itself and the day after, each only as far as it is past."""
    if not started:
        until = min(starts_at, now)
        return [Period(stage=Stage.BEFORE, starts_at=until - DAY, ends_at=until)]
    periods = [Period(stage=Stage.BEFORE, starts_at=starts_at - DAY, ends_at=starts_at)]
    end = ends_at if ended else max(now, starts_at)
    periods.append(Period(stage=Stage.DURING, starts_at=starts_at, ends_at=end))
    if ended and now > end:
        periods.append(Period(stage=Stage.AFTER, starts_at=end, ends_at=min(end + DAY, now)))
    return periods


def hour_of(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def hours_between(starts_at: datetime, ends_at: datetime) -> list[datetime]:
    """The UTC hours that `[starts_at, ends_at)` touches."""
    hours, hour = [], hour_of(starts_at)
    while hour < ends_at:
        hours.append(hour)
        hour += HOUR
    return hours


class Baseline:
    """The comparable hours of the judged help desks. `closed` are the hours in which any window ran."""

    def __init__(self, histories: Sequence[History], hours: Sequence[datetime], *, closed: Set[datetime]) -> None:
        self.judged = [history for history in histories if _is_old_enough(history, hours)]
        self.left_out = [history for history in histories if history not in self.judged] if self.judged else []
        self._counted = self.judged or histories
        self._samples = [{hour: _comparable(history, hour, closed) for hour in hours} for history in self.judged]
        self._dispersion = dispersion(counts for samples in self._samples for counts in samples.values())

    def hour(self, hour: datetime) -> Judgement:
        observed = sum(history.counts.get(hour, 0) for history in self._counted)
        return Judgement(observed=observed, expected=self._expect([(hour, 1.0)]))

    def period(self, period: Period, *, observed: int) -> Judgement:
        hours = [(hour, period.share_of(hour)) for hour in hours_between(period.starts_at, period.ends_at)]
        return Judgement(observed=observed, expected=self._expect(hours))

    def _expect(self, hours: Sequence[tuple[datetime, float]]) -> Expectation | None:
        cells = [(samples.get(hour, ()), share) for samples in self._samples for hour, share in hours]
        weeks = min((len(counts) for counts, _share in cells), default=0)
        if weeks < LEAST_WEEKS:
            return None
        count = sum(mean(counts) * share for counts, share in cells)
        variance = sum(mean(counts) * share * (1 + share / len(counts)) for counts, share in cells)
        if count == 0:  # never a ticket: half a one in all those weeks, as Jeffreys would have it
            unseen = 0.5 / weeks
            return Expectation(count=0.0, range=limits(unseen, variance=unseen * (1 + 1 / weeks)), weeks=weeks)
        return Expectation(count=count, range=limits(count, variance=self._dispersion * variance), weeks=weeks)


def _is_old_enough(history: History, hours: Sequence[datetime]) -> bool:
    return not history.since or (bool(hours) and history.since <= min(hours) - LEAST_WEEKS * 7 * DAY)


def _comparable(history: History, hour: datetime, closed: Set[datetime]) -> tuple[int, ...]:
    """Counts of the same weekday and hour, on the help desk's clock, in up to eight earlier weeks without a window."""
    zone, counts = zone_or_utc(history.time_zone), []
    for weeks in range(1, LOOK_BACK_WEEKS + 1):
        past = hour_of(shift_days(hour, -7 * weeks, zone))
        if history.since and past < history.since:
            break
        if past not in closed:
            counts.append(history.counts.get(past, 0))
        if len(counts) == WEEKS:
            break
    return tuple(counts)
