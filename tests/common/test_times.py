from datetime import UTC, datetime, timedelta

import pytest

from apps.common.times import format_duration, format_instant, format_offset, format_period, format_utc_offset


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "zone", "language", "words"),
    [
        pytest.param(
            at(2026, 11, 24, 1), "Europe/Paris", "en", "Tuesday 24 November 2026, 02:00 (Paris time, UTC+01:00)", id="winter"
        ),
        pytest.param(
            at(2026, 7, 1, 1), "Europe/Paris", "en", "Wednesday 1 July 2026, 03:00 (Paris time, UTC+02:00)", id="summer"
        ),
        pytest.param(
            at(2026, 11, 24, 1), "Europe/Paris", "fr", "mardi 24 novembre 2026, 02:00 (heure de Paris, UTC+01:00)", id="french"
        ),
        pytest.param(
            at(2026, 7, 1, 1),
            "Europe/Paris",
            "fr",
            "mercredi 1er juillet 2026, 03:00 (heure de Paris, UTC+02:00)",
            id="french-first",
        ),
        pytest.param(
            at(2026, 7, 1, 1),
            "Europe/Athens",
            "fr",
            "mercredi 1er juillet 2026, 04:00 (heure d’Athènes, UTC+03:00)",
            id="elision",
        ),
        pytest.param(
            at(2026, 1, 31, 1),
            "Africa/Cairo",
            "fr",
            "samedi 31 janvier 2026, 03:00 (heure du Caire, UTC+02:00)",
            id="contraction",
        ),
        pytest.param(
            at(2026, 11, 24, 1), "Asia/Kolkata", "en", "Tuesday 24 November 2026, 06:30 (Kolkata time, UTC+05:30)", id="half-hour"
        ),
        pytest.param(
            at(2026, 11, 24, 1),
            "Asia/Kathmandu",
            "en",
            "Tuesday 24 November 2026, 06:45 (Kathmandu time, UTC+05:45)",
            id="quarter",
        ),
        pytest.param(
            at(2026, 11, 24, 1),
            "America/New_York",
            "en",
            "Monday 23 November 2026, 20:00 (New York time, UTC-05:00)",
            id="day-before",
        ),
        pytest.param(
            at(2026, 7, 1, 1),
            "America/St_Johns",
            "en",
            "Tuesday 30 June 2026, 22:30 (St. John’s time, UTC-02:30)",
            id="half-hour-west",
        ),
        pytest.param(at(2026, 11, 24, 1), "UTC", "en", "Tuesday 24 November 2026, 01:00 (UTC)", id="utc"),
        pytest.param(at(2026, 11, 24, 1), "Etc/GMT+5", "fr", "lundi 23 novembre 2026, 20:00 (UTC-05:00)", id="fixed-offset"),
        pytest.param(
            at(2026, 11, 24, 1),
            "America/Argentina/Ushuaia",
            "en",
            "Monday 23 November 2026, 22:00 (Ushuaia time, UTC-03:00)",
            id="deep-name",
        ),
        pytest.param(
            at(2026, 11, 24, 1), "Europe/London", "en", "Tuesday 24 November 2026, 01:00 (London time, UTC)", id="city-at-zero"
        ),
        pytest.param(at(2026, 11, 24, 1), "Not/A_Zone", "en", "Tuesday 24 November 2026, 01:00 (UTC)", id="unknown-zone"),
        pytest.param(
            at(2026, 11, 24, 1),
            "Europe/Paris",
            "de",
            "Tuesday 24 November 2026, 02:00 (Paris time, UTC+01:00)",
            id="other-language",
        ),
        pytest.param(
            at(2026, 10, 25, 0, 30),
            "Europe/Paris",
            "en",
            "Sunday 25 October 2026, 02:30 (Paris time, UTC+02:00)",
            id="fold-first",
        ),
        pytest.param(
            at(2026, 10, 25, 1, 30),
            "Europe/Paris",
            "en",
            "Sunday 25 October 2026, 02:30 (Paris time, UTC+01:00)",
            id="fold-second",
        ),
    ],
)
def test_instant(instant: datetime, zone: str, language: str, words: str) -> None:
    assert format_instant(instant, zone=zone, language=language) == words


