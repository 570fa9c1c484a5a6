"""Windows that recur: the rule on the wall clock, and the drafts that are made of it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.common.zones import WallClock, resolve_wall_time, zone_names
from apps.windows.models import MaintenanceWindow, WindowStatus
from apps.windows.recurrence import Rhythm, occurrences, rule_of
from apps.windows.series import repeat_window
from apps.windows.services import WindowError
from tests.factories import DAY, HOUR, NOW, make_service, make_window

PARIS = ZoneInfo("Europe/Paris")
THIRD_TUESDAY = datetime(2026, 3, 17, 1, 0, tzinfo=UTC)  # 02:00 in Paris


def starts(first, rhythm, *, interval=1, count=3, zone=PARIS):
    rule = rule_of(first, zone=zone, rhythm=rhythm, interval=interval)
    return [f"{at.astimezone(zone):%d.%m. %H:%M}" for at in occurrences(first, zone=zone, rule=rule, count=count)]


@pytest.mark.parametrize(
    ("rhythm", "interval", "dates"),
    [
        pytest.param(Rhythm.WEEKLY, 2, ["31.03. 02:00", "14.04. 02:00", "28.04. 02:00"], id="every second week, over the change"),
        pytest.param(Rhythm.MONTHLY, 1, ["21.04. 02:00", "19.05. 02:00", "16.06. 02:00"], id="the third Tuesday"),
        pytest.param(Rhythm.MONTHLY_LAST, 1, ["31.03. 02:00", "28.04. 02:00", "26.05. 02:00"], id="the last Tuesday"),
    ],
)
def test_rule_keeps_the_wall_clock(rhythm, interval, dates):
    assert starts(THIRD_TUESDAY, rhythm, interval=interval) == dates


def test_fifth_weekday_is_taken_for_the_last():
    assert starts(datetime(2026, 3, 31, 1, tzinfo=UTC), Rhythm.MONTHLY) == ["28.04. 03:00", "26.05. 03:00", "30.06. 03:00"]


def test_occurrence_that_the_clock_jumps_over_is_shifted_forward():
    sunday = datetime(2026, 3, 22, 1, 30, tzinfo=UTC)  # 02:30; a week on the clock goes from 02:00 to 03:00
    assert starts(sunday, Rhythm.WEEKLY, count=2) == ["29.03. 03:30", "05.04. 02:30"]


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(sorted(zone_names())),
    st.integers(0, 60 * 24 * 3650).map(lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.sampled_from(list(Rhythm)),
    st.integers(1, 12),
)
def test_long_series_keep_their_time_of_day_in_every_zone(name, first, rhythm, interval):
    zone = ZoneInfo(name)
    found = occurrences(first, zone=zone, rule=rule_of(first, zone=zone, rhythm=rhythm, interval=interval), count=60)
    clock = first.astimezone(zone).time()
    assert len(found) == 60
    assert found == sorted(set(found))
    for instant in found:
        local = instant.astimezone(zone)
        meant = resolve_wall_time(datetime.combine(local.date(), clock), zone)
        assert local.time() == clock or meant.clock == WallClock.GAP or local.date() > meant.wall.date()


@pytest.mark.django_db
def test_each_occurrence_is_a_draft_of_its_own():
    shop = make_service("Shop")
    first = make_window(starts_at=NOW + 7 * DAY, announced_ends_at=NOW + 7 * DAY + 6 * HOUR, services=[shop])
    first.translations.create(language="fr", title="Mise à jour")
    drafts = repeat_window(first, rule="FREQ=WEEKLY", count=3, actor=None, now=NOW)
    assert len({window.uid for window in (first, *drafts)}) == 4
    assert {window.series for window in drafts} == {first.series}
    for window in drafts:
        assert (window.status, window.duration, list(window.services.all())) == (WindowStatus.DRAFT, 4 * HOUR, [shop])
        assert window.announced_ends_at - window.starts_at == 6 * HOUR
        assert window.occurs_at == window.starts_at
        assert window.text_in("fr").title == "Mise à jour"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("count", "code", "fields"),
    [(0, "count", {}), (61, "count", {}), (60, "too_far", {"rule": "FREQ=MONTHLY;INTERVAL=2"}), (2, "in_the_past", {})],
)
def test_series_that_makes_no_sense_is_refused(count, code, fields):
    first = make_window(starts_at=NOW - 30 * DAY if code == "in_the_past" else NOW + DAY)
    with pytest.raises(WindowError) as refusal:
        repeat_window(first, **{"rule": "FREQ=WEEKLY", **fields}, count=count, actor=None, now=NOW)
    assert refusal.value.code == code
    assert MaintenanceWindow.objects.count() == 1


@pytest.mark.django_db
def test_window_belongs_to_one_series():
    first = make_window()
    repeat_window(first, rule="FREQ=WEEKLY", count=1, actor=None, now=NOW)
    with pytest.raises(WindowError, match="belongs to a series already"):
        repeat_window(first, rule="FREQ=WEEKLY", count=1, actor=None, now=NOW)
