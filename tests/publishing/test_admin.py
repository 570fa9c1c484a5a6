import re

import pytest
from django.urls import reverse

from apps.publishing.models import Feed
from tests.factories import make_planner, make_segment, make_service, make_user
from tests.publishing.factories import make_feed

pytestmark = pytest.mark.django_db


@pytest.fixture
def planner(client):
    user = make_planner()
    client.force_login(user)
    return user


def url_of(name, *args):
    return reverse(f"admin:publishing_feed_{name}", args=args)


def addresses(response):
    return re.findall(r"((?:https|webcal)://preavis\.test/feeds/[\w-]+\.ics)", response.content.decode())


def path_of(address):
    return address.partition("preavis.test")[2]


def test_new_feed_shows_its_addresses_once(client, planner):
    service = make_service()
    segment = make_segment()
    choices = {"services": [service.pk], "segments": [segment.pk], "detail": "public", "reminders": ["60", "1440"]}
    response = client.post(url_of("add"), {"name": "Acme", "language": "fr", "owner": "", **choices})
    https, webcal = addresses(response)
    assert (https.removeprefix("https"), webcal.removeprefix("webcal")) == (webcal.removeprefix("webcal"),) * 2
    assert "no-store" in response["Cache-Control"]
    feed = Feed.objects.get()
    assert (list(feed.services.all()), list(feed.segments.all())) == ([service], [segment])
    assert (feed.detail, feed.reminders) == ("public", [60, 1440])
    assert client.get(path_of(https)).status_code == 200
    assert addresses(client.get(url_of("change", feed.pk))) == []


def test_rotating_asks_first_and_then_shows_the_new_address(client, planner):
    feed, old = make_feed()
    asked = client.get(url_of("rotate", feed.pk))
    assert "stops working at once" in asked.content.decode()
    assert client.get(old).status_code == 200
    https, _ = addresses(client.post(url_of("rotate", feed.pk)))
    assert client.get(old).status_code == 404
    assert client.get(path_of(https)).status_code == 200


def test_revoking_asks_first(client, planner):
    feed, path = make_feed()
    assert "for good" in client.get(url_of("revoke", feed.pk)).content.decode()
    assert client.get(path).status_code == 200
    assert client.post(url_of("revoke", feed.pk)).status_code == 302
    assert client.get(path).status_code == 404
    assert "was revoked" in client.post(url_of("rotate", feed.pk), follow=True).content.decode()


def test_feed_can_be_changed_without_a_new_address(client, planner):
    feed, path = make_feed(language="en")
    client.get(path)
    client.post(url_of("change", feed.pk), {"name": "Acme", "language": "fr", "detail": "customer"})
    assert client.get(path)["Content-Language"] == "fr"


def test_list_names_what_each_feed_holds(client, planner):
    make_feed(name="All")
    make_feed(name="Some", services=[make_service("Shop")])
    body = client.get(url_of("changelist")).content.decode()
    assert "every window" in body
    assert "Shop" in body


@pytest.mark.parametrize("name", ["rotate", "revoke"])
def test_colleague_without_permission_is_refused(client, name):
    client.force_login(make_user(is_staff=True))
    feed, path = make_feed()
    assert client.post(url_of(name, feed.pk)).status_code == 403
    assert client.get(path).status_code == 200


def test_feeds_are_revoked_rather_than_deleted(client, planner):
    feed, _ = make_feed()
    assert client.post(url_of("delete", feed.pk), {"post": "yes"}).status_code == 403


def test_internal_feed_needs_an_owner_with_whom_it_ends(client, planner):
    refused = client.post(url_of("add"), {"name": "Team", "language": "en", "detail": "internal"})
    assert "An internal feed needs an owner" in refused.content.decode()
    https, _ = addresses(
        client.post(url_of("add"), {"name": "Team", "language": "en", "detail": "internal", "owner": planner.pk})
    )
    assert client.get(path_of(https)).status_code == 200
    planner.is_staff = False
    planner.save()
    assert client.get(path_of(https)).status_code == 404


def test_list_shows_when_and_by_which_program_a_feed_was_fetched(client, planner):
    _, path = make_feed()
    client.get(path, headers={"user-agent": "Google-Calendar-Importer"})
    assert "Google Calendar" in client.get(url_of("changelist")).content.decode()
