from datetime import UTC, datetime, timedelta

import pytest

from apps.windows.rules import NoticeRule, NoticeWarning, TimesFault
from apps.windows.sentences import NOTICE_RULES, TIMES_FAULTS, notice_sentence, overlap_sentence, wall_time_note


def test_short_notice_says_what_is_given_and_what_is_asked():
    warning = NoticeWarning(rule=NoticeRule.MAJOR, needed=timedelta(days=7), given=timedelta(days=3))
    assert notice_sentence(warning) == "Recipients get 3 days of notice; an outage asks for at least 7 days."


def test_notice_under_48_hours_says_that_it_should_never_be():
    warning = NoticeWarning(rule=NoticeRule.MINOR, needed=timedelta(days=2), given=timedelta(hours=3))
    assert notice_sentence(warning).endswith("Planned work should never be announced less than 48 hours ahead.")


def test_no_notice_at_all_is_said_plainly():
    warning = NoticeWarning(rule=NoticeRule.MINOR, needed=timedelta(days=2), given=timedelta(0))
    assert notice_sentence(warning).startswith("Recipients get no notice at all; ")


def test_every_finding_has_its_words():
    assert set(NOTICE_RULES) == set(NoticeRule)
    assert set(TIMES_FAULTS) == set(TimesFault)


@pytest.mark.parametrize(
    ("wall", "zone", "note"),
    [
        ("2026-03-29 02:30", "Europe/Paris", "02:30 does not exist that night in Europe/Paris; 03:30 is used."),
        (
            "2026-10-25 02:30",
            "Europe/Paris",
            "02:30 comes twice that night in Europe/Paris; the first one is used (UTC+02:00).",
        ),
        (
            "2026-10-04 02:15",
            "Australia/Lord_Howe",
            "02:15 does not exist that night in Australia/Lord_Howe; 02:45 is used.",
        ),
        ("2026-03-29 03:30", "Europe/Paris", None),
        ("2026-03-29 02:30", "UTC", None),
    ],
)
def test_a_wall_clock_time_that_is_not_plain_gets_a_note(wall, zone, note):
    assert wall_time_note(datetime.fromisoformat(wall), zone) == note


def test_overlap_names_window_services_and_times():
    start = datetime(2026, 11, 24, 1, tzinfo=UTC)
    sentence = overlap_sentence(
        title="Disks", services=["Shop", "Desk"], starts_at=start, ends_at=start + timedelta(hours=4), zone="Europe/Paris"
    )
    assert sentence == ("It overlaps with “Disks” on Shop, Desk: Tuesday 24 November 2026, 02:00–06:00 (Paris time, UTC+01:00).")
