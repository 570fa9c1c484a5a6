"""Each list of the admin says what will stand in it and what to do for it, while there is nothing."""

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from apps.accounts.models import User
from apps.campaigns.models import Brand
from apps.delivery.models import DoubtfulDelivery
from apps.tracking.models import InboxMessage
from apps.upstream.models import UpstreamNotice
from tests.accounts.people import client_of, make_member
from tests.factories import make_contact, make_planner

pytestmark = pytest.mark.django_db

NEVER_EMPTY = {
    "Group",
    User.__name__,
    Brand.__name__,
}  # roles are made by migrate, whoever looks is a user, the list of one is a form
IN_THEIR_OWN_WORDS = {DoubtfulDelivery.__name__, InboxMessage.__name__, UpstreamNotice.__name__}
admin.autodiscover()
LISTS = {model.__name__: model for model in admin.site._registry if model.__name__ not in NEVER_EMPTY}


def list_of(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.fixture
def client():
    client = Client()
    client.force_login(make_planner())
    return client


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list_says_the_next_step_and_leads_there(client, name):
    model = LISTS[name]
    text = client.get(list_of(model)).content.decode()
    (said,) = re.findall(r'<div class="empty list-empty">(.*?)</div>', text, re.DOTALL)
    if name not in IN_THEIR_OWN_WORDS:
        empty = admin.site._registry[model].when_empty
        assert escape(str(empty.title)) in said
        assert escape(str(empty.words)) in said
        (link,) = re.findall(r'<a class="button" href="([^"]+)"', said)
        assert client.get(link).status_code == 200


def test_a_choice_that_fits_nothing_is_no_empty_list(client):
    make_contact()
    text = client.get("/admin/audiences/contact/", {"q": "nobody"}).content.decode()
    assert "Nothing fits this choice." in text
    assert "Import your contacts" not in text


def test_whoever_may_not_do_the_step_is_offered_no_button():
    text = client_of(make_member("viewer")).get("/admin/audiences/contact/").content.decode()
    assert "Nobody is known yet" in text
    assert "/import/" not in text
