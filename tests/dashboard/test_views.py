import html
import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.dashboard.metrics.live import live as live_figures
from apps.dashboard.metrics.overview import overview as overview_figures
from apps.dashboard.metrics.review import review as review_figures
from apps.dashboard.report import TABLES
from tests.factories import NOW, make_campaign, make_planner, make_segment, make_touchpoint, make_user, make_window

from .stories import HOUR, crowd, finished_campaign, help_desk, running_campaign, sent_touchpoint, settle, tickets, usual_tickets

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ana(client):
    client.force_login(make_planner(time_zone="Europe/Paris"))
    return client


def url(name, *args):
    return reverse(f"dashboard:{name}", args=args)


def pages(campaign):
    return [
        url("overview"),
        *(url(name, campaign.pk) for name in ("live", "live-now", "review")),
        url("table", campaign.pk, "touchpoints"),
    ]


def test_strangers_are_sent_to_the_login_page(client):
    client.force_login(make_user())
    for page in pages(make_campaign()):
        assert client.get(page)["Location"].startswith(reverse("admin:login"))


def test_staff_without_the_permission_are_refused(client):
    client.force_login(make_user(is_staff=True))
    for page in pages(make_campaign()):
        assert client.get(page).status_code == 403


@pytest.mark.parametrize("codename", ["view_campaign", "view_maintenancewindow"])
def test_either_permission_opens_every_page(client, codename):
    user = make_user(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(user)
    for page in pages(make_campaign()):
        assert client.get(page).status_code == 200


def test_unknown_campaigns_and_tables_are_not_found(ana):
    campaign = make_campaign()
    for page in (url("live", 10**9), url("review", 10**9), url("table", campaign.pk, "salaries")):
        assert ana.get(page).status_code == 404


def test_empty_overview_says_what_to_do_next(ana):
    assert "Nothing is planned yet" in ana.get(url("overview")).content.decode()


@pytest.mark.parametrize("status", ["draft", "scheduled", "in_progress", "verifying", "completed", "cancelled"])
def test_every_state_has_its_pages_in_both_languages(client, status):
    started = NOW - HOUR if status in ("in_progress", "verifying", "completed") else None
    ended = NOW if status == "completed" else None
    window = make_window(starts_at=NOW - HOUR, status=status, actual_started_at=started, actual_ended_at=ended)
    campaign = make_campaign(window=window)
    settle(sent_touchpoint(campaign))
    make_touchpoint(campaign=campaign, state="held", reason="awaits_completion", due_at=None, expand_at=None, useful_until=None)
    for language in ("en", "fr"):
        client.force_login(make_planner(language=language))
        for name in ("live-now", "review"):
            assert "Database upgrade" in client.get(url(name, campaign.pk)).content.decode()


def test_pages_keep_to_the_content_security_policy(ana):
    campaign = finished_campaign()
    crowd(sent_touchpoint(campaign), 3)
    tickets(help_desk(), NOW - 2 * HOUR)
    for page in pages(campaign)[:4]:
        body = ana.get(page).content.decode()
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", body)
        assert not re.search(r"<style|<script(?![^>]*\ssrc=)(?![^>]*application/json)", body)


def test_every_time_on_a_page_has_its_offset(ana):
    campaign = finished_campaign()
    settle(sent_touchpoint(campaign))
    body = ana.get(url("review", campaign.pk)).content.decode()
    times = re.findall(r"<time.*?</time>\s*(?:<span class=\"offset\">[^<]+</span>)?", body, re.DOTALL)
    assert times
    assert all("UTC" in each for each in times)


def test_overrun_is_alerted_with_what_to_do(ana):
    campaign = running_campaign(ends_at=NOW - timedelta(minutes=12), starts_at=NOW - 4 * HOUR)
    body = ana.get(url("live", campaign.pk)).content.decode()
    assert "The planned end has passed and nobody has confirmed that it is over." in body


def test_countdown_names_the_instant_and_the_server_s_time(ana):
    campaign = make_campaign(window=make_window(starts_at=NOW + HOUR))
    body = ana.get(url("live-now", campaign.pk)).content.decode()
    assert f'data-countdown="{round((NOW + HOUR).timestamp() * 1000)}"' in body
    assert f'data-now="{round(NOW.timestamp() * 1000)}"' in body


def test_fragment_tells_the_script_when_to_stop(ana):
    campaign = finished_campaign()
    assert 'data-done="true"' in ana.get(url("live-now", campaign.pk)).content.decode()
    make_touchpoint(campaign=campaign, due_at=NOW + 20 * HOUR)
    assert 'data-done="false"' in ana.get(url("live-now", campaign.pk)).content.decode()


def test_fragment_is_no_whole_page(ana):
    body = ana.get(url("live-now", make_campaign().pk)).content.decode()
    assert "<html" not in body
    assert body.count("data-fragment") == 1


def test_every_table_of_the_page_can_be_downloaded(ana):
    campaign = finished_campaign()
    settle(sent_touchpoint(campaign), "failed")
    help_desk()
    links = re.findall(r'href="([^"]+[.]csv)"', ana.get(url("review", campaign.pk)).content.decode())
    assert {link.rsplit("/", 1)[1].removesuffix(".csv") for link in links} == set(TABLES)
    for link in links:
        response = ana.get(link)
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["Content-Disposition"].startswith(f'attachment; filename="campaign-{campaign.pk}-')
        assert len(response.content.decode("utf-8-sig").splitlines()) > 1


def test_figures_lead_to_their_rows(ana):
    campaign = running_campaign()
    touchpoint = sent_touchpoint(campaign)
    settle(touchpoint, "failed", reason="refused", number=2)
    settle(touchpoint)
    tickets(help_desk(), NOW, campaign=campaign)
    pages_of_rows = set()
    for name in ("live", "review"):
        body = ana.get(url(name, campaign.pk)).content.decode()
        pages_of_rows |= {html.unescape(link) for link in re.findall(r'href="(/admin/[^"]+[?][^"]+)"', body)}
    assert len(pages_of_rows) >= 5
    assert {ana.get(link).status_code for link in pages_of_rows} == {200}
    failed = next(link for link in pages_of_rows if "why=refused" in link)
    assert ana.get(failed).context["figures"].total == 2


def test_names_in_a_file_are_no_formulas(ana):
    campaign = finished_campaign()
    settle(sent_touchpoint(campaign, segment=make_segment(name="=HYPERLINK(1)")))
    assert ",'=HYPERLINK(1)," in ana.get(url("table", campaign.pk, "touchpoints")).content.decode()


def test_names_on_a_page_are_escaped(ana):
    campaign = finished_campaign(title="<b>Upgrade</b>")
    for name in ("live", "review"):
        assert "<b>Upgrade</b>" not in ana.get(url(name, campaign.pk)).content.decode()


def test_number_of_queries_does_not_grow(ana):
    """With touchpoints, deliveries, events, tickets, help desks, windows or revisions."""
    campaign = finished_campaign()
    _grow(campaign, touchpoints=1, people=1)
    few = _queries(ana, campaign)
    _grow(campaign, touchpoints=3, people=4)
    _grow(finished_campaign(), touchpoints=1, people=1)
    running_campaign()
    assert _queries(ana, campaign) == few


def _grow(campaign, *, touchpoints, people):
    for _ in range(touchpoints):
        touchpoint = sent_touchpoint(campaign)
        crowd(touchpoint, people)
        settle(touchpoint, "failed", number=people)
        desk = help_desk(f"Desk {touchpoint.pk}")
        usual_tickets(desk, NOW - 2 * HOUR, per_hour=1)
        tickets(desk, NOW - 2 * HOUR, campaign=campaign)


def _queries(client, campaign):
    numbers = []
    for page in pages(campaign):
        client.get(page)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(page)
        numbers.append(len(queries))
    return numbers


def test_figures_are_asked_for_in_few_queries(django_assert_num_queries):
    campaign = finished_campaign()
    _grow(campaign, touchpoints=2, people=2)
    with django_assert_num_queries(4):
        overview_figures(now=NOW)
    with django_assert_num_queries(11):
        live_figures(campaign, now=NOW, language="en")
    with django_assert_num_queries(15):
        review_figures(campaign, now=NOW, language="en")
