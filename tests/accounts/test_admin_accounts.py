import pytest
from django.test import Client

from apps.accounts.models import AuditEvent, User
from apps.accounts.services import record
from tests.factories import NOW, make_planner, make_user

pytestmark = pytest.mark.django_db

OWN = "/admin/accounts/user/preferences/"


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def test_people_choose_their_own_language_and_zone():
    ana = make_user(username="ana", is_staff=True)
    client_of(ana).post(OWN, {"language": "fr", "time_zone": "America/New_York"})
    ana.refresh_from_db()
    assert (ana.language, ana.time_zone) == ("fr", "America/New_York")


def test_admin_speaks_the_language_chosen():
    text = client_of(make_user(is_staff=True, language="fr")).get(OWN).content.decode()
    assert '<html lang="fr"' in text


def test_unknown_zone_is_refused():
    ana = make_user(username="ana", is_staff=True)
    answer = client_of(ana).post(OWN, {"language": "en", "time_zone": "Mars/Olympus"})
    assert "Select a valid choice" in answer.content.decode()
    assert User.objects.get().time_zone == "UTC"


def test_strangers_are_sent_to_sign_in():
    assert "/login/" in Client().get(OWN).url


def test_zone_of_a_user_is_chosen_from_a_list():
    ana = make_planner(username="ana")
    text = client_of(ana).get(f"/admin/accounts/user/{ana.pk}/change/").content.decode()
    assert '<optgroup label="Europe">' in text


def test_audit_trail_is_read_only():
    ana = make_planner(username="ana")
    event = record("window.created", subject=ana, actor=ana, now=NOW)
    client = client_of(ana)
    assert "ana drafted “ana”." in client.get("/admin/accounts/auditevent/").content.decode()
    assert client.post(f"/admin/accounts/auditevent/{event.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/accounts/auditevent/{event.pk}/change/", {"verb": "other"}).status_code == 403
    assert AuditEvent.objects.get().verb == "window.created"
