"""The window as an invitation to one person, read back by the icalendar library as a client would."""

import pytest
from icalendar import Calendar

from apps.windows.calendar.events import account_ending, render_event, with_ending
from apps.windows.calendar.files import wrap
from apps.windows.calendar.invitations import Invitation, Method
from apps.windows.models import WindowStatus
from tests.factories import make_service, make_window

pytestmark = pytest.mark.django_db
ORGANIZER = "Équipe de nuit <maintenance@example.org>"


def invitation(window, method=Method.REQUEST, language="en") -> Invitation:
    return Invitation.of(window, method=method, organizer=ORGANIZER, language=language)


def read(body: bytes):
    calendar = Calendar.from_ical(body)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_one_person_is_asked_by_the_one_who_writes():
    calendar, event = read(invitation(make_window()).to("cem@example.org"))

    assert calendar["METHOD"] == "REQUEST"
    assert event["ORGANIZER"] == "mailto:maintenance@example.org"
    assert event["ORGANIZER"].params["CN"] == "Équipe de nuit"
    assert event["ATTENDEE"] == "mailto:cem@example.org"
    assert event["ATTENDEE"].params == {"ROLE": "OPT-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}


def test_it_says_what_the_feed_says():
    window = make_window(services=[make_service("Shop")], effect="The shop is closed.")
    _calendar, feed = read(wrap([with_ending(render_event(window, language="en"), account_ending("Acme"))]))

    _calendar, event = read(invitation(window).to("cem@example.org"))

    assert event.pop("ATTENDEE")
    assert event.pop("ORGANIZER") != feed.pop("ORGANIZER")
    assert dict(event) == {name: feed[name] for name in feed if not name.startswith("X-MAINTNOTE")}


def test_it_is_no_maintnote_which_would_come_back_as_a_providers_notice():
    assert b"MAINTNOTE" not in invitation(make_window()).to("cem@example.org")


def test_a_cancellation_asks_for_no_answer():
    window = make_window(status=WindowStatus.CANCELLED, revision=2)

    calendar, event = read(invitation(window, Method.CANCEL).to("cem@example.org"))

    assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 2)
    assert event["SUMMARY"].startswith("Cancelled:")
    assert event["ATTENDEE"].params == {"ROLE": "OPT-PARTICIPANT"}
    assert "ORGANIZER" in event


def test_it_speaks_its_readers_language():
    window = make_window(status=WindowStatus.CANCELLED)
    _calendar, event = read(invitation(window, language="fr").to("cem@example.org"))
    assert event["SUMMARY"].startswith("Annulé")


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("émile@exämple.org", id="other letters"),
        pytest.param(f"{'c' * 64}@{'d' * 60}.{'e' * 60}.{'f' * 60}.org", id="long"),
        pytest.param(f"{'c' * 55}@example.org", id="just too long for its line"),
        pytest.param("a\r\nATTENDEE:mailto:eve@example.org", id="line ends"),
    ],
)
def test_whoever_is_asked_the_file_keeps_its_form(address):
    body = invitation(make_window()).to(address)

    assert body.endswith(b"END:VEVENT\r\nEND:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert b"\n" not in body.replace(b"\r\n", b"")
    _calendar, event = read(body)
    assert not isinstance(event["ATTENDEE"], list)
    assert event["ATTENDEE"].isascii()


def test_it_is_the_same_each_time():
    window = make_window()
    first = invitation(window).to("cem@example.org")
    assert invitation(window).to("cem@example.org") == first
