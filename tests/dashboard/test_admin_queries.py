"""Every list and form of the admin asks as much of the database for many rows as for few."""

import io

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.audiences.models import Contact
from tests.factories import (
    make_campaign,
    make_channel,
    make_contact,
    make_planner,
    make_playbook,
    make_segment,
    make_step,
    make_touchpoint,
    make_window,
)

MOST = 40  # of any page; most ask half as much
SMALL = {"contacts": 20, "windows": 20, "deliveries": 25}
LARGE = {"contacts": 45, "windows": 60, "deliveries": 400}  # below what one page of a list shows, so that each row counts


def pages():
    """The addresses of each admin that has rows: its list, the form of its first row, and that one's history."""
    for model, page in admin.site._registry.items():
        named = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield f"{named}_changelist", []
        row = page.get_queryset(request()).order_by("pk").first()
        if row is not None:
            yield f"{named}_change", [row.pk]
            yield f"{named}_history", [row.pk]


def request():
    return type("Request", (), {"user": None, "GET": {}, "resolver_match": None})()


def counted(client):
    found = {}
    for name, args in pages():
        url = reverse(name, args=args)
        client.get(url)  # what is kept for a while is asked for once
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(url)
        assert answer.status_code in (200, 302), name
        found[name] = len(queries)
    return found


@pytest.fixture
def client():
    client = Client()
    client.force_login(make_planner(username="ana"))
    return client


@pytest.mark.django_db
def test_no_page_asks_more_for_more_rows(client):
    few, many = counted_at(SMALL, client), counted_at(LARGE, client)
    assert {name: (few[name], many[name]) for name in few if many[name] > few[name]} == {}
    assert {name: number for name, number in many.items() if number > MOST} == {}


def counted_at(sizes, client):
    with transaction.atomic():
        call_command("seed", "--scale", stdout=io.StringIO(), **sizes)
        found = counted(client)
        transaction.set_rollback(True)
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("is_released", [True, False], ids=["scheduled", "draft"])
def test_the_page_of_a_window_looks_through_the_contacts_once(client, is_released):
    campaign = released() if is_released else drafted()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"/admin/windows/maintenancewindow/{campaign.window_id}/change/").status_code == 200
    assert len([query for query in queries if f'FROM "{Contact._meta.db_table}"' in query["sql"]]) == 1


def released():
    """By three channels to two segments, beside another campaign."""
    campaign, segments = make_campaign(), (make_segment(), make_segment())
    for kind in ("email", "sms", "chat"):
        for segment in segments if kind != "chat" else (None,):
            make_touchpoint(campaign=campaign, channel=make_channel(kind), segment=segment)
    make_touchpoint(segment=make_segment(), channel=make_channel("email"))
    make_contact()
    return campaign


def drafted():
    playbook = make_playbook()
    for key, kind in (("announce", "email"), ("t-7d", "sms")):
        make_step(playbook, key=key, channel=make_channel(kind), segment=make_segment())
    window = make_window(status="draft", scheduled_at=None, revision=0)
    return make_campaign(window=window, playbook=playbook, released_at=None)


# Those whose choices may be counted, since there are never many; for each choice the whole table is read.
SHORT = {"user", "service", "segment", "channel", "playbook", "messagetemplate", "maintenancewindow"}


def test_only_lists_that_stay_short_offer_to_count_their_choices():
    counting = {model._meta.model_name for model, page in admin.site._registry.items() if counts(page)}
    assert counting <= SHORT | {"group", "brand"}  # these have no choices


def counts(page):
    return page.show_facets is not admin.ShowFacets.NEVER


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["delivery_delivery", "tracking_event", "audiences_contact", "tracking_ticket"])
def test_choices_of_a_long_list_are_not_counted_even_when_that_is_asked_for(client, name):
    url = reverse(f"admin:{name}_changelist")
    client.get(url)
    with CaptureQueriesContext(connection) as usual:
        client.get(url)
    with CaptureQueriesContext(connection) as asked:
        page = client.get(url, {"_facets": "True"})
    assert len(asked) == len(usual)
    assert page.status_code == 200
    assert "_facets" not in client.get(url).content.decode()
