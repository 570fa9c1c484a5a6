from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.campaigns.models import Reason
from apps.campaigns.planner import cadence, plan

from .plan_values import (
    ANNOUNCE,
    COMPLETED,
    DAY,
    FOLLOW_UP,
    HOUR,
    MINUS_1H,
    MINUS_7D,
    MINUS_14D,
    MINUS_24H,
    NOW,
    OVERRUN,
    STANDARD,
    STARTED,
    UPDATE,
    only,
    planned,
    step,
    window,
)

MINUTE = timedelta(minutes=1)


def test_window_made_in_time_gets_the_whole_standard_sequence():
    assert planned(window()) == {
        "announce": "planned",
        "t-14d": "planned",
        "t-7d": "planned",
        "t-24h": "planned",
        "t-1h": "planned",
        "started": "planned",
        "update": "planned",
        "overrun": "planned",
        "completed": "awaits_completion",
        "follow-up": "awaits_completion",
    }


@pytest.mark.parametrize(
    ("ahead", "skipped"),
    [
        pytest.param(30 * DAY, {}, id="in time"),
        pytest.param(9 * DAY, {"t-14d": "in_the_past"}, id="nine days"),
        pytest.param(6 * DAY, {"t-14d": "in_the_past", "t-7d": "in_the_past"}, id="six days"),
        pytest.param(7 * DAY + 5 * MINUTE, {"t-14d": "in_the_past", "t-7d": "near_announcement"}, id="just over a week"),
        pytest.param(
            75 * MINUTE,
            {"t-14d": "in_the_past", "t-7d": "in_the_past", "t-24h": "in_the_past"},
            id="seventy-five minutes",
        ),
        pytest.param(
            30 * MINUTE,
            {"t-14d": "in_the_past", "t-7d": "in_the_past", "t-24h": "in_the_past", "t-1h": "in_the_past"},
            id="half an hour",
        ),
    ],
)
def test_late_window_collapses_past_offsets_into_its_announcement(ahead, skipped):
    reminders = ("t-14d", "t-7d", "t-24h", "t-1h")

    verdicts = planned(window(starts_at=NOW + ahead))

    assert verdicts["announce"] == "planned"
    assert {key: verdicts[key] for key in reminders} == {key: skipped.get(key, "planned") for key in reminders}


def test_column_without_announcement_sends_its_newest_past_reminder_at_once():
    sms_24h, sms_1h = (replace(row, channel_id=2) for row in (MINUS_24H, MINUS_1H))
    late = window(starts_at=NOW + 20 * HOUR)

    rows = plan(late, [ANNOUNCE, replace(MINUS_7D, channel_id=2), sms_24h, sms_1h], now=NOW)

    assert [row.reason or row.state for row in rows] == ["planned", "in_the_past", "planned", "planned"]
    assert rows[2].due_at == late.starts_at - DAY


def test_past_row_that_is_of_no_use_any_more_is_left_out():
    late = window(starts_at=NOW + 10 * HOUR)

    assert planned(late, replace(MINUS_24H, channel_id=2)) == {"t-24h": "past_use"}


def test_skipped_row_keeps_the_time_it_would_have_had():
    (row,) = only(plan(window(starts_at=NOW + 2 * DAY), STANDARD, now=NOW), "t-7d")

    assert row.due_at == NOW - 5 * DAY


@pytest.mark.parametrize(
    ("starts_at", "days", "due_at"),
    [
        pytest.param("2026-04-05T02:00", -7, "2026-03-29T03:00", id="wall time in the spring gap moves forward"),
        pytest.param("2026-11-01T02:30", -7, "2026-10-25T02:30", id="wall time in the autumn fold means the first"),
        pytest.param("2026-04-02T22:00", -7, "2026-03-26T22:00", id="same wall clock over the change"),
        pytest.param("2028-03-14T10:00", -14, "2028-02-29T10:00", id="leap day"),
    ],
)
def test_day_offsets_keep_the_wall_clock_of_the_window(starts_at, days, due_at):
    paris = ZoneInfo("Europe/Paris")
    begins = datetime.fromisoformat(starts_at).replace(tzinfo=paris).astimezone(UTC)

    (row,) = plan(
        window(starts_at=begins, released_at=begins - 60 * DAY), [replace(MINUS_7D, offset_days=days)], now=begins - 60 * DAY
    )

    assert row.due_at == datetime.fromisoformat(due_at).replace(tzinfo=paris, fold=0).astimezone(UTC)


def test_hour_offsets_are_elapsed_time_over_a_clock_change():
    begins = datetime(2026, 3, 29, 6, 0, tzinfo=UTC)

    (row,) = plan(window(starts_at=begins, released_at=begins - 9 * DAY), [MINUS_24H], now=begins - 9 * DAY)

    assert row.due_at == begins - timedelta(hours=24)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        pytest.param(HOUR - MINUTE, None, id="under an hour: none"),
        pytest.param(2 * HOUR, HOUR, id="up to 2 h"),
        pytest.param(4 * HOUR, 2 * HOUR, id="up to 4 h"),
        pytest.param(5 * HOUR, 2 * HOUR, id="over 4 h"),
        pytest.param(12 * HOUR, 3 * HOUR, id="up to 12 h"),
        pytest.param(13 * HOUR, 4 * HOUR, id="over 12 h"),
        pytest.param(48 * HOUR, 6 * HOUR, id="days"),
    ],
)
def test_cadence_follows_the_duration(duration, expected):
    assert cadence(duration) == expected


def test_updates_repeat_between_start_and_end_both_excluded():
    seven_hours = window(duration=7 * HOUR)

    rows = plan(seven_hours, [UPDATE], now=NOW)

    assert [row.due_at - seven_hours.starts_at for row in rows] == [2 * HOUR, 4 * HOUR, 6 * HOUR]
    assert [row.occurrence for row in rows] == [0, 1, 2]


