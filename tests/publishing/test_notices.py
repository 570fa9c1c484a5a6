import uuid

import pytest
from django.urls import reverse
from icalendar import Calendar

from apps.windows import services as windows
from apps.windows.models import WindowStatus
from tests.factories import DAY, HOUR, NOW, make_planner, make_service, make_window

pytestmark = pytest.mark.django_db


def url_of(window):
    return reverse("publishing:notice", args=[window.uid])


def test_notice_says_what_when_and_what_it_means(client):
    window = make_window(
        title="Database upgrade",
        starts_at=NOW,
        announced_ends_at=NOW + 6 * HOUR,
        services=[make_service("Shop")],
        effect="The shop is closed.",
        reason="Safety.",
        alternatives="Call us.",
    )
    page = client.get(url_of(window)).content.decode()
    for words in (
        "Database upgrade",
        "Shop",
        "Scheduled",
        "Monday 2 March 2026, 10:00–14:00 (Paris time, UTC+01:00)",
        "Monday 2 March 2026, 09:00–13:00 (UTC)",
        "at the latest it is over on Monday 2 March 2026, 16:00",
        "Outage",
        "The shop is closed.",
        "Safety.",
        "Call us.",
        f"/windows/{window.uid}.ics?lang=en",
    ):
        assert words in page, words


def test_updates_come_newest_first_with_their_reason(client):
    planner, window = make_planner(), make_window(status=WindowStatus.DRAFT, scheduled_at=None, revision=0)
    windows.schedule_window(window, actor=planner, now=NOW)
    windows.reschedule_window(
        window, starts_at=NOW + DAY, ends_at=NOW + DAY + HOUR, reason="The supplier is ill.", actor=planner, now=NOW + HOUR
    )
    page = client.get(url_of(window)).content.decode()
    assert page.index("Rescheduled") < page.index("The supplier is ill.") < page.index("<strong>Scheduled")


def test_completed_notice_shows_what_really_happened(client):
    window = make_window(
        starts_at=NOW,
        status=WindowStatus.COMPLETED,
        actual_started_at=NOW,
        actual_ended_at=NOW + HOUR,
        outcome="Twice as fast.",
        is_temporary_fix=True,
    )
    page = client.get(url_of(window)).content.decode()
    assert "In fact: Monday 2 March 2026, 10:00–11:00" in page
    assert "Twice as fast." in page
    assert "temporary fix" in page


@pytest.mark.parametrize(
    "fields", [{"status": WindowStatus.DRAFT, "scheduled_at": None}, {"status": WindowStatus.CANCELLED, "scheduled_at": None}]
)
def test_what_was_never_promised_is_not_shown(client, fields):
    window = make_window(**fields)
    assert client.get(url_of(window)).status_code == 404
    assert client.get(url_of(window) + ".ics").status_code == 404
    assert client.get(reverse("publishing:notice", args=[uuid.uuid4()])).status_code == 404


@pytest.mark.parametrize(
    ("query", "accepts", "language"),
    [
        ("", "fr-CH,fr;q=0.9", "fr"),
        ("", "de", "en"),
        ("?lang=fr", "en", "fr"),
        ("?lang=en", "fr", "en"),
        ("?lang=xx", "fr", "fr"),
    ],
)
def test_language_is_the_one_asked_for_else_the_browsers(client, query, accepts, language):
    window = make_window(title="Upgrade")
    window.translations.create(language="fr", title="Mise à jour")
    response = client.get(url_of(window) + query, headers={"accept-language": accepts})
    assert f'<html lang="{language}">' in response.content.decode()
    assert ("Mise à jour" if language == "fr" else "Upgrade") in response.content.decode()
    assert response["Content-Language"] == language


def test_texts_are_shown_and_not_run(client):
    window = make_window(title="<script>alert(1)</script>", effect="<b onclick=x>")
    page = client.get(url_of(window)).content.decode()
    assert "<script" not in page
    assert "<b onclick" not in page


def test_page_keeps_to_the_strict_policy(client):
    page = client.get(url_of(make_window()))
    body = page.content.decode()
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert "<script" not in body
    assert "<style" not in body
    assert " style=" not in body
    assert page["Referrer-Policy"] == "no-referrer"
    assert not page.cookies


def test_unchanged_notice_is_not_sent_again(client):
    window = make_window()
    etag = client.get(url_of(window))["ETag"]
    assert client.get(url_of(window), headers={"if-none-match": etag}).status_code == 304
    windows.cancel_window(window, reason="", actor=None, now=NOW)
    assert client.get(url_of(window), headers={"if-none-match": etag}).status_code == 200


def test_notice_takes_a_fixed_number_of_queries(client, django_assert_num_queries):
    window = make_window(services=[make_service(), make_service()])
    with django_assert_num_queries(4):
        client.get(url_of(window))


def test_notice_can_be_added_to_a_calendar_under_its_own_uid(client):
    window = make_window()
    response = client.get(reverse("publishing:notice_calendar", args=[window.uid]))
    (event,) = Calendar.from_ical(response.content).walk("VEVENT")
    assert event["UID"] == str(window.uid)
    assert response["Content-Disposition"] == 'attachment; filename="maintenance.ics"'
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
