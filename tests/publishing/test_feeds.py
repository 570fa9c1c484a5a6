import gzip
from datetime import timedelta

import pytest
import redis
from django.core.cache import cache
from django.utils.http import http_date
from icalendar import Calendar

from apps.accounts.models import AuditEvent
from apps.campaigns.models import Reason, TouchpointState
from apps.publishing import calendars, memory, services
from apps.publishing.models import Feed
from apps.windows import services as windows
from apps.windows.models import WindowStatus
from apps.windows.series import repeat_window
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_campaign,
    make_planner,
    make_segment,
    make_service,
    make_touchpoint,
    make_user,
    make_window,
)
from tests.publishing.factories import make_feed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def planner():
    return make_planner()


@pytest.fixture(autouse=True)
def forget_entries():
    """As when nobody has asked yet."""
    cache.clear()
    forget_in_this_process()


def forget_in_this_process():
    calendars._memory.__init__()


def unfolded(response):
    return response.content.decode().replace("\r\n ", "")


def titles(response):
    return [str(event["SUMMARY"]) for event in Calendar.from_ical(response.content).walk("VEVENT")]


def test_feed_holds_public_windows_by_start(client):
    make_window(title="Second", starts_at=NOW + 2 * DAY)
    make_window(title="First", starts_at=NOW + DAY)
    make_window(title="Draft", status=WindowStatus.DRAFT, scheduled_at=None)
    make_window(title="Dropped draft", status=WindowStatus.CANCELLED, scheduled_at=None)
    response = client.get(make_feed()[1])
    assert response.status_code == 200
    assert titles(response) == ["First", "Second"]


def test_feed_has_the_headers_that_calendars_want(client):
    make_window()
    response = client.get(make_feed(language="fr")[1], headers={"accept": "text/html"})
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Cache-Control"] == "private, max-age=300"
    assert response["Content-Disposition"].startswith("inline;")
    assert (response["Referrer-Policy"], response["X-Robots-Tag"], response["X-Content-Type-Options"]) == (
        "no-referrer",
        "noindex",
        "nosniff",
    )
    assert response["Content-Language"] == "fr"
    assert "Accept-Encoding" in response["Vary"]
    assert not response.cookies


def test_calendar_names_itself_and_its_rhythm_and_no_secret(client):
    service = make_service("Shop, EU")
    _, path = make_feed(services=[service])
    body = client.get(path).content.decode()
    calendar = Calendar.from_ical(body)
    assert str(calendar["NAME"]) == str(calendar["X-WR-CALNAME"]) == "Maintenance: Shop EU"
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in body
    assert "X-PUBLISHED-TTL:PT1H\r\n" in body
    assert body.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert body.endswith("END:VCALENDAR\r\n")
    assert "METHOD" not in body
    assert path.removeprefix("/feeds/").removesuffix(".ics") not in body


def test_empty_feed_is_a_valid_calendar(client):
    assert titles(client.get(make_feed()[1])) == []


def test_past_windows_stay_for_half_a_year(client):
    make_window(title="Kept", starts_at=NOW - 179 * DAY, status=WindowStatus.CANCELLED)
    make_window(title="Gone", starts_at=NOW - 181 * DAY)
    assert titles(client.get(make_feed()[1])) == ["Cancelled: Kept"]


def test_feed_can_hold_some_services_only(client):
    shop, portal, other = make_service(), make_service(), make_service()
    make_window(title="Both", services=[shop, portal], starts_at=NOW + DAY)
    make_window(title="Shop", services=[shop])
    make_window(title="Other", services=[other])
    _, path = make_feed(services=[shop, portal])
    assert titles(client.get(path)) == ["Both", "Shop"]
    assert titles(client.get(path, {"service": portal.slug, "utm_source": "x"})) == ["Both"]
    assert client.get(path, {"service": other.slug}).status_code == 404
    assert client.get(path, {"service": "unknown"}).status_code == 404
    assert client.get(path, {"service": ""}).status_code == 404


