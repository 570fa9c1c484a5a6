"""What the live page asks of its planner, and what it says of the next word."""

import pytest
import time_machine
from django.urls import reverse

from apps.campaigns.models import Anchor, Campaign
from apps.dashboard.watching import watch
from apps.delivery.holding import hold_updates
from apps.delivery.models import Alarm
from tests.factories import NOW, make_planner, make_playbook, make_step, make_touchpoint

from .stories import HOUR, running_campaign, sent_touchpoint

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


def page_of(client, campaign):
    client.force_login(make_planner(time_zone="Europe/Paris"))
    return client.get(reverse("dashboard:live", args=[campaign.pk])).content.decode()


def told(**window):
    """A running window of which people have heard at its start."""
    campaign = running_campaign(**window)
    sent_touchpoint(campaign, due_at=NOW - HOUR)
    return campaign


def with_update(campaign, **fields):
    step = make_step(make_playbook(), key="update", anchor=Anchor.DURING)
    return make_touchpoint(campaign=campaign, step=step, step_key="update", **({"due_at": NOW + HOUR} | fields))


def test_an_update_to_come_is_the_promise_and_kept_by_itself():
    campaign = told()
    with_update(campaign)
    seen = watch(campaign, now=NOW)

    assert (seen.promise.by, seen.tone) == (NOW + HOUR, "ok")
    assert "leaves by itself" in seen.why


def test_held_updates_put_the_promise_in_danger():
    campaign = told()
    with_update(campaign)
    hold_updates(campaign, reason="", actor=None, now=NOW)
    seen = watch(Campaign.objects.select_related("window").get(), now=NOW + HOUR)

    assert seen.tone == "warn"
    assert "held back" in seen.why


def test_past_its_time_the_word_is_missing():
    assert watch(told(), now=NOW + 2 * HOUR).tone == "bad"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "waiting"}, "is being alarmed"),
        ({"state": "waiting", "error": "away"}, "tried again. away"),
        ({"state": "sent", "sent_at": NOW, "way": "Pager"}, "was alarmed by “Pager”"),
        ({"state": "failed", "error": "No owner."}, "Nobody could be alarmed. No owner."),
        ({"state": "spared"}, ""),
    ],
    ids=lambda value: value.get("state") if isinstance(value, dict) else "",
)
def test_what_became_of_the_alarm_is_said(fields, words):
    campaign = told()
    Alarm.objects.create(
        campaign=campaign, silent_since=NOW - HOUR, promised_by=NOW, raised_at=NOW, next_at=NOW, user=make_planner(), **fields
    )
    said = watch(campaign, now=NOW).alarm_words("UTC")

    assert words in said
    assert bool(said) == bool(words)


def test_overrun_asks_whether_it_is_done_with_the_deeds_at_hand(client):
    text = page_of(client, told(starts_at=NOW - 4 * HOUR, ends_at=NOW - HOUR, announced_ends_at=NOW))

    assert "Done, or extend by …?" in text
    assert "do/extend/?by=30" in text
    assert "do/complete/" in text


def test_buttons_say_what_they_hold_back(client):
    campaign = told()
    with_update(campaign)
    text = page_of(client, campaign)

    assert "Hold 1 update" in text
    assert "Pause: 1 touchpoint waits" in text


def test_watching_costs_four_queries(django_assert_max_num_queries):
    campaign = Campaign.objects.select_related("window").get(pk=told().pk)
    with django_assert_max_num_queries(4):
        watch(campaign, now=NOW)
