"""What the page of a channel says of its provider, and the button of a person who knows better."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.delivery.circuits import note_standstill, slow_down
from apps.delivery.models import Circuit
from tests.factories import make_channel, make_planner, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel():
    return make_channel(name="Mail", pace=14)


def page(client, channel):
    client.force_login(make_planner(time_zone="Europe/Paris"))
    return client.get(reverse("admin:channels_channel_change", args=[channel.pk])).content.decode()


def away(channel):
    for _ in range(2):
        note_standstill(channel.pk, text="Cannot connect to the mail server: refused", now=timezone.now())


def push_back(channel, **fields):
    given = {"seen": 0.0, "text": "450 4.7.1 slowly", "retry_after": None, "stops": False} | fields
    slow_down(channel, now=timezone.now(), **given)


def test_nothing_is_said_of_a_provider_that_gave_no_trouble(client, channel):
    assert "The provider" not in page(client, channel)


def test_a_provider_that_is_away_is_named_with_its_words_and_the_next_try(client, channel):
    away(channel)
    text = page(client, channel)
    assert "has been away since" in text
    assert "Paris time" in text
    assert "Cannot connect to the mail server: refused" in text
    assert "It is tried with one message again at" in text


def test_a_push_back_is_named_with_the_rate_that_holds_now(client, channel):
    push_back(channel)
    text = page(client, channel)
    assert "It goes at 7/s just now" in text
    assert "450 4.7.1 slowly" in text


def test_a_pause_that_the_provider_asked_for_says_until_when(client, channel):
    push_back(channel, retry_after=timedelta(minutes=5), stops=True)
    assert "The provider asked for a pause: nothing leaves before" in page(client, channel)


def test_a_person_who_knows_better_has_it_tried_at_once(client, channel):
    away(channel)
    client.force_login(make_planner())
    answer = client.post(reverse("delivery:reset_circuit", args=[channel.pk]), follow=True)
    assert "is tried now, at its full pace" in answer.content.decode()
    assert Circuit.objects.get().state == "closed"


def test_who_may_not_change_channels_may_not_do_that_either(client, channel):
    away(channel)
    client.force_login(make_user(is_staff=True))
    assert client.post(reverse("delivery:reset_circuit", args=[channel.pk])).status_code == 403
    assert Circuit.objects.get().state == "open"


def test_nothing_happens_by_looking(client, channel):
    client.force_login(make_planner())
    assert client.get(reverse("delivery:reset_circuit", args=[channel.pk])).status_code == 405