def test_service_that_a_feed_no_longer_holds_is_not_answered(client):
    shop, portal = make_service(), make_service()
    feed, path = make_feed(services=[shop, portal])
    assert client.get(path, {"service": shop.slug}).status_code == 200
    feed.services.remove(shop)
    assert client.get(path, {"service": shop.slug}).status_code == 404


def test_feed_can_hold_only_what_is_told_to_some_segments(client):
    customers, partners = make_segment(), make_segment()
    told, skipped, dropped = (make_campaign(window=make_window(title=title)) for title in ("Told", "Too short", "Dropped"))
    make_touchpoint(campaign=told, segment=customers)
    make_touchpoint(campaign=skipped, segment=customers, state=TouchpointState.SKIPPED, reason=Reason.TOO_SHORT)
    make_touchpoint(campaign=dropped, segment=customers, state=TouchpointState.SKIPPED, reason=Reason.STEP_REMOVED)
    make_touchpoint(campaign=make_campaign(window=make_window(title="Others")), segment=partners)
    make_window(title="Without a plan")
    _, path = make_feed(segments=[customers])
    assert sorted(titles(client.get(path))) == ["Told", "Too short"]


def test_window_that_comes_to_be_told_to_a_segment_appears(client):
    segment, campaign = make_segment(), make_campaign()
    _, path = make_feed(segments=[segment])
    etag = client.get(path)["ETag"]
    make_touchpoint(campaign=campaign, segment=segment)
    response = client.get(path, headers={"if-none-match": etag})
    assert titles(response) == ["Database upgrade"]


def test_public_feed_leaves_out_what_only_customers_are_told(client):
    make_window(effect="The shop is closed.", reason="Safety.")
    public, customer = (client.get(make_feed(detail=detail)[1]).content.decode() for detail in ("public", "customer"))
    assert "Impact: Outage" in public
    assert "The shop is closed." not in public
    assert "The shop is closed." in customer


def test_internal_feed_names_who_runs_the_window_and_follows_a_change_of_it(client):
    ana, ben = make_planner(first_name="Ana"), make_planner(first_name="Ben")
    campaign = make_campaign(owner=ana)
    _, internal = make_feed(detail="internal", owner=ana)
    _, customer = make_feed()
    first = client.get(internal)
    assert "Owner: Ana" in first.content.decode()
    assert f"/admin/dashboard/{campaign.pk}/live/" in unfolded(first)
    assert "Owner" not in unfolded(client.get(customer))
    campaign.owner = ben
    campaign.save()
    assert "Owner: Ben" in client.get(internal, headers={"if-none-match": first["ETag"]}).content.decode()


def test_reminders_come_only_to_those_who_asked_and_only_before_the_start(client):
    make_window(title="To come")
    make_window(title="Off", status=WindowStatus.CANCELLED)
    make_window(title="Begun", starts_at=NOW - HOUR, status=WindowStatus.IN_PROGRESS)
    calendar = Calendar.from_ical(client.get(make_feed(reminders=[60, 1440])[1]).content)
    reminders = {str(event["SUMMARY"]): event.subcomponents for event in calendar.walk("VEVENT")}
    assert {title: [alarm["TRIGGER"].dt for alarm in alarms] for title, alarms in reminders.items()} == {
        "To come": [-DAY, -HOUR],
        "Cancelled: Off": [],
        "Begun": [],
    }
    assert {str(alarm["ACTION"]) for alarm in calendar.walk("VALARM")} == {"DISPLAY"}
    assert b"VALARM" not in client.get(make_feed()[1]).content


def test_feed_that_would_be_too_large_says_what_it_leaves_out(client, monkeypatch):
    monkeypatch.setattr(calendars, "MOST_BYTES", calendars.LARGEST_HEAD + 2400)
    for days in (-30, -20, 10, 20, 30):
        make_window(title=f"Day {days}", starts_at=NOW + days * DAY)
    response = client.get(make_feed()[1])
    assert titles(response) == ["Day 10", "Day 20"]
    description = str(Calendar.from_ical(response.content)["DESCRIPTION"])
    assert "leaves out windows that were over by Tuesday 10 February 2026" in description
    assert "leaves out windows from Wednesday 1 April 2026 on" in description


