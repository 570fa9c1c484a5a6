from datetime import UTC, datetime, timedelta

import pytest

from apps.windows.models import Impact
from apps.windows.rules import OUTAGE, NoticeRule, TimesFault, announced_end, notice_warning, times_fault

START = datetime(2026, 11, 24, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("minutes", "announced"),
    [
        pytest.param(240, 360, id="four-hours-are-announced-as-four-to-six"),
        pytest.param(60, 90, id="one-hour"),
        pytest.param(20, 30, id="short-work-fills-half-an-hour"),
        pytest.param(45, 90, id="rounded-up-never-down"),
        pytest.param(5, 30, id="never-before-the-end"),
        pytest.param(600, 900, id="ten-hours"),
    ],
)
def test_announced_end_is_half_as_long_again(minutes: int, announced: int) -> None:
    assert announced_end(START, START + timedelta(minutes=minutes)) == START + timedelta(minutes=announced)


@pytest.mark.parametrize(
    ("impact", "duration", "notice", "rule"),
    [
        pytest.param("degraded", HOUR, 2 * DAY, None, id="minor-two-days-are-enough"),
        pytest.param("degraded", HOUR, 47 * HOUR, NoticeRule.MINOR, id="minor-under-48-hours"),
        pytest.param("degraded", 5 * HOUR, 6 * DAY, NoticeRule.LONG, id="over-four-hours"),
        pytest.param("degraded", 9 * HOUR, 7 * DAY, None, id="long-without-outage-needs-seven-days"),
        pytest.param("outage", HOUR, 6 * DAY, NoticeRule.MAJOR, id="outage"),
        pytest.param("outage", 8 * HOUR, 7 * DAY, None, id="outage-of-exactly-eight-hours"),
        pytest.param("outage", 9 * HOUR, 13 * DAY, NoticeRule.LONG_OUTAGE, id="outage-over-eight-hours"),
        pytest.param("outage", 9 * HOUR, 14 * DAY, None, id="outage-over-eight-hours-two-weeks-ahead"),
    ],
)
def test_notice_asked_for(impact: str, duration: timedelta, notice: timedelta, rule: NoticeRule | None) -> None:
    warning = notice_warning(impact, duration, notice)
    assert (warning and warning.rule) == rule


@pytest.mark.parametrize(("hours", "severe"), [(47, True), (48, False), (-3, True)])
def test_under_48_hours_is_severe(hours: int, severe: bool) -> None:
    warning = notice_warning("outage", HOUR, hours * HOUR)
    assert warning is not None
    assert warning.is_severe is severe


def test_notice_is_never_negative() -> None:
    warning = notice_warning("degraded", HOUR, -DAY)
    assert warning is not None
    assert warning.given == timedelta(0)


@pytest.mark.parametrize(
    ("starts", "ends", "announced", "fault"),
    [
        pytest.param(DAY, 2 * DAY, None, None, id="sound"),
        pytest.param(-HOUR, HOUR, None, None, id="begun-but-not-over"),
        pytest.param(DAY, DAY, None, TimesFault.ENDS_BEFORE_START, id="empty"),
        pytest.param(2 * DAY, DAY, None, TimesFault.ENDS_BEFORE_START, id="backwards"),
        pytest.param(-2 * DAY, -DAY, None, TimesFault.ALREADY_OVER, id="over"),
        pytest.param(DAY, 2 * DAY, DAY, TimesFault.ANNOUNCED_BEFORE_END, id="range-backwards"),
        pytest.param(4000 * DAY, 4001 * DAY, None, TimesFault.TOO_FAR, id="year-mistyped"),
        pytest.param(DAY, 2 * DAY, 4000 * DAY, TimesFault.TOO_FAR, id="announced-year-mistyped"),
    ],
)
def test_periods_that_cannot_be_promised(
    starts: timedelta, ends: timedelta, announced: timedelta | None, fault: TimesFault | None
) -> None:
    announced_ends_at = NOW + announced if announced else None
    assert times_fault(starts_at=NOW + starts, ends_at=NOW + ends, announced_ends_at=announced_ends_at, now=NOW) == fault


def test_the_rules_speak_of_the_models_impacts() -> None:
    assert Impact.OUTAGE == OUTAGE
