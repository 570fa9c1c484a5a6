"""One window as a calendar entry, read back by the icalendar library as a client would."""

from datetime import UTC, timedelta

import pytest
from icalendar import Calendar

from apps.windows.calendar import maintnote
from apps.windows.calendar.events import account_ending, render_event, with_ending
from apps.windows.calendar.files import wrap
from apps.windows.models import Impact, WindowStatus
from tests.factories import HOUR, NOW, make_service, make_window

pytestmark = pytest.mark.django_db


def entry(window, language="en", account="Acme"):
    return [with_ending(render_event(window, language=language), account_ending(account))]


def read(window, language="en", account="Acme"):
    body = wrap(entry(window, language, account))
    (event,) = Calendar.from_ical(body).walk("VEVENT")
    return event


def test_entry_says_what_the_window_says():
    window = make_window(
        title="Database upgrade", effect="The shop is closed.", reason="Safety.", services=[make_service("Shop")]
    )
    event = read(window)
    assert event["UID"] == str(window.uid)
    assert event["SUMMARY"] == "Database upgrade"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (window.starts_at, window.ends_at)
    assert event["SEQUENCE"] == 1
    assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt == window.content_changed_at
    assert event["CREATED"].dt == window.scheduled_at
    assert event["URL"] == f"https://preavis.test/windows/{window.uid}"
    assert event["CATEGORIES"].cats == ["Maintenance", "Shop"]
    assert (event["TRANSP"], event["CLASS"], event["X-MICROSOFT-CDO-BUSYSTATUS"]) == ("TRANSPARENT", "PUBLIC", "FREE")
    assert "The shop is closed." in event["DESCRIPTION"]
    assert "Paris time, UTC+02:00" in event["DESCRIPTION"]


def test_entry_holds_each_property_once_and_nothing_about_readers():
    lines = entry(make_window())[0].decode().replace("\r\n ", "").split("\r\n")
    names = [line.split(":")[0].split(";")[0] for line in lines if line]
    assert len(names) == len(set(names))
    assert not {"METHOD", "ATTENDEE", "VALARM"} & set(names)
    assert "None" not in "".join(lines)


def test_times_are_utc_whatever_the_zone():
    body = render_event(make_window(starts_at=NOW.astimezone(UTC), time_zone="America/New_York"), language="en")
    assert b"DTSTART:20260302T090000Z" in body
    assert b"TZID" not in body


def test_end_is_the_latest_announced_and_the_planned_one_is_told():
    window = make_window(starts_at=NOW, announced_ends_at=NOW + 6 * HOUR)
    event = read(window)
    assert event["DTEND"].dt == NOW + 6 * HOUR
    assert "its planned end is Monday 2 March 2026, 14:00" in event["DESCRIPTION"]


def test_end_is_the_real_one_once_it_is_known():
    window = make_window(
        starts_at=NOW, status=WindowStatus.COMPLETED, actual_started_at=NOW, actual_ended_at=NOW + HOUR, outcome="All done."
    )
    event = read(window)
    assert event["DTEND"].dt == NOW + HOUR
    assert "All done." in event["DESCRIPTION"]


@pytest.mark.parametrize(
    ("status", "event_status", "word"),
    [
        (WindowStatus.SCHEDULED, "CONFIRMED", "CONFIRMED"),
        (WindowStatus.IN_PROGRESS, "CONFIRMED", "IN-PROCESS"),
        (WindowStatus.VERIFYING, "CONFIRMED", "IN-PROCESS"),
        (WindowStatus.COMPLETED, "CONFIRMED", "COMPLETED"),
        (WindowStatus.CANCELLED, "CANCELLED", "CANCELLED"),
    ],
)
def test_status_is_translated_for_calendars_and_for_maintnote(status, event_status, word):
    ended = {"actual_ended_at": NOW} if status == WindowStatus.COMPLETED else {}
    event = read(make_window(status=status, **ended))
    assert (event["STATUS"], event["X-MAINTNOTE-STATUS"]) == (event_status, word)


def test_cancelled_entry_says_so_in_the_readers_language():
    window = make_window(title="Mise à jour", status=WindowStatus.CANCELLED)
    assert read(window)["SUMMARY"] == "Cancelled: Mise à jour"


def test_maintnote_properties_are_complete():
    window = make_window(impact=Impact.REDUCED_REDUNDANCY, services=[make_service("Shop; EU"), make_service("Portal")])
    event = read(window, account="Acme, Ltd.")
    assert event["X-MAINTNOTE-PROVIDER"] == "preavis.test"
    assert event["X-MAINTNOTE-ACCOUNT"] == "Acme Ltd."
    assert event["X-MAINTNOTE-MAINTENANCE-ID"] == str(window.uid)
    assert sorted(event["X-MAINTNOTE-OBJECT-ID"]) == ["Portal", "Shop EU"]
    assert event["X-MAINTNOTE-IMPACT"] == "REDUCED-REDUNDANCY"
    assert event["ORGANIZER"].startswith("mailto:")


def test_every_impact_and_public_status_has_a_maintnote_word():
    assert set(maintnote.IMPACTS) == set(Impact)
    assert set(maintnote.STATUSES) == set(WindowStatus) - {WindowStatus.DRAFT}


@pytest.mark.parametrize(
    "title", ["a\r\nATTENDEE:mailto:x@example.org", "a\x00\x07\x0b\x0c\x7fb\x85c\u2028d\u2029e", "a,b;c\\d\\n", "é" * 130 + "🛠️"]
)
def test_no_text_can_break_out_of_its_property(title):
    window = make_window(services=[make_service(title.replace("\x00", "")[:60])])
    window.title = window.effect = window.reason = title
    (body,) = entry(window, account=title)
    assert Calendar.from_ical(wrap([body])).walk("VEVENT")[0].get("ATTENDEE") is None
    lines = body.removesuffix(b"\r\n").split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert not any(byte < 32 and byte != 9 for line in lines for byte in line)
    for line in lines:
        line.decode()  # no line is cut within a character


def test_same_window_gives_the_same_bytes():
    window = make_window(services=[make_service(), make_service()])
    first = entry(window, "fr")
    window.refresh_from_db()
    assert entry(window, "fr") == first


def test_texts_fall_back_to_the_windows_own_language():
    window = make_window(title="Mise à jour", language="fr")
    window.translations.create(language="en", title="Upgrade")
    assert read(window, "en")["SUMMARY"] == "Upgrade"
    assert read(window, "fr")["SUMMARY"] == "Mise à jour"
    assert timedelta(0) < read(window, "fr")["DTEND"].dt - read(window, "fr")["DTSTART"].dt