def test_unchanged_feed_is_not_sent_again(client):
    make_window()
    _, path = make_feed()
    first = client.get(path)
    etag, changed = first["ETag"], first["Last-Modified"]
    for headers in (
        {"if-none-match": etag},
        {"if-none-match": f'"other", W/{etag}'},
        {"if-none-match": "*"},
        {"if-modified-since": changed},
        {"if-none-match": etag, "if-modified-since": http_date(0)},
    ):
        response = client.get(path, headers=headers)
        assert (response.status_code, response.content) == (304, b""), headers
        assert (response["ETag"], response["Last-Modified"]) == (etag, changed)
        assert response["Cache-Control"] == "private, max-age=300"


@pytest.mark.parametrize(
    "headers",
    [
        {"if-none-match": '"other"'},
        {"if-none-match": '"other"', "if-modified-since": http_date(NOW.timestamp() + 9999)},
        {"if-modified-since": "yesterday"},
        {"if-modified-since": http_date(NOW.timestamp() - 9999)},
    ],
)
def test_reader_who_has_something_else_gets_the_feed(client, headers):
    _, path = make_feed()
    client.get(path)
    assert client.get(path, headers=headers).status_code == 200


def test_two_renderings_are_the_same_bytes(client, clock):
    make_window(services=[make_service(), make_service()])
    _, path = make_feed()
    first = client.get(path)
    cache.clear()
    forget_in_this_process()
    clock.move_to(NOW + HOUR, tick=False)
    second = client.get(path)
    assert second.content == first.content
    assert second["Last-Modified"] == first["Last-Modified"]


def test_another_process_begins_with_what_was_rendered(client, monkeypatch):
    make_window(title="First")
    make_window(title="Second")
    _, path = make_feed()
    first = client.get(path)
    forget_in_this_process()
    monkeypatch.setattr(calendars, "render_event", None)
    assert client.get(path).content == first.content


def test_feed_is_whole_while_the_cache_is_away(client, monkeypatch, caplog):
    def away(*arguments, **options):
        raise redis.ConnectionError("refused")

    make_window(title="Only")
    monkeypatch.setattr(memory.cache, "get_many", away)
    monkeypatch.setattr(memory.cache, "set_many", away)
    assert titles(client.get(make_feed()[1])) == ["Only"]
    assert "The cache does not answer" in caplog.text