@pytest.mark.parametrize(
    ("start", "end", "zone", "language", "words"),
    [
        pytest.param(
            at(2026, 11, 24, 1),
            at(2026, 11, 24, 5),
            "Europe/Paris",
            "en",
            "Tuesday 24 November 2026, 02:00–06:00 (Paris time, UTC+01:00)",
            id="same-day",
        ),
        pytest.param(
            at(2026, 11, 24, 1),
            at(2026, 11, 24, 5),
            "Europe/Paris",
            "fr",
            "mardi 24 novembre 2026, 02:00–06:00 (heure de Paris, UTC+01:00)",
            id="french",
        ),
        pytest.param(
            at(2026, 11, 24, 22),
            at(2026, 11, 25, 2),
            "Europe/Paris",
            "en",
            "Tuesday 24 November 2026, 23:00 – Wednesday 25 November 2026, 03:00 (Paris time, UTC+01:00)",
            id="midnight",
        ),
        pytest.param(
            at(2026, 3, 29, 0, 30),
            at(2026, 3, 29, 2),
            "Europe/Paris",
            "en",
            "Sunday 29 March 2026, 01:30 UTC+01:00 – 04:00 UTC+02:00 (Paris time)",
            id="gap",
        ),
        pytest.param(
            at(2026, 10, 25, 0, 30),
            at(2026, 10, 25, 1, 30),
            "Europe/Paris",
            "en",
            "Sunday 25 October 2026, 02:30 UTC+02:00 – 02:30 UTC+01:00 (Paris time)",
            id="fold-looks-empty",
        ),
        pytest.param(
            at(2026, 10, 24, 21),
            at(2026, 10, 25, 4),
            "Europe/Paris",
            "fr",
            "samedi 24 octobre 2026, 23:00 UTC+02:00 – dimanche 25 octobre 2026, 05:00 UTC+01:00 (heure de Paris)",
            id="midnight-and-fold",
        ),
        pytest.param(
            at(2026, 3, 29, 0, 30),
            at(2026, 3, 29, 2),
            "Europe/London",
            "en",
            "Sunday 29 March 2026, 00:30 UTC – 03:00 UTC+01:00 (London time)",
            id="from-zero",
        ),
        pytest.param(
            at(2026, 10, 3, 15),
            at(2026, 10, 3, 17),
            "Australia/Lord_Howe",
            "en",
            "Sunday 4 October 2026, 01:30 UTC+10:30 – 04:00 UTC+11:00 (Lord Howe Island time)",
            id="half-hour-change",
        ),
        pytest.param(
            at(2026, 11, 24, 14),
            at(2026, 11, 24, 18),
            "America/New_York",
            "en",
            "Tuesday 24 November 2026, 09:00–13:00 (New York time, UTC-05:00)",
            id="elsewhere",
        ),
        pytest.param(
            at(2026, 11, 24, 1), at(2026, 11, 24, 5), "UTC", "en", "Tuesday 24 November 2026, 01:00–05:00 (UTC)", id="utc"
        ),
    ],
)
def test_period(start: datetime, end: datetime, zone: str, language: str, words: str) -> None:
    assert format_period(start, end, zone=zone, language=language) == words


@pytest.mark.parametrize(
    ("duration", "language", "words"),
    [
        (timedelta(hours=4, minutes=30), "en", "4 hours 30 minutes"),
        (timedelta(hours=4, minutes=30), "fr", "4 heures 30 minutes"),
        (timedelta(minutes=1), "en", "1 minute"),
        (timedelta(days=1, hours=1), "fr", "1 jour 1 heure"),
        (timedelta(days=14), "en", "14 days"),
        (timedelta(seconds=45), "en", "45 seconds"),
        (timedelta(minutes=2, seconds=59), "en", "2 minutes"),
        (timedelta(0), "fr", "0 minute"),
        (-timedelta(hours=1), "en", "−1 hour"),
    ],
)
def test_duration(duration: timedelta, language: str, words: str) -> None:
    assert format_duration(duration, language=language) == words


@pytest.mark.parametrize(
    ("days", "offset", "words"),
    [
        (-7, timedelta(0), "−7 d"),
        (0, timedelta(hours=-1), "−1 h"),
        (0, timedelta(hours=24), "+24 h"),
        (0, timedelta(minutes=-90), "−1 h 30 min"),
        (-1, timedelta(hours=2), "−1 d +2 h"),
        (0, timedelta(0), "0"),
    ],
)
def test_offset(days: int, offset: timedelta, words: str) -> None:
    assert format_offset(days, offset) == words


def test_days_have_a_french_letter() -> None:
    assert format_offset(-7, timedelta(0), language="fr") == "−7 j"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        format_instant(datetime(2026, 1, 1), zone="UTC", language="en")  # noqa: DTZ001


def test_utc_offset_is_that_of_the_instant() -> None:
    assert format_utc_offset(at(2026, 7, 1), zone="Europe/Paris") == "UTC+02:00"
