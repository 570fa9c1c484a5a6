from datetime import timedelta

import pytest

from apps.campaigns.forms.durations import NotUnderstood, Offset, parse_duration, parse_offset
from apps.common.times import format_offset

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2h", 2 * HOUR),
        (" 2 h ", 2 * HOUR),
        ("2 hours", 2 * HOUR),
        ("2 heures", 2 * HOUR),
        ("90 min", 1.5 * HOUR),
        ("90 minutes", 1.5 * HOUR),
        ("90mn", 1.5 * HOUR),
        ("1:30", 1.5 * HOUR),
        ("1h30", 1.5 * HOUR),
        ("1 h 30 min", 1.5 * HOUR),
        ("1.5 h", 1.5 * HOUR),
        ("1,5 h", 1.5 * HOUR),
        ("1 hour and 30 minutes", 1.5 * HOUR),
        ("1 heure et 30 minutes", 1.5 * HOUR),
        ("2 d", 48 * HOUR),
        ("2 jours", 48 * HOUR),
        ("2 J", 48 * HOUR),
    ],
)
def test_durations_are_understood_in_both_languages(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "2", "two hours", "0 h", "-2 h", "2 x", "1:75", "h", "999999999999 h", "9" * 400 + " h", "1 h " * 20]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(NotUnderstood):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "days", "time"),
    [
        ("0", 0, 0 * HOUR),
        ("−7 d", -7, 0 * HOUR),
        ("-7 j", -7, 0 * HOUR),
        ("-1 h", 0, -HOUR),
        ("+24 h", 0, 24 * HOUR),
        ("24 h", 0, 24 * HOUR),
        ("-1 d 2 h", -1, -2 * HOUR),
        ("−1 d +2 h", -1, 2 * HOUR),
        ("-1 h 30", 0, -1.5 * HOUR),
    ],
)
def test_offsets_are_understood_as_they_are_printed(text, days, time):
    assert parse_offset(text) == Offset(days=days, time=time)
    assert parse_offset(format_offset(days, time)) == Offset(days=days, time=time)


@pytest.mark.parametrize("text", ["soon", "7", "-1.5 d"])
def test_what_is_no_offset_is_refused(text):
    with pytest.raises(NotUnderstood):
        parse_offset(text)


@pytest.mark.parametrize("text", ["99999 d", "999999 h", "9" * 30 + " d"])
def test_an_offset_beyond_ten_years_is_refused(text):
    with pytest.raises(NotUnderstood):
        parse_offset(text)
