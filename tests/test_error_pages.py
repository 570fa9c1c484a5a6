"""What a visitor sees when something is not there, not allowed or broken: calm words, the site's own CSP, nothing of the inside."""

import pytest
from django.test import Client

from tests.factories import make_planner, make_user

pytestmark = pytest.mark.django_db


def test_a_page_that_is_not_there_says_so_in_the_visitors_language(client):
    english = client.get("/nowhere")
    french = client.get("/nowhere", headers={"accept-language": "fr"})

    assert (english.status_code, french.status_code) == (404, 404)
    assert "There is no such page" in english.content.decode()
    assert "Cette page n’existe pas" in french.content.decode()
    assert "/admin/" not in english.content.decode()  # a customer has no business there
    assert "default-src 'self'" in english.headers["Content-Security-Policy"]


def test_a_planner_is_led_back_to_the_overview(client):
    client.force_login(make_planner())

    assert 'href="/admin/"' in client.get("/nowhere").content.decode()


def test_a_page_that_breaks_tells_nothing_of_the_inside(client, monkeypatch):
    monkeypatch.setattr("apps.dashboard.views.pages.overview_figures", lambda **_facts: 1 / 0)
    client.force_login(make_planner())
    client.raise_request_exception = False

    answer = client.get("/admin/dashboard/")

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()
    assert "ZeroDivisionError" not in answer.content.decode()
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_who_lacks_a_permission_is_told_who_can_give_it(client):
    client.force_login(make_user(is_staff=True))

    answer = client.get("/admin/audiences/contact/")

    assert answer.status_code == 403
    assert "An administrator of Preavis can give it." in answer.content.decode()


def test_a_form_without_its_token_is_said_to_have_expired():
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "ana"})

    assert answer.status_code == 403
    assert "The form has expired" in answer.content.decode()
