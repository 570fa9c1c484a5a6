from datetime import date, timedelta

import pytest

from apps.campaigns.checks.facts import Overlap, Phase
from apps.campaigns.checks.findings import Level
from apps.campaigns.checks.rules import Cause, Code
from apps.windows.closures import Closure
from apps.windows.public_holidays import Holiday

from .values import DAY, HOUR, NOW, START, around, column, departure, levels, only, remarks, times


def overlap(pk=5):
    end = START + HOUR
    return Overlap(pk=pk, title="Network", services=["Checkout"], starts_at=START, ends_at=end, time_zone="UTC")


def closure(**fields):
    defaults = {"pk": 9, "name": "Freeze", "starts_at": START - DAY, "ends_at": START + DAY}
    return Closure(**(defaults | fields))


def test_what_is_in_order_has_no_remarks():
    assert remarks() == []


@pytest.mark.parametrize(
    ("impact", "duration", "notice", "is_short"),
    [
        pytest.param("degraded", 2 * HOUR, 2 * DAY, False, id="minor: two days"),
        pytest.param("degraded", 2 * HOUR, 2 * DAY - HOUR, True, id="minor: an hour short"),
        pytest.param("outage", 2 * HOUR, 6 * DAY, True, id="an outage: seven days"),
        pytest.param("degraded", 5 * HOUR, 6 * DAY, True, id="over four hours: seven days"),
        pytest.param("outage", 9 * HOUR, 13 * DAY, True, id="over eight hours of outage: fourteen days"),
        pytest.param("outage", 9 * HOUR, 14 * DAY, False, id="fourteen days are enough"),
    ],
)
def test_notice_depends_on_impact_and_length(impact, duration, notice, is_short):
    start = NOW + notice
    window = times(
        starts_at=start, ends_at=start + duration, announced_ends_at=start + duration * 1.5, impact=impact, notice=notice
    )

    assert (Code.NOTICE in levels(times=window)) is is_short


def test_notice_that_has_been_given_is_not_judged_again():
    assert Code.NOTICE not in levels(times=times(starts_at=NOW + HOUR, notice=None))


def test_window_that_would_be_over_may_not_be_scheduled():
    assert only(Code.ALREADY_OVER, times=times(starts_at=NOW - DAY)).level is Level.STOP


def test_estimate_without_a_range_has_to_be_ticked():
    assert only(Code.NO_RANGE, times=times(announced_ends_at=START + 4 * HOUR)).level is Level.WARN


def test_window_without_services_may_not_be_scheduled():
    assert only(Code.NO_SERVICES, around=around(service_ids=frozenset())).level is Level.STOP


def test_overlap_leads_to_the_other_window():
    remark = only(Code.OVERLAP, around=around(overlaps=[overlap(5)]))

    assert (remark.target.cause, remark.target.pk) == (Cause.OTHER_WINDOW, 5)


def test_many_overlaps_are_summed_up():
    found = remarks(around=around(overlaps=[overlap(number) for number in range(8)]))

    assert [remark.values["more"] for remark in found] == [0, 0, 0, 0, 3]


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        pytest.param({}, Level.WARN, id="all services"),
        pytest.param({"is_strict": True}, Level.STOP, id="strict"),
        pytest.param({"service_ids": frozenset({1, 2})}, Level.WARN, id="one of its services"),
        pytest.param({"service_ids": frozenset({2})}, None, id="other services"),
        pytest.param({"starts_at": START + 5 * HOUR}, Level.WARN, id="begins while the work may still last"),
        pytest.param({"starts_at": START + 6 * HOUR}, None, id="begins when all is over"),
        pytest.param({"ends_at": START}, None, id="over when it starts"),
    ],
)
def test_blackout_warns_or_stops(fields, level):
    assert levels(around=around(closures=[closure(**fields)])).get(Code.BLACKOUT) == level


def test_public_holiday_has_to_be_ticked():
    holiday = Holiday(day=date(2026, 5, 1), name="Labour Day", region="FR")

    assert only(Code.HOLIDAY, around=around(holidays=[holiday])).level is Level.WARN


def test_work_that_has_begun_is_not_told_when_it_should_be():
    obstacles = around(overlaps=[overlap()], closures=[closure(is_strict=True)])

    assert levels(times=times(has_begun=True), around=obstacles) == {}


def test_plan_of_which_nothing_leaves_has_to_be_ticked():
    assert levels(departures=[], messages=[])[Code.NOTHING_LEAVES] is Level.WARN


def test_sms_that_would_ring_at_night_is_said_to_leave_earlier():
    at_three = NOW + DAY + 18 * HOUR  # 03:00 UTC on Wednesday
    phones = column(kind="sms", address="phone", zones={"Europe/Paris": 5, "Asia/Tokyo": 2, "": 1})
    leaving = departure(due_at=at_three, useful_until=at_three + 3 * HOUR)

    remark = only(Code.QUIET_HOURS, columns=[phones], departures=[leaving])

    assert remark.level is Level.HINT
    assert remark.values["count"] == 6  # the one without a zone is in the window's
    assert remark.values["leaves_at"] == at_three - 7 * HOUR


def test_sms_that_can_only_leave_later_has_to_be_ticked():
    at_night = NOW + 14 * HOUR  # midnight in Paris
    phones = column(kind="sms", address="phone", zones={"Europe/Paris": 5})
    leaving = departure(due_at=at_night, useful_until=at_night + DAY)

    assert only(Code.QUIET_HOURS, columns=[phones], departures=[leaving], times=times(now=at_night)).level is Level.WARN


@pytest.mark.parametrize(
    "fields", [{"urgency": "urgent"}, {"due_at": NOW}, {"due_at": None, "about_at": NOW + timedelta(hours=14)}]
)
def test_what_is_urgent_or_by_day_or_not_dated_rings_as_planned(fields):
    phones = column(kind="sms", address="phone", zones={"Europe/Paris": 5})

    assert Code.QUIET_HOURS not in levels(columns=[phones], departures=[departure(**({"due_at": NOW + 14 * HOUR} | fields))])


def updates(number, *, key="during", **fields):
    due = {"phase": Phase.RUNNING, "recipients": 10, **fields}
    return [departure(moment=f"{key}.{n}", due_at=START + n * HOUR, **due) for n in range(number)]


def floods(departures):
    return [remark for remark in remarks(departures=departures) if remark.code == Code.MANY_UPDATES]


def test_flood_of_updates_has_to_be_ticked():
    (remark,) = floods(updates(25))
    assert (remark.level, remark.values, remark.target.cause) == (
        Level.WARN,
        {"count": 25, "messages": 250},
        Cause.PLAYBOOK,
    )


@pytest.mark.parametrize(
    "departures",
    [
        pytest.param(updates(24), id="one an hour for a day"),
        pytest.param([*updates(20), *updates(20, segment_id=2)], id="the same moments for two groups"),
        pytest.param([*updates(20), *updates(20, key="check-in")], id="two moments"),
        pytest.param(updates(30, phase=Phase.AHEAD), id="ahead of the work"),
    ],
)
def test_updates_that_are_few_are_no_matter(departures):
    assert floods(departures) == []
