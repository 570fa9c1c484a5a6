from datetime import UTC, datetime, timedelta

import pytest

from apps.dashboard.baseline import Baseline, History, Period, Stage, hours_between, periods_of
from apps.dashboard.stats import Interval

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
MONDAY_NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def history(counts, *, since=None, zone="UTC", name="Desk"):
    return History(name=name, time_zone=zone, counts=counts, since=since)


def weekly(count, *, at=MONDAY_NINE, weeks=12):
    return {at - number * WEEK: count for number in range(1, weeks + 1)}


def judge(histories, *, observed, closed=frozenset(), at=MONDAY_NINE):
    baseline = Baseline(histories, [at], closed=closed)
    return baseline.period(Period(stage=Stage.DURING, starts_at=at, ends_at=at + HOUR), observed=observed)


def test_expected_is_the_mean_of_the_same_weekday_and_hour():
    counts = weekly(4) | {MONDAY_NINE - timedelta(days=1): 90}
    assert judge([history(counts)], observed=4).expected.count == 4


def test_only_the_last_eight_weeks_count():
    counts = weekly(100) | weekly(2, weeks=8)
    expected = judge([history(counts)], observed=2).expected
    assert (expected.count, expected.weeks) == (2, 8)


def test_hours_of_other_windows_are_left_out_and_older_weeks_take_their_place():
    closed = {MONDAY_NINE - WEEK, MONDAY_NINE - 2 * WEEK}
    counts = weekly(3) | {MONDAY_NINE - WEEK: 80, MONDAY_NINE - 2 * WEEK: 80}
    expected = judge([history(counts)], observed=3, closed=closed).expected
    assert (expected.count, expected.weeks) == (3, 8)


def test_under_four_weeks_there_is_no_verdict():
    judgement = judge([history(weekly(3, weeks=3), since=MONDAY_NINE - 3 * WEEK)], observed=9)
    assert (judgement.observed, judgement.expected, judgement.is_normal, judgement.excess) == (9, None, None, None)


def test_four_weeks_are_enough():
    assert judge([history(weekly(3, weeks=4), since=MONDAY_NINE - 4 * WEEK)], observed=3).expected.weeks == 4


def test_too_many_closed_hours_leave_no_verdict():
    closed = {MONDAY_NINE - number * WEEK for number in range(1, 10)}
    assert judge([history(weekly(3))], observed=3, closed=closed).expected is None


def test_a_young_help_desk_is_left_out_beside_an_old_one():
    old, young = history(weekly(5), name="Old"), history({MONDAY_NINE: 7}, since=MONDAY_NINE, name="Young")
    baseline = Baseline([old, young], [MONDAY_NINE], closed=set())
    assert [each.name for each in baseline.left_out] == ["Young"]
    assert baseline.hour(MONDAY_NINE).observed == 0


def test_without_any_old_help_desk_all_are_counted_raw():
    young = history({MONDAY_NINE: 7}, since=MONDAY_NINE)
    judgement = Baseline([young], [MONDAY_NINE], closed=set()).hour(MONDAY_NINE)
    assert (judgement.observed, judgement.expected) == (7, None)


def test_help_desks_are_added_up():
    assert judge([history(weekly(4)), history(weekly(2))], observed=6).expected.count == 6


def test_part_of_an_hour_expects_part_of_its_tickets():
    baseline = Baseline([history(weekly(8))], [MONDAY_NINE], closed=set())
    quarter = Period(stage=Stage.DURING, starts_at=MONDAY_NINE + HOUR / 4, ends_at=MONDAY_NINE + HOUR / 2)
    assert baseline.period(quarter, observed=2).expected.count == 2


def test_the_clock_of_the_help_desk_decides_which_hour_is_the_same():
    # Paris changed to summer time on 29 March 2026: 09:00 there is 07:00 UTC after and 08:00 UTC before.
    after = datetime(2026, 3, 30, 7, tzinfo=UTC)
    counts = {datetime(2026, 3, 30, 8, tzinfo=UTC) - number * WEEK: 6 for number in range(1, 13)}
    assert judge([history(counts, zone="Europe/Paris")], observed=6, at=after).expected.count == 6


@pytest.mark.parametrize(
    ("observed", "normal", "above"), [(0, False, False), (1, True, False), (9, True, False), (10, False, True)]
)
def test_inside_the_limits_is_normal(observed, normal, above):
    # eight weeks of 4: mean 4, variance 4 · (1 + 1/8), whose negative binomial has 1 and 9 as its outer 2.5 percentiles
    judgement = judge([history(weekly(4))], observed=observed)
    assert (judgement.is_normal, judgement.is_above) == (normal, above)


def test_excess_carries_the_limits_turned_round():
    judgement = judge([history(weekly(100))], observed=150)
    assert judgement.excess == 50
    assert judgement.excess_range == Interval(low=150 - judgement.expected.range.high, high=150 - judgement.expected.range.low)


def test_one_ticket_where_there_never_was_one_is_still_normal():
    judgement = judge([history({})], observed=1)
    assert (judgement.expected.count, judgement.is_normal) == (0, True)


def test_scattered_weeks_widen_the_limits():
    calm = history(weekly(20))
    wild = history(dict(zip(weekly(0), (2, 38) * 6, strict=True)))
    assert judge([wild], observed=40).is_normal
    assert judge([calm], observed=40).is_above


START, END = datetime(2026, 3, 2, 1, 30, tzinfo=UTC), datetime(2026, 3, 2, 4, 15, tzinfo=UTC)


def test_periods_follow_the_actual_times():
    periods = periods_of(START, END, started=True, ended=True, now=END + timedelta(days=3))
    assert [(period.starts_at, period.ends_at) for period in periods] == [
        (START - timedelta(days=1), START),
        (START, END),
        (END, END + timedelta(days=1)),
    ]


def test_periods_end_now_while_the_work_runs():
    periods = periods_of(START, END, started=True, ended=False, now=START + HOUR)
    assert [period.stage for period in periods] == [Stage.BEFORE, Stage.DURING]
    assert periods[-1].ends_at == START + HOUR


def test_before_the_start_the_last_day_is_looked_at():
    (period,) = periods_of(START, END, started=False, ended=False, now=START - timedelta(days=5))
    assert (period.starts_at, period.ends_at) == (START - timedelta(days=6), START - timedelta(days=5))


def test_hours_between_are_those_touched():
    assert [hour.hour for hour in hours_between(START, END)] == [1, 2, 3, 4]
