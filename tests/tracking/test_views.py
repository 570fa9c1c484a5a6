import uuid

import pytest
import redis
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.common.tokens import Purpose, sign
from apps.delivery.models import Delivery
from apps.tracking import buffer
from apps.tracking.views.hits import PIXEL
from tests.factories import make_campaign, make_contact, make_segment, make_touchpoint, make_window
from tests.tracking.factories import CHROME, make_link, make_sent_delivery


@pytest.fixture
def noted(monkeypatch):
    """What the views hand to the buffer."""
    hits = []
    monkeypatch.setattr(buffer.hits, "push", hits.append)
    return hits


@pytest.fixture
def no_redis(monkeypatch):
    def refuse(_):
        raise redis.ConnectionError

    monkeypatch.setattr(buffer, "_append", refuse)
    monkeypatch.setattr(buffer, "hits", buffer.HitBuffer())


def pixel_of(token, **options):
    return reverse("tracking:open", args=[sign(Purpose.OPEN, token, **options)])


@pytest.mark.django_db
def test_pixel_is_a_picture_that_nobody_keeps(client, noted, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get(pixel_of(uuid.uuid4()))
    assert (response.status_code, response.content, response["Content-Type"]) == (200, PIXEL, "image/gif")
    assert len(PIXEL) == 43
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies


def test_pixel_notes_who_asked_for_what(client, noted):
    token = uuid.uuid4()
    client.get(pixel_of(token), headers={"user-agent": CHROME, "sec-purpose": "prefetch"})
    (hit,) = noted
    assert (hit.token, hit.link, hit.method, hit.user_agent, hit.purpose) == (token.hex, None, "GET", CHROME, "prefetch")


def test_head_of_the_pixel_is_noted_as_such(client, noted):
    response = client.head(pixel_of(uuid.uuid4()))
    assert response.status_code == 200
    assert noted[0].method == "HEAD"


@pytest.mark.parametrize("name", ["x", "", "%00", "a" * 5000, sign(Purpose.CLICK, uuid.UUID(int=1)), "a/b"])
def test_forged_pixel_is_the_same_picture_and_not_noted(client, noted, name):
    good, forged = client.get(pixel_of(uuid.uuid4())), client.get(f"/o/{name}.gif")
    assert (forged.status_code, forged.content, forged.headers) == (good.status_code, good.content, good.headers)
    assert len(noted) == 1


def test_pixel_does_not_answer_a_post(client):
    assert client.post(pixel_of(uuid.uuid4())).status_code == 405


def test_pixel_comes_while_redis_is_away(client, no_redis):
    assert client.get(pixel_of(uuid.uuid4())).content == PIXEL


def link_of(delivery, number=1):
    return reverse("tracking:click", args=[sign(Purpose.CLICK, delivery.token, number=number)])


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "head"])
def test_click_leads_to_the_stored_target(client, noted, method):
    delivery = make_sent_delivery()
    make_link(delivery, 2, "https://example.org/status?a=1")
    response = getattr(client, method)(link_of(delivery, 2) + "?url=https://evil.example")
    assert (response.status_code, response["Location"]) == (302, "https://example.org/status?a=1")
    assert (response["Cache-Control"], response["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert (noted[0].link, noted[0].method) == (2, method.upper())


@pytest.mark.django_db
def test_target_may_hold_any_letter(client, noted):
    delivery = make_sent_delivery()
    make_link(delivery, 1, "https://example.org/état?q=été")
    assert client.get(link_of(delivery))["Location"] == "https://example.org/%C3%A9tat?q=%C3%A9t%C3%A9"


@pytest.mark.django_db
def test_second_click_asks_no_database(client, noted, django_assert_num_queries):
    delivery = make_sent_delivery()
    make_link(delivery)
    client.get(link_of(delivery))
    with django_assert_num_queries(0):
        client.get(link_of(delivery))


@pytest.mark.django_db
def test_click_works_while_redis_is_away(client, no_redis):
    delivery = make_sent_delivery()
    make_link(delivery)
    assert client.get(link_of(delivery)).status_code == 302


@pytest.mark.django_db
def test_forged_and_unknown_links_get_one_and_the_same_page(client, noted):
    delivery = make_sent_delivery()
    names = [
        "x",
        sign(Purpose.OPEN, delivery.token),
        sign(Purpose.CLICK, uuid.uuid4()),
        sign(Purpose.CLICK, delivery.token, number=9),
    ]
    answers = [client.get(f"/c/{name}") for name in names]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert noted == []


@pytest.mark.django_db
def test_click_says_try_again_when_the_database_is_away(client, noted, monkeypatch):
    def fail(*_):
        raise OperationalError

    monkeypatch.setattr("apps.tracking.views.hits._target", fail)
    response = client.get(link_of(make_sent_delivery()))
    assert response.status_code == 503


@pytest.fixture
def french_delivery():
    contact = make_contact(email="claire.martin@example.org", language="fr")
    touchpoint = make_touchpoint(segment=make_segment(), campaign=make_campaign(window=make_window(title="Mise à jour")))
    return make_sent_delivery(contact=contact, touchpoint=touchpoint)


def unsubscribe_of(delivery):
    return reverse("tracking:unsubscribe", args=[sign(Purpose.UNSUBSCRIBE, delivery.token)])


@pytest.mark.django_db
def test_unsubscribe_page_asks_in_the_contacts_language_and_changes_nothing(client, french_delivery):
    response = client.get(unsubscribe_of(french_delivery))
    page = response.content.decode()
    assert response.status_code == 200
    assert 'lang="fr"' in page
    assert "c•••@example.org" in page
    assert "claire.martin" not in page
    assert french_delivery.events.count() == 0
    assert response["Referrer-Policy"] == "no-referrer"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"data": "List-Unsubscribe=One-Click", "content_type": "application/x-www-form-urlencoded"}, id="form"),
        pytest.param({"data": {"List-Unsubscribe": "One-Click"}}, id="multipart"),
        pytest.param({}, id="nothing"),
    ],
)
def test_one_click_unsubscribes_from_this_segment(french_delivery, body):
    from apps.audiences.models import Suppression

    client = Client(enforce_csrf_checks=True)
    for _ in range(2):  # repeating it does no harm
        response = client.post(unsubscribe_of(french_delivery), **body)
        assert response.status_code == 200
        assert not response.cookies
    row = Suppression.objects.get()
    assert (row.kind, row.address, row.reason) == ("email", "claire.martin@example.org", "unsubscribed")
    assert row.segment == french_delivery.touchpoint.segment
    assert [event.type for event in french_delivery.events.all()] == ["unsubscribed"]


@pytest.mark.django_db
def test_who_unsubscribes_has_read_what_was_in_doubt(client, french_delivery):
    Delivery.objects.update(state="in_doubt", reason="no_answer", sent_at=timezone.now())
    client.post(unsubscribe_of(french_delivery))
    assert Delivery.objects.get().state == "sent"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_forged_unsubscribe_does_nothing(client, french_delivery, method):
    forged = reverse("tracking:unsubscribe", args=[sign(Purpose.OPEN, french_delivery.token)])
    assert getattr(client, method)(forged).status_code == 404
    assert french_delivery.events.count() == 0