CHANGES = {
    "move": lambda window, actor, now: windows.reschedule_window(
        window, starts_at=window.starts_at + DAY, ends_at=window.ends_at + DAY, reason="", actor=actor, now=now
    ),
    "text": lambda window, actor, now: windows.edit_texts(window, title="Other", actor=actor, now=now),
    "translation": lambda window, actor, now: windows.edit_texts(window, language="fr", title="Autre", actor=actor, now=now),
    "service": lambda window, actor, now: windows.edit_details(window, services=[make_service()], actor=actor, now=now),
    "cancel": lambda window, actor, now: windows.cancel_window(window, reason="", actor=actor, now=now),
    "name of a service": lambda window, actor, now: windows.rename_service(
        window.services.get(), name="Renamed", actor=actor, now=now
    ),
    "new window": lambda window, actor, now: make_window(title="New", content_changed_at=now),
    "leaves": lambda window, actor, now: window.delete(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_gives_a_new_edition_with_a_later_date(client, clock, planner, change):
    make_window()
    window = make_window(starts_at=NOW + 40 * DAY, language="en")
    _, path = make_feed(language="fr")
    first = client.get(path)
    clock.move_to(NOW + timedelta(minutes=5), tick=False)
    CHANGES[change](window, planner, NOW + timedelta(minutes=5))
    second = client.get(path, headers={"if-none-match": first["ETag"]})
    assert second.status_code == 200
    assert second["ETag"] != first["ETag"]
    assert second["Last-Modified"] == http_date(NOW.timestamp() + 300)


def test_window_that_leaves_with_time_gives_a_new_edition(client, clock):
    make_window(starts_at=NOW - 179 * DAY)
    _, path = make_feed()
    first = client.get(path)
    clock.move_to(NOW + 2 * DAY, tick=False)
    second = client.get(path, headers={"if-modified-since": first["Last-Modified"]})
    assert second.status_code == 200
    assert second["Last-Modified"] == http_date((NOW + 2 * DAY).timestamp())


def test_two_changes_within_a_second_have_two_dates(client):
    _, path = make_feed()
    dates = []
    for number in range(3):
        make_window(title=str(number))
        dates.append(client.get(path)["Last-Modified"])
    assert len(set(dates)) == 3


def test_windows_of_a_series_are_single_entries_in_utc_on_the_same_wall_clock(client):
    first = make_window(starts_at=NOW + 14 * DAY)
    drafts = repeat_window(first, rule="FREQ=WEEKLY", count=3, actor=None, now=NOW)
    _, path = make_feed()
    assert len(titles(client.get(path))) == 1
    for draft in drafts:
        windows.schedule_window(draft, actor=None, now=NOW)
    response = client.get(path)
    entries = Calendar.from_ical(response.content).walk("VEVENT")
    assert len({entry["UID"] for entry in entries}) == 4
    assert [f"{entry['DTSTART'].dt:%d.%m. %H:%M}" for entry in entries] == [
        "16.03. 09:00",
        "23.03. 09:00",
        "30.03. 08:00",
        "06.04. 08:00",
    ]
    assert b"RRULE" not in response.content


def test_move_keeps_the_uid_and_raises_the_sequence(client, planner):
    window = make_window()
    _, path = make_feed()
    (before,) = Calendar.from_ical(client.get(path).content).walk("VEVENT")
    CHANGES["move"](window, planner, NOW + HOUR)
    (after,) = Calendar.from_ical(client.get(path).content).walk("VEVENT")
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] == before["SEQUENCE"] + 1
    assert after["DTSTAMP"].dt == NOW + HOUR


def test_one_bad_window_does_not_take_the_others_along(client, monkeypatch, caplog):
    make_window(title="Good")
    bad = make_window(title="Bad")
    render = calendars.render_event

    def fail_for_bad(window, **options):
        if window == bad:
            raise AssertionError("a trap of the library")
        return render(window, **options)

    monkeypatch.setattr(calendars, "render_event", fail_for_bad)
    assert titles(client.get(make_feed()[1])) == ["Good"]
    assert f"Window {bad.pk} cannot be shown" in caplog.text


def test_head_is_like_get_without_the_body(client):
    _, path = make_feed()
    get, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert (head["ETag"], head["Content-Length"]) == (get["ETag"], get["Content-Length"])


@pytest.mark.parametrize("accepts", ["gzip", "deflate, GZIP;q=0.5", "br,gzip"])
def test_feed_is_compressed_when_asked(client, accepts):
    make_window()
    _, path = make_feed()
    plain, packed = client.get(path), client.get(path, headers={"accept-encoding": accepts})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert packed["ETag"] == f"W/{plain['ETag']}"
    assert client.get(path, headers={"if-none-match": packed["ETag"]}).status_code == 304


@pytest.mark.parametrize("accepts", ["", "identity", "gzip;q=0", "gzip; q=0.0, br", "x-gzipped"])
def test_feed_is_not_compressed_unasked(client, accepts):
    assert "Content-Encoding" not in client.get(make_feed()[1], headers={"accept-encoding": accepts})


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch", "options"])
def test_other_methods_are_refused_for_right_and_wrong_names_and_no_token_is_logged(client, method, caplog):
    for path in (make_feed()[1], "/feeds/wrong.ics"):
        response = getattr(client, method)(path)
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
        assert path not in caplog.text


def test_every_wrong_name_gets_the_same_bare_answer(client, caplog):
    _, path = make_feed()
    revoked, revoked_path = make_feed(name="Revoked")
    services.revoke_feed(revoked, actor=None, now=NOW)
    _, gone_path = make_feed(owner=make_user(is_active=False))
    token = path.removeprefix("/feeds/").removesuffix(".ics")
    wrong = [
        revoked_path,
        gone_path,
        "/feeds/AAAAAAAAAAAAAAAAAAAAAA.ics",
        f"/feeds/{token}",
        f"/feeds/{token}.ics/",
        f"/feeds/{token.swapcase()}.ics",
        f"/feeds/en/{token}.ics",
        "/feeds/%00.ics",
        "/feeds/%ff%fe.ics",
        "/feeds/é.ics",
        f"/feeds/{'a' * 3000}.ics",
        f"{path}?service=unknown",
    ]
    caplog.clear()
    answers = [
        client.get(name, headers=headers)
        for name in wrong
        for headers in ({}, {"if-none-match": "*", "if-modified-since": http_date(NOW.timestamp())})
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, b"")}
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1
    assert token not in caplog.text


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Google-Calendar-Importer", "Google Calendar"),
        ("iOS/18.1 (22B83) dataaccessd/1.0", "Apple Calendar"),
        ("macOS/15.1 (24B83) CalendarAgent/1.0", "Apple Calendar"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0", "Thunderbird"),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)", "Outlook"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "Chrome"),
        ("curl/8.5.0", "curl"),
        ("ana@example.org's <b>secret</b> agent", ""),
        ("", ""),
    ],
)
def test_program_that_fetched_is_kept_by_its_name_only(client, user_agent, name):
    feed, path = make_feed()
    client.get(path, headers={"user-agent": user_agent})
    feed.refresh_from_db()
    assert feed.last_client == name


