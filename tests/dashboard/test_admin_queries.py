"""Every list and form of the admin asks as much of the database for many rows as for few."""

import io

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import make_planner

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
