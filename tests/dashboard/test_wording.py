from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from apps.dashboard import wording
from apps.dashboard.stats import Interval


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, "0%"), (1, "100%"), (0.6128, "61.3%"), (0.00001, "< 0.1%"), (0.99999, "99.9%"), (0.5, "50%")],
)
def test_shares_are_never_rounded_to_all_or_nothing(share, expected):
    assert wording.percent(share) == expected


def test_french_writes_its_own_way():
    with translation.override("fr"):
        assert wording.percent(0.6128) == "61,3\u202f%"
        assert wording.number(12345) == "12\u202f345"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (0.18, "0.2 s"),
        (59.6, "1 min"),
        (12.4, "12 s"),
        (184, "3 min 4 s"),
        (7500, "2 h 5 min"),
        (97200, "1 d 3 h"),
        (-90, "−1 min 30 s"),
    ],
)
def test_short_durations_have_two_units_at_most(seconds, expected):
    assert wording.short_duration(timedelta(seconds=seconds)).replace("\u00a0", " ") == expected


def test_short_instants_show_the_zone_s_clock_and_offset():
    short = wording.short_instant(datetime(2026, 7, 1, 22, 0, tzinfo=UTC), zone="Europe/Paris")
    assert str(short) == "Thu 2 Jul, 00:00 UTC+02:00"


def test_limits_are_the_whole_counts_within():
    assert wording.count_range(Interval(low=4.2, high=17.9)) == "5–17"


def test_signs_are_real_minus_signs_and_zero_has_none():
    assert [wording.signed(value) for value in (3.14, -3.14, 0.01, -0.01)] == ["+3.1", "−3.1", "0", "0"]