def test_last_use_is_noted_to_the_hour(client, clock):
    feed, path = make_feed()
    uses = []
    for minutes in (0, 59, 60):
        clock.move_to(NOW + timedelta(minutes=minutes), tick=False)
        client.get(path)
        feed.refresh_from_db()
        uses.append(feed.last_used_at)
    assert uses == [NOW, NOW, NOW + HOUR]


@pytest.mark.parametrize(("narrowed", "queries"), [(False, 2), (True, 4)])
def test_unchanged_feed_takes_a_fixed_number_of_queries(client, django_assert_num_queries, narrowed, queries):
    service = make_service()
    _, path = make_feed(services=[service] if narrowed else [])
    for count in (0, 20):
        for _ in range(count):
            make_window(services=[service])
        etag = client.get(path)["ETag"]
        with django_assert_num_queries(queries):
            client.get(path, headers={"if-none-match": etag})


def test_rotated_feed_answers_at_its_new_address_only(client, planner):
    feed, old = make_feed()
    token = services.rotate_feed(feed, actor=planner, now=NOW)
    assert client.get(old).status_code == 404
    assert client.get(f"/feeds/{token}.ics").status_code == 200
    assert AuditEvent.objects.filter(verb="feed.rotated", actor=planner).exists()


def test_revoked_feed_stays_revoked(client, planner):
    feed, path = make_feed()
    for _ in range(2):
        services.revoke_feed(feed, actor=planner, now=NOW)
    assert client.get(path).status_code == 404
    assert AuditEvent.objects.filter(verb="feed.revoked").count() == 1
    with pytest.raises(services.FeedError, match="was revoked"):
        services.rotate_feed(feed, actor=planner, now=NOW)


def test_token_is_not_kept(client):
    _, path = make_feed()
    token = path.removeprefix("/feeds/").removesuffix(".ics")
    assert token not in str(Feed.objects.values().get())
    assert token not in str(list(AuditEvent.objects.values()))
