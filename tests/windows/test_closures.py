from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from apps.windows.closures import days_between, days_of, period_of_days

PARIS = ZoneInfo("Europe/Paris")


def test_last_day_belongs_to_the_period_and_days_are_those_of_the_zone():
    begin, end = period_of_days(date(2026, 3, 28), date(2026, 3, 29), PARIS)

    assert begin == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert end == datetime(2026, 3, 29, 22, tzinfo=UTC)  # the 29th has 23 hours


def test_work_touches_the_dates_that_the_clock_shows_meanwhile():
    start = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)  # 23:00 in Paris

    assert days_of(start, start + timedelta(hours=2), PARIS) == [date(2026, 3, 2), date(2026, 3, 3)]
    assert days_of(start, start + timedelta(hours=1), PARIS) == [date(2026, 3, 2)]  # midnight is excluded


def test_dates_of_any_zone_are_within_a_day():
    start = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)

    assert days_between(start, start) == (date(2026, 3, 1), date(2026, 3, 3))
