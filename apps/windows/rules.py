"""What is sensible to promise about a window, as pure arithmetic on common practice, with its reasons as values.

The sentences a planner reads are in `sentences.py`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

HALF_HOUR = timedelta(minutes=30)
PADDING = 1.5
SHORTEST_NOTICE = timedelta(hours=48)  # planned work under this always gets a warning
FARTHEST = timedelta(days=5 * 365)  # beyond it a date is a slip of the keyboard

# The words of `models.Impact` that this module has to know; a test holds them together.
OUTAGE = "outage"


def announced_end(starts_at: datetime, ends_at: datetime) -> datetime:
    """The late end of the range that is announced: the duration × 1.5, rounded up to the half hour.

    Up, because a promise must not become tighter by rounding; so it is never before the end itself.
    """
    padded = (ends_at - starts_at) * PADDING
    return starts_at + HALF_HOUR * -(-padded // HALF_HOUR)


class NoticeRule(StrEnum):
    """Which rule asks for the notice."""

    MINOR = "minor"
    MAJOR = "major"  # an outage
    LONG = "long"  # over 4 h
    LONG_OUTAGE = "long_outage"  # over 8 h of outage


MINIMUM_NOTICE = {
    NoticeRule.MINOR: timedelta(days=2),
    NoticeRule.MAJOR: timedelta(days=7),
    NoticeRule.LONG: timedelta(days=7),
    NoticeRule.LONG_OUTAGE: timedelta(days=14),
}


@dataclass(frozen=True, kw_only=True)
class NoticeWarning:
    """Recipients get `given` notice where `rule` asks for `needed`."""

    rule: NoticeRule
    needed: timedelta
    given: timedelta

    @property
    def is_severe(self) -> bool:
        """Under 48 h, which planned work should never be."""
        return self.given < SHORTEST_NOTICE


def notice_rule(impact: str, duration: timedelta) -> NoticeRule:
    if impact == OUTAGE:
        return NoticeRule.LONG_OUTAGE if duration > timedelta(hours=8) else NoticeRule.MAJOR
    return NoticeRule.LONG if duration > timedelta(hours=4) else NoticeRule.MINOR


def notice_warning(impact: str, duration: timedelta, notice: timedelta) -> NoticeWarning | None:
    """None when the notice is long enough; `notice` is the time from the announcement to the start."""
    rule = notice_rule(impact, duration)
    if notice >= MINIMUM_NOTICE[rule]:
        return None
    return NoticeWarning(rule=rule, needed=MINIMUM_NOTICE[rule], given=max(notice, timedelta(0)))


class TimesFault(StrEnum):
    """Why a period cannot be promised."""

    ENDS_BEFORE_START = "ends_before_start"
    ANNOUNCED_BEFORE_END = "announced_before_end"
    ALREADY_OVER = "already_over"
    TOO_FAR = "too_far"


def times_fault(
    *, starts_at: datetime, ends_at: datetime, announced_ends_at: datetime | None, now: datetime
) -> TimesFault | None:
    """The first thing wrong with a period that is about to be promised; a start in the past may still be promised."""
    if ends_at <= starts_at:
        return TimesFault.ENDS_BEFORE_START
    if ends_at <= now:
        return TimesFault.ALREADY_OVER
    if max(ends_at, announced_ends_at or ends_at) > now + FARTHEST:
        return TimesFault.TOO_FAR
    if announced_ends_at is not None and announced_ends_at < ends_at:
        return TimesFault.ANNOUNCED_BEFORE_END
    return None
