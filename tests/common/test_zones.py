from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.zones import WallClock, resolve_wall_time, shift_days, zone_names, zone_or_utc

HARD_ZONES = (
    "Europe/Paris",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "America/St_Johns",
    "Pacific/Apia",
    "Africa/Cairo",
    "UTC",
)


@pytest.mark.parametrize(
    ("wall", "zone", "instant", "shown", "clock"),
    [
        pytest.param("2026-11-24 02:00", "Europe/Paris", "2026-11-24 01:00", "2026-11-24 02:00", WallClock.EXACT, id="winter"),
        pytest.param("2026-03-29 02:30", "Europe/Paris", "2026-03-29 01:30", "2026-03-29 03:30", WallClock.GAP, id="gap"),
        pytest.param("2026-03-29 02:00", "Europe/Paris", "2026-03-29 01:00", "2026-03-29 03:00", WallClock.GAP, id="gap-begins"),
        pytest.param("2026-03-29 03:00", "Europe/Paris", "2026-03-29 01:00", "2026-03-29 03:00", WallClock.EXACT, id="gap-over"),
        pytest.param("2026-10-25 02:30", "Europe/Paris", "2026-10-25 00:30", "2026-10-25 02:30", WallClock.FOLD, id="fold"),
        pytest.param("2026-10-25 03:00", "Europe/Paris", "2026-10-25 02:00", "2026-10-25 03:00", WallClock.EXACT, id="fold-over"),
        pytest.param("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-03 15:45", "2026-10-04 02:45", WallClock.GAP, id="half"),
        pytest.param(
            "2026-03-29 01:30", "Antarctica/Troll", "2026-03-29 01:30", "2026-03-29 03:30", WallClock.GAP, id="two-hours"
        ),
        pytest.param("2026-04-24 00:30", "Africa/Cairo", "2026-04-23 22:30", "2026-04-24 01:30", WallClock.GAP, id="no-midnight"),
        pytest.param("2011-12-30 12:00", "Pacific/Apia", "2011-12-30 22:00", "2011-12-31 12:00", WallClock.GAP, id="no-such-day"),
        pytest.param("2026-03-29 02:30", "UTC", "2026-03-29 02:30", "2026-03-29 02:30", WallClock.EXACT, id="utc"),
    ],
)
def test_wall_time_becomes_an_instant(wall: str, zone: str, instant: str, shown: str, clock: WallClock) -> None:
    resolved = resolve_wall_time(datetime.fromisoformat(wall), ZoneInfo(zone))
    assert resolved.instant == datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert (resolved.wall, resolved.clock) == (datetime.fromisoformat(shown), clock)


@given(
    wall=st.datetimes(min_value=datetime.fromisoformat("2020-01-01"), max_value=datetime.fromisoformat("2035-01-01")),
    zone=st.sampled_from(HARD_ZONES),
)
def test_what_is_used_is_what_the_clock_shows(wall: datetime, zone: str) -> None:
    resolved = resolve_wall_time(wall, ZoneInfo(zone))
    assert resolved.instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == resolved.wall
    assert (resolved.wall == wall) is (resolved.clock is not WallClock.GAP)


def test_whole_days_keep_the_wall_clock_over_a_change() -> None:
    start = datetime(2026, 4, 1, 0, tzinfo=UTC)  # 02:00 in Paris, summer
    assert shift_days(start, -7, ZoneInfo("Europe/Paris")) == datetime(2026, 3, 25, 1, tzinfo=UTC)  # 02:00, winter


def test_whole_days_into_a_gap_go_forward() -> None:
    start = datetime(2026, 4, 5, 0, 30, tzinfo=UTC)  # 02:30 in Paris
    assert shift_days(start, -7, ZoneInfo("Europe/Paris")) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30


@pytest.mark.parametrize("name", ["", "Europe", "Not/A_Zone", "../../etc/passwd", "a\0b", "x" * 500])
def test_a_bad_zone_is_utc_rather_than_an_error(name: str) -> None:
    assert zone_or_utc(name).key == "UTC"


def test_zone_names_hold_real_zones_only() -> None:
    assert {"Europe/Paris", "America/Argentina/Ushuaia", "UTC"} <= zone_names()
    assert not {"Europe", "posix/Europe/Paris", "localtime"} & zone_names()
