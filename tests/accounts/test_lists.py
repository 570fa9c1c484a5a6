"""Lists of tables that grow without end."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.doors import pages
from apps.accounts.doors.filters import LatestValuesFilter
from apps.accounts.doors.pages import EstimatingPaginator
from apps.audiences.models import Contact
from apps.delivery.searching import TOO_MANY_FIT
from apps.tracking.admin import events
from tests.factories import NOW, make_campaign, make_contact, make_delivery, make_planner, make_window
from tests.tracking.factories import make_event, make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    client = Client()
    client.force_login(make_planner(username="ana"))
    return client


def people(number):
    for place in range(number):
        make_contact(name=f"Person {place:02}", language="fr" if place % 2 else "en")
    return Contact.objects.order_by("name")


def test_pages_hold_the_rows_in_their_order():
    found = EstimatingPaginator(people(7), 3)
    assert (found.count, [row.name for row in found.page(2)]) == (7, ["Person 03", "Person 04", "Person 05"])


def test_what_is_filtered_is_looked_through_once(django_assert_num_queries):
    rows = people(9).filter(language="en")
    with django_assert_num_queries(2):
        found = EstimatingPaginator(rows, 2)
        assert (found.count, [row.name for row in found.page(2)]) == (5, ["Person 04", "Person 06"])


@pytest.mark.parametrize("narrow", [lambda rows: rows, lambda rows: rows.filter(name__startswith="P")], ids=["all", "filtered"])
def test_nothing_is_counted_beyond_what_anybody_turns_to(monkeypatch, narrow):
    monkeypatch.setattr(pages, "COUNTED_UP_TO", 4)
    monkeypatch.setattr(pages, "_estimate", lambda rows: 0)
    assert EstimatingPaginator(narrow(people(6)), 2).count == 4


def test_an_empty_list_has_one_empty_page():
    found = EstimatingPaginator(Contact.objects.filter(name="nobody"), 10)
    assert (found.num_pages, list(found.page(1))) == (1, [])


def test_tickets_are_tied_to_windows_of_their_time(client):
    ticket = make_ticket(opened_at=NOW)
    near, far = (
        make_campaign(window=make_window(title=title, starts_at=at))
        for title, at in (("Near", NOW), ("Far", NOW.replace(year=2020)))
    )
    page = client.get(f"/admin/tracking/ticket/{ticket.pk}/change/").content.decode()
    assert (f">{near}</option>" in page, f">{far}</option>" in page) == (True, False)


def test_a_ticket_keeps_the_window_it_is_tied_to_however_far(client):
    far = make_campaign(window=make_window(title="Far", starts_at=NOW.replace(year=2020)))
    ticket = make_ticket(opened_at=NOW, campaign=far)
    assert f" selected>{far}</option>" in client.get(f"/admin/tracking/ticket/{ticket.pk}/change/").content.decode()


def test_events_are_found_by_their_recipient(client):
    event = make_event()
    address = event.delivery.address
    assert [row.pk for row in client.get("/admin/tracking/event/", {"q": address}).context["cl"].result_list] == [event.pk]
    assert not client.get("/admin/tracking/event/", {"q": "nobody@example.org"}).context["cl"].result_list


def test_events_are_found_by_their_rule_though_somebody_of_that_name_was_written_to(client):
    event = make_event(rule="burst")
    make_delivery(contact=make_contact(name="Ana Burst"))
    assert [row.pk for row in client.get("/admin/tracking/event/", {"q": "burst"}).context["cl"].result_list] == [event.pk]


def test_events_are_not_read_for_a_rule_that_there_is_not(client):
    make_event(delivery=make_delivery(contact=make_contact(name="Zoe")))
    with CaptureQueriesContext(connection) as queries:
        assert not client.get("/admin/tracking/event/", {"q": "nobody"}).context["cl"].result_list
    assert not [query["sql"] for query in queries if '"rule" = ' in query["sql"]]


def test_of_many_messages_the_events_of_the_latest_are_shown_and_it_is_said(client, monkeypatch):
    monkeypatch.setattr(events, "MOST_DELIVERIES", 1)
    ana = make_contact(name="Ana Horvat")
    _earlier, later = (make_event(delivery=make_delivery(contact=ana)) for _each in range(2))
    page = client.get("/admin/tracking/event/", {"q": "horvat"})
    assert [row.pk for row in page.context["cl"].result_list] == [later.pk]
    assert str(TOO_MANY_FIT) in page.content.decode()


def test_filters_offer_the_values_of_the_latest_rows_alone(client, monkeypatch):
    monkeypatch.setattr(LatestValuesFilter, "looked_at", 2)
    for status in ("merged", "open", "solved"):
        make_ticket(status=status)
    (offered,) = (each for each in client.get("/admin/tracking/ticket/").context["cl"].filter_specs if each.title == "status")
    assert offered.lookup_choices == ["open", "solved"]
