import json
import xml.etree.ElementTree as ET

import pytest
from django.utils.http import http_date

from apps.publishing import services
from apps.publishing.models import Detail
from apps.windows import services as windows
from apps.windows.models import MaintenanceWindow
from tests.factories import DAY, HOUR, NOW, make_planner, make_service
from tests.publishing.factories import make_feed

pytestmark = pytest.mark.django_db

ATOM = {"a": "http://www.w3.org/2005/Atom", "ev": "http://purl.org/rss/1.0/modules/event/"}


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


def scheduled(title="Database upgrade", **fields):
    start = NOW + 30 * DAY
    defaults = {"starts_at": start, "ends_at": start + 4 * HOUR, "time_zone": "Europe/Paris", "impact": "outage", "actor": None}
    fields = defaults | {"services": [make_service()], "now": NOW} | fields
    window = windows.create_window(title=title, **fields)
    windows.schedule_window(window, actor=None, now=NOW)
    return window


def moved(window, *, now, days=1):
    windows.reschedule_window(
        window,
        starts_at=window.starts_at + days * DAY,
        ends_at=window.ends_at + days * DAY,
        reason="Parts are late.",
        actor=None,
        now=now,
    )


def address(suffix, **fields):
    return make_feed(**fields)[1].removesuffix(".ics") + suffix


def entries(client, path):
    return ET.fromstring(client.get(path).content).findall("a:entry", ATOM)


def items(client, path):
    return json.loads(client.get(path).content)["items"]


def text(entry, name):
    return entry.findtext(name, namespaces=ATOM)


def test_each_update_is_an_entry_the_newest_first(client):
    moved(scheduled(), now=NOW + HOUR)
    path = address(".atom")
    assert [text(entry, "a:title") for entry in entries(client, path)] == [
        "Rescheduled: Database upgrade",
        "Scheduled: Database upgrade",
    ]


def test_an_entry_says_start_end_and_status_of_its_moment(client):
    window = scheduled()
    moved(window, now=NOW + HOUR)
    first = entries(client, address(".atom"))[1]
    assert text(first, "ev:startdate") == (NOW + 30 * DAY).isoformat()
    assert text(first, "ev:enddate") == (NOW + 30 * DAY + 6 * HOUR).isoformat()
    terms = {category.get("term"): category.get("label") for category in first.findall("a:category", ATOM)}
    assert terms["scheduled"] == "Scheduled"
    assert "Status: Scheduled" in text(first, "a:summary")


def test_the_json_feed_says_the_same(client):
    window = scheduled()
    moved(window, now=NOW + HOUR)
    feed = make_feed()[1].removesuffix(".ics")
    newest = items(client, feed + ".json")[0]
    assert newest["id"] == text(entries(client, feed + ".atom")[0], "a:id")
    assert (newest["date_published"], newest["_preavis"]["status"]) == ((NOW + HOUR).isoformat(), "scheduled")
    assert newest["_preavis"]["start"] == window.starts_at.isoformat()
    assert "Parts are late." in newest["content_text"]
    assert newest["attachments"][0]["url"] == f"https://preavis.test/windows/{window.uid}.ics"
    assert newest["url"] == f"https://preavis.test/windows/{window.uid}"


def test_the_feeds_keep_to_their_standards(client):
    scheduled("A, <b>bold</b> & long; title")
    feed = make_feed()[1].removesuffix(".ics")
    document = json.loads(client.get(feed + ".json").content)
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert all(isinstance(item["id"], str) and item["content_text"] for item in document["items"])
    atom = ET.fromstring(client.get(feed + ".atom").content)
    assert all(atom.findtext(f"a:{name}", namespaces=ATOM) for name in ("id", "title", "updated", "author/a:name"))
    entry = atom.find("a:entry", ATOM)
    assert all(text(entry, f"a:{name}") for name in ("id", "title", "updated", "summary"))
    assert text(entry, "a:title") == "Scheduled: A, <b>bold</b> & long; title"


@pytest.mark.parametrize(
    ("suffix", "content_type"),
    [(".atom", "application/atom+xml; charset=utf-8"), (".json", "application/feed+json; charset=utf-8")],
)
def test_a_feed_is_answered_like_a_calendar(client, suffix, content_type):
    scheduled()
    path = address(suffix)
    response = client.get(path)
    assert (response["Content-Type"], response["Cache-Control"]) == (content_type, "private, max-age=300")
    assert client.get(path, headers={"if-none-match": response["ETag"]}).status_code == 304
    assert client.get(path, headers={"if-modified-since": http_date(NOW.timestamp())}).status_code == 304
    assert client.head(path)["ETag"] == response["ETag"]
    assert client.get(path, headers={"accept-encoding": "gzip"})["Content-Encoding"] == "gzip"
    assert client.post(path).status_code == 405
    assert client.get(path.replace("feeds/", "feeds/x")).status_code == 404