def test_short_window_says_why_it_has_no_updates():
    assert planned(window(duration=45 * MINUTE), UPDATE) == {"update": "no_updates"}


def test_updates_count_from_the_actual_start():
    begun = window(actual_started_at=NOW + 30 * DAY + 20 * MINUTE)

    (row,) = plan(begun, [UPDATE], now=NOW)

    assert row.due_at == begun.actual_started_at + 2 * HOUR


def test_short_window_spares_customers_the_mail():
    mail = replace(ANNOUNCE, min_duration=2 * HOUR)

    assert planned(window(duration=HOUR), mail) == {"announce": "too_short"}
    assert planned(window(duration=2 * HOUR), mail) == {"announce": "planned"}
    assert planned(window(duration=HOUR, heavy_traffic=True), mail) == {"announce": "planned"}


def test_channel_switched_off_is_a_reason():
    assert planned(window(), replace(ANNOUNCE, channel_enabled=False)) == {"announce": "channel_disabled"}


def test_start_notice_waits_for_a_person_where_the_window_does_not_start_by_itself():
    by_hand = window(starts_automatically=False)

    assert planned(by_hand, MINUS_1H, STARTED, UPDATE) == {
        "t-1h": "planned",
        "started": "awaits_start",
        "update": "awaits_start",
    }


def test_start_notice_leaves_when_the_person_starts():
    begun = window(starts_automatically=False, actual_started_at=NOW + 30 * DAY + 9 * MINUTE)

    (row,) = plan(begun, [STARTED], now=begun.actual_started_at)

    assert (row.state, row.due_at) == ("planned", begun.actual_started_at)


def test_reminder_of_a_start_that_came_early_is_dropped():
    early = window(actual_started_at=NOW + 30 * DAY - 2 * HOUR)

    assert planned(early, MINUS_24H, MINUS_1H) == {"t-24h": "planned", "t-1h": "started_early"}


def test_nothing_says_it_is_over_before_somebody_confirms_it():
    assert planned(window(starts_at=NOW - 9 * HOUR), COMPLETED, FOLLOW_UP) == {
        "completed": "awaits_completion",
        "follow-up": "awaits_completion",
    }


def test_confirmed_completion_releases_what_comes_after():
    done = window(actual_ended_at=NOW + 30 * DAY + 3 * HOUR)

    rows = plan(done, [COMPLETED, FOLLOW_UP], now=done.actual_ended_at)

    assert [row.due_at - done.actual_ended_at for row in rows] == [timedelta(0), DAY]


def test_early_completion_drops_what_is_left_to_say():
    done = window(duration=8 * HOUR, actual_ended_at=NOW + 30 * DAY + 3 * HOUR)

    rows = plan(done, [UPDATE, OVERRUN], now=done.actual_ended_at)

    assert [row.reason for row in rows] == ["past_use", "completed_early", "completed_early", "already_confirmed"]


def test_reminder_is_useless_shortly_before_the_start():
    (row,) = plan(window(), [MINUS_1H], now=NOW)

    assert row.useful_until == window().starts_at - 5 * MINUTE


def test_deliveries_are_written_ahead():
    (mail,) = plan(window(), [MINUS_7D], now=NOW)
    (sms,) = plan(window(), [replace(MINUS_7D, channel_has_quiet_hours=True)], now=NOW)
    (urgent,) = plan(window(), [replace(MINUS_7D, channel_has_quiet_hours=True, urgency="urgent")], now=NOW)

    assert mail.due_at - mail.expand_at == 10 * MINUTE
    assert sms.due_at - sms.expand_at == 58 * HOUR + 10 * MINUTE
    assert urgent.expand_at == mail.expand_at


def test_move_shortly_before_a_reminder_takes_its_place():
    moved = window(starts_at=NOW + 7 * DAY + HOUR, released_at=NOW - 20 * DAY, spoken_at=NOW)

    assert planned(moved, MINUS_14D, MINUS_7D, MINUS_24H)["t-7d"] == "near_announcement"


moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (bounds are naive)
zones = st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "Asia/Kathmandu"])


@given(
    starts_at=moments,
    ahead=st.timedeltas(timedelta(0), 40 * DAY),
    duration=st.timedeltas(MINUTE, 60 * HOUR),
    zone=zones,
    by_itself=st.booleans(),
    started=st.none() | st.timedeltas(-HOUR, HOUR),
    ended=st.none() | st.timedeltas(MINUTE, 70 * HOUR),
)
def test_plan_is_total_and_each_row_says_why(starts_at, ahead, duration, zone, by_itself, started, ended):
    released_at = starts_at - ahead
    any_window = window(
        starts_at=starts_at,
        duration=duration,
        time_zone=zone,
        released_at=released_at,
        starts_automatically=by_itself,
        actual_started_at=None if started is None else starts_at + started,
        actual_ended_at=None if ended is None else starts_at + ended,
    )

    rows = plan(any_window, STANDARD, now=released_at)

    assert {row.step.key for row in rows} == {row.key for row in STANDARD}
    for row in rows:
        assert (row.state == "planned") == (row.reason == "")
        assert row.reason in ("", *Reason.values)
        if row.state == "planned":
            assert row.expand_at <= row.due_at < row.useful_until


def test_step_made_twice_is_the_same_plan():
    assert plan(window(), STANDARD, now=NOW) == plan(window(), STANDARD, now=NOW)


def test_unknown_cells_do_not_hide_each_other():
    chat = step("internal", "announce", segment_id=None, channel_id=9)

    assert planned(window(starts_at=NOW + HOUR), chat, MINUS_24H) == {"internal": "planned", "t-24h": "past_use"}
