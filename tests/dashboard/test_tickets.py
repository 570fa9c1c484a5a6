from datetime import UTC, datetime, timedelta

import pytest

from apps.dashboard.baseline import Stage
from apps.dashboard.metrics.tickets import ticket_report
from tests.factories import NOW, make_window

from .stories import HOUR, finished_campaign, help_desk, running_campaign, tickets, usual_tickets

pytestmark = pytest.mark.django_db


def report(campaign, now=NOW):
    return ticket_report(campaign.window, now=now)


def test_without_a_help_desk_nothing_is_connected():
    assert report(finished_campaign()).is_connected is False


def test_tickets_are_counted_by_actual_times_to_the_minute():
    campaign, desk = finished_campaign(actual_started_at=NOW - 5 * HOUR + timedelta(minutes=20)), help_desk()
    minute = timedelta(minutes=1)
    start = campaign.window.actual_started_at
    tickets(desk, start - minute, start, start + minute, NOW - HOUR, NOW - minute)
    result = report(campaign)
    assert [judgement.observed for _period, judgement in result.periods] == [1, 2, 2]


def test_hours_are_those_of_utc_on_both_databases():
    campaign, desk = finished_campaign(), help_desk()
    tickets(desk, datetime(2026, 3, 2, 5, 0, tzinfo=UTC), datetime(2026, 3, 2, 5, 59, 59, 999999, tzinfo=UTC))
    hours = {hour: judgement.observed for hour, judgement in report(campaign).hours}
    assert hours[datetime(2026, 3, 2, 5, tzinfo=UTC)] == 2
    assert sum(hours.values()) == 2


def test_more_than_usual_is_above_the_normal_range():
    campaign, desk = running_campaign(), help_desk()
    usual_tickets(desk, NOW - HOUR, per_hour=3)
    tickets(desk, *[NOW - timedelta(minutes=10)] * 12)
    judgement = report(campaign).of(Stage.DURING)
    assert (judgement.observed, judgement.expected.count, judgement.is_above) == (12, 3, True)


def test_new_help_desk_is_counted_without_a_verdict():
    campaign, desk = running_campaign(), help_desk()
    tickets(desk, NOW - timedelta(minutes=10))
    result = report(campaign)
    assert (result.is_judged, result.of(Stage.DURING).observed, result.of(Stage.DURING).expected) == (False, 1, None)


def test_young_help_desk_is_named_and_left_out_beside_an_old_one():
    campaign, old, young = running_campaign(), help_desk("Old"), help_desk("Young")
    usual_tickets(old, NOW - HOUR, per_hour=1)
    tickets(young, NOW - timedelta(minutes=10))
    result = report(campaign)
    assert (result.left_out, result.of(Stage.DURING).observed) == (["Young"], 0)


def test_hours_of_other_windows_are_no_measure():
    campaign, desk = running_campaign(), help_desk()
    usual_tickets(desk, NOW - HOUR, per_hour=2)
    week = timedelta(weeks=1)
    tickets(desk, *[NOW - HOUR - week] * 50)
    make_window(starts_at=NOW - HOUR - week, duration=HOUR)
    assert report(campaign).of(Stage.DURING).expected.count == 2


def test_cancelled_windows_do_not_close_their_hours():
    campaign, desk = running_campaign(), help_desk()
    usual_tickets(desk, NOW - HOUR, per_hour=2)
    make_window(starts_at=NOW - HOUR - timedelta(weeks=1), duration=HOUR, status="cancelled")
    make_window(starts_at=NOW - HOUR - timedelta(weeks=2), duration=HOUR, status="draft", scheduled_at=None)
    assert report(campaign).of(Stage.DURING).expected.weeks == 8


def test_a_forgotten_window_is_looked_at_for_two_weeks_only():
    campaign = running_campaign()
    result = report(campaign, now=NOW + timedelta(days=90))
    assert result.is_cut
    assert len(result.hours) <= 24 * 16 + 1