@pytest.mark.parametrize("suffix", [".atom", ".json", ".maintnote.ics"])
def test_a_revoked_feed_and_an_unknown_service_get_the_same_404(client, suffix):
    feed, path = make_feed()
    path = path.removesuffix(".ics") + suffix
    assert client.get(path + "?service=none").status_code == 404
    services.revoke_feed(feed, actor=None, now=NOW)
    response = client.get(path)
    assert (response.status_code, response.content, response["Content-Type"]) == (404, b"", "text/plain")


def test_nothing_moves_where_nothing_changes(client, clock):
    scheduled()
    path = address(".atom")
    before = client.get(path)
    clock.move_to(NOW + HOUR, tick=False)
    assert client.get(path).content == before.content


def test_an_empty_feed_was_updated_when_it_was_made(client, clock):
    path = address(".atom")
    before = client.get(path).content
    clock.move_to(NOW + DAY, tick=False)
    assert client.get(path).content == before


def test_a_text_that_is_corrected_renews_the_newest_entry_alone(client):
    window = scheduled()
    moved(window, now=NOW + HOUR)
    path = address(".json")
    windows.edit_texts(window, effect="The shop is closed.", actor=None, now=NOW + 2 * HOUR)
    newest, first = items(client, path)
    assert (newest["date_modified"], first["date_modified"]) == ((NOW + 2 * HOUR).isoformat(), NOW.isoformat())
    assert "The shop is closed." in newest["content_text"]
    assert "The shop is closed." not in first["content_text"]


def test_the_id_of_an_entry_stays_and_names_no_host(client, settings):
    window = scheduled()
    path = address(".json")
    before = items(client, path)[0]["id"]
    settings.SITE_URL = "https://elsewhere.test"
    windows.edit_texts(window, title="Another title", actor=None, now=NOW)
    assert items(client, path)[0]["id"] == before
    assert "preavis" not in before


def test_a_feed_speaks_its_readers_language(client):
    scheduled()
    newest = items(client, address(".json", language="fr"))[0]
    assert "État" in newest["content_text"]


def test_a_public_feed_gives_no_reasons(client):
    moved(scheduled(reason="Because."), now=NOW + HOUR)
    content = client.get(address(".json", detail=Detail.PUBLIC)).content.decode()
    assert "Parts are late." not in content
    assert "Because." not in content


def test_a_control_character_does_not_break_the_feed(client):
    scheduled("a\x0bb\x07")
    assert text(entries(client, address(".atom"))[0], "a:title") == "Scheduled: a b"


def test_drafts_are_not_told(client):
    windows.create_window(
        title="Secret",
        services=[],
        starts_at=NOW + DAY,
        ends_at=NOW + 2 * DAY,
        time_zone="UTC",
        impact="outage",
        actor=None,
        now=NOW,
    )
    assert items(client, address(".json")) == []


def test_no_feed_tells_its_token(client):
    scheduled()
    for suffix in (".atom", ".json", ".maintnote.ics"):
        path = address(suffix)
        token = path.removeprefix("/feeds/").removesuffix(suffix)
        assert token not in client.get(path).content.decode()


@pytest.mark.parametrize("suffix", [".atom", ".json"])
def test_a_feed_takes_the_same_number_of_queries_however_many_updates(client, suffix, django_assert_max_num_queries):
    for number in range(10):
        scheduled(f"Window {number}")
    path = address(suffix)
    client.get(path)
    MaintenanceWindow.objects.update(content_changed_at=NOW + HOUR, updated_at=NOW + HOUR)
    with django_assert_max_num_queries(16):
        client.get(path)


def test_a_windows_page_points_to_its_updates_and_its_calendar_file(client):
    window = scheduled()
    moved(window, now=NOW + HOUR)
    page = client.get(f"/windows/{window.uid}").content.decode()
    assert (
        f'<link rel="alternate" type="application/atom+xml" title="Updates of this window" href="/windows/{window.uid}.atom?lang=en">'
        in page
    )
    assert f'href="/windows/{window.uid}.ics?lang=en"' in page
    assert len(entries(client, f"/windows/{window.uid}.atom")) == 2


def test_a_windows_updates_are_not_fetched_twice(client):
    window = scheduled()
    response = client.get(f"/windows/{window.uid}.atom?lang=fr")
    assert response["Content-Language"] == "fr"
    assert client.get(f"/windows/{window.uid}.atom?lang=fr", headers={"if-none-match": response["ETag"]}).status_code == 304


def test_the_subscribers_page_names_every_address(client):
    token = make_feed()[1].removeprefix("/feeds/").removesuffix(".ics")
    page = client.get(f"/subscribe/{token}").content.decode()
    for suffix in (".atom", ".json", ".maintnote.ics"):
        assert f"https://preavis.test/feeds/{token}{suffix}" in page
    client.force_login(make_planner())
