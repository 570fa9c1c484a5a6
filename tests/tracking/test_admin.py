import re

import pytest
from django.contrib.admin import site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from apps.tracking import services
from apps.tracking.models import Event, ProviderEvent, Ticket, TicketLink
from apps.tracking.tickets import TicketFacts
from tests.factories import NOW, make_campaign, make_planner, make_user
from tests.tracking.factories import make_sent_delivery, make_ticket_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def planner(client):
    user = make_planner()
    client.force_login(user)
    return user


def page(client, name, *args):
    return client.get(reverse(f"admin:tracking_{name}", args=args))


@pytest.fixture
def event():
    delivery = make_sent_delivery()
    return Event.objects.create(delivery=delivery, type="opened", at=NOW, key="k", source="pixel", verdict="human", rule="reader")


def test_events_can_be_read_and_not_changed(client, planner, event):
    assert "reader" in page(client, "event_changelist").content.decode()
    response = page(client, "event_change", event.pk)
    assert response.status_code == 200
    assert 'name="_save"' not in response.content.decode()
    assert page(client, "event_add").status_code == 403
    assert client.post(reverse("admin:tracking_event_delete", args=[event.pk]), {"post": "yes"}).status_code == 403


def test_touchpoint_of_an_event_reads_in_french_with_french_punctuation(event):
    with translation.override("fr"):
        words = site.get_model_admin(Event).touchpoint(event)
    assert words.startswith(f"{event.delivery.touchpoint.campaign}\xa0: ")


def test_provider_reports_can_be_read(client, planner):
    row = ProviderEvent.objects.create(provider="Postmark", key="k", payload={"type": "bounced"}, received_at=NOW)
    assert "bounced" in page(client, "providerevent_changelist").content.decode()
    assert page(client, "providerevent_change", row.pk).status_code == 200


def test_list_of_events_takes_a_fixed_number_of_queries(client, planner, event, django_assert_num_queries):
    with CaptureQueriesContext(connection) as of_one:
        page(client, "event_changelist")
    for number in range(20):
        Event.objects.create(delivery=make_sent_delivery(), type="opened", at=NOW, key=f"k{number}", source="pixel")
    with django_assert_num_queries(len(of_one)):
        page(client, "event_changelist")


def test_person_can_say_where_a_ticket_belongs(client, planner):
    campaign = make_campaign()
    ticket, _ = services.record_ticket(make_ticket_source(), TicketFacts(external_id="1", opened_at=NOW))
    assert page(client, "ticket_changelist").status_code == 200
    response = client.post(reverse("admin:tracking_ticket_change", args=[ticket.pk]), {"campaign": campaign.pk})
    assert response.status_code == 302
    ticket.refresh_from_db()
    assert (ticket.campaign, ticket.link_kind) == (campaign, TicketLink.MANUAL)


def test_source_shows_its_address_and_never_its_secret(client, planner):
    source = make_ticket_source()
    body = page(client, "ticketsource_change", source.pk).content.decode()
    assert f"https://preavis.test/hooks/tickets/{source.path}" in body
    assert "whsec_" not in body


def test_new_secret_is_asked_for_and_shown_once(client, planner):
    source = make_ticket_source()
    (old,) = services.secrets_of(source)
    asked = page(client, "ticketsource_secret", source.pk)
    assert "whsec_" not in asked.content.decode()
    shown = client.post(reverse("admin:tracking_ticketsource_secret", args=[source.pk]))
    (secret,) = re.findall(r"whsec_[\w+/=]+", shown.content.decode())
    assert "no-store" in shown["Cache-Control"]
    source.refresh_from_db()
    assert services.secrets_of(source) == [secret, old]
    client.post(reverse("admin:tracking_ticketsource_retire", args=[source.pk]))
    source.refresh_from_db()
    assert services.secrets_of(source) == [secret]


def test_source_can_be_added(client, planner):
    response = client.post(
        reverse("admin:tracking_ticketsource_add"), {"name": "Desk", "slug": "desk", "time_zone": "Europe/Paris"}
    )
    assert response.status_code == 302


def test_tickets_can_be_imported_in_the_admin(client, planner):
    source = make_ticket_source()
    url = reverse("admin:tracking_ticketsource_import", args=[source.pk])
    assert client.get(url).status_code == 200
    bad = SimpleUploadedFile("t.csv", b"id,opened_at\n1,yesterday\n")
    assert "Expected an ISO 8601 time" in client.post(url, {"file": bad}).content.decode()
    good = SimpleUploadedFile("t.csv", b"id,opened_at\n1,2026-03-02T09:00:00Z\n")
    assert "Recorded: 1 new tickets" in client.post(url, {"file": good}).content.decode()
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize("name", ["import", "secret", "retire"])
def test_colleague_without_permission_is_refused(client, name):
    client.force_login(make_user(is_staff=True))
    url = reverse(f"admin:tracking_ticketsource_{name}", args=[make_ticket_source().pk])
    assert client.get(url).status_code == client.post(url).status_code == 403
