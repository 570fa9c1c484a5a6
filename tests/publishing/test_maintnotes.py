"""The maintnote feed by the standard's rules, and in the hands of its usual consumer where that is at hand."""

import pytest
from icalendar import Calendar

from apps.publishing.models import Detail
from apps.upstream.reading import read_notices
from apps.windows import services as windows
from apps.windows.models import WindowStatus
from tests.factories import HOUR, NOW, make_service, make_user, make_window
from tests.publishing.consumer import needs_consumer, read_by_consumer
from tests.publishing.factories import make_feed
from tests.publishing.test_updates import moved, scheduled

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


def feed(client, **fields):
    return client.get(make_feed(**fields)[1].removesuffix(".ics") + ".maintnote.ics").content


def events(content):
    return Calendar.from_ical(content).walk("VEVENT")


def make_windows():
    """One in each state that a reader may see, with names that need care."""
    shop, search = make_service("Shop, EU; back\\end"), make_service("Recherche été")
    make_window(title="Scheduled, with; signs", services=[shop, search])
    make_window(status=WindowStatus.IN_PROGRESS, impact="degraded", actual_started_at=NOW)
    make_window(status=WindowStatus.VERIFYING, impact="reduced_redundancy")
    make_window(status=WindowStatus.COMPLETED, impact="no_impact", actual_ended_at=NOW + 31 * 24 * HOUR)
    make_window(status=WindowStatus.CANCELLED, services=[])


def test_every_event_has_what_the_standard_asks_for_once(client):
    make_windows()
    found = events(feed(client, name="Acme, Ltd."))
    assert len(found) == 5
    once = ("DTSTAMP", "DTSTART", "DTEND", "UID", "SUMMARY", "ORGANIZER", "SEQUENCE")
    once += tuple(f"X-MAINTNOTE-{name}" for name in ("PROVIDER", "ACCOUNT", "MAINTENANCE-ID", "IMPACT", "STATUS"))
    for event in found:
        assert [name for name in once if name not in event or isinstance(event[name], list)] == []
        assert event["X-MAINTNOTE-OBJECT-ID"]
        assert event["X-MAINTNOTE-MAINTENANCE-ID"] == event["UID"]


def test_the_words_are_those_of_the_standard(client):
    make_windows()
    found = events(feed(client))
    assert {event["X-MAINTNOTE-STATUS"] for event in found} == {"CONFIRMED", "IN-PROCESS", "COMPLETED", "CANCELLED"}
    impacts = {event["X-MAINTNOTE-IMPACT"] for event in found}
    assert impacts == {"NO-IMPACT", "REDUCED-REDUNDANCY", "DEGRADED", "OUTAGE"}


def test_it_holds_nothing_but_maintnote(client):
    make_windows()
    owner = make_user(is_staff=True)
    wishes = {"detail": Detail.INTERNAL, "owner": owner, "reminders": [60]}
    content = feed(client, **wishes)
    assert b"VALARM" not in content
    assert b"METHOD" not in content
    assert all("X-MAINTNOTE-PROVIDER" in event for event in events(content))


def test_every_change_of_state_raises_the_sequence(client):
    window = scheduled()
    path = make_feed()[1].removesuffix(".ics") + ".maintnote.ics"
    seen = []
    for change in (
        lambda: None,
        lambda: moved(window, now=NOW),
        lambda: windows.start_window(window, actor=None, now=NOW),
        lambda: windows.begin_verifying(window, actor=None, now=NOW),
        lambda: windows.complete_window(window, outcome="", is_temporary=False, actor=None, now=NOW),
    ):
        change()
        seen.append(int(events(client.get(path).content)[0]["SEQUENCE"]))
    assert seen == [1, 2, 3, 4, 5]


def test_it_is_cached_like_the_calendar(client):
    make_windows()
    path = make_feed()[1].removesuffix(".ics") + ".maintnote.ics"
    response = client.get(path)
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Content-Disposition"] == 'inline; filename="maintenance.maintnote.ics"'
    assert client.get(path, headers={"if-none-match": response["ETag"]}).status_code == 304
    assert client.get(path.replace(".maintnote", ""))["ETag"] != ""


def test_our_own_reader_of_notices_understands_it(client):
    make_windows()
    reading = read_notices(feed(client, name="Acme"))
    assert (len(reading.notices), reading.faults, reading.others) == (5, (), 0)
    assert {notice.account for notice in reading.notices} == {"Acme"}
    assert {remark for notice in reading.notices for remark in notice.remarks} == set()


@needs_consumer
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_usual_consumer_takes_the_whole_feed(client, language):
    make_windows()
    content = feed(client, name="Acme, Ltd.", language=language)
    found = read_by_consumer(content)
    assert len(found) == 5
    assert {each["status"] for each in found} == {"CONFIRMED", "IN-PROCESS", "COMPLETED", "CANCELLED"}
    assert {each["account"] for each in found} == {"Acme Ltd."}
    objects = [[circuit["circuit_id"] for circuit in each["circuits"]] for each in found]
    assert sorted(map(len, objects)) == [1, 1, 1, 1, 2]
    by_uid = {str(event["UID"]): event for event in events(content)}
    assert {each["uid"]: (each["start"], each["end"], each["sequence"]) for each in found} == {
        uid: (int(event["DTSTART"].dt.timestamp()), int(event["DTEND"].dt.timestamp()), int(event["SEQUENCE"]))
        for uid, event in by_uid.items()
    }
