"""The pages of rehearsals, as planners and others come to them."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from apps.campaigns import services as campaigns
from apps.campaigns.matrix.cells import Wishes
from apps.campaigns.matrix.moments import MomentWishes, NewMoment
from apps.campaigns.matrix.writing import change_cells
from apps.campaigns.models import OWN_KEY, MessageTemplate
from apps.campaigns.planner import CellKey
from apps.channels.models import Channel
from apps.delivery.clock import database_now
from apps.delivery.models import Rehearsal
from tests.factories import DAY, NOW, make_user

from .rehearsed import ana, drafted, played, started, states, work

pytestmark = pytest.mark.django_db
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=")


def signed_in(user=None):
    client = Client()
    client.force_login(user or ana())
    return client


def form_of(campaign):
    return reverse("delivery:rehearse", args=[campaign.pk])


def page_of(rehearsal, name="rehearsal"):
    return reverse(f"delivery:{name}", args=[rehearsal.pk])


def text_of(answer):
    return answer.content.decode()


@pytest.fixture
def campaign(db):
    """Far enough ahead by the clock on the wall, which the pages go by."""
    made = drafted()
    shift = database_now() - NOW
    window = made.window
    for name in ("starts_at", "ends_at", "announced_ends_at"):
        setattr(window, name, getattr(window, name) + shift + DAY)
    window.save()
    return made


def test_the_form_says_first_what_would_happen(campaign):
    text = text_of(signed_in().get(form_of(campaign)))

    for words in (
        "All of it goes to ana@example.org.",
        "3 touchpoints by “E-mail”, as they would leave.",
        "1 touchpoint in place of “Team chat”, as an e-mail to you. Nothing is posted there.",
        "In every language of each segment: 8 messages",
        "To 3 people of “Customers”, by “E-mail”.",
        "As if the completion had been confirmed at the planned end.",
    ):
        assert words in text
    assert not INLINE.search(text)


def test_a_post_begins_it_and_leads_to_its_timeline(campaign):
    client = signed_in()

    answer = client.post(form_of(campaign), {"minutes": "5", "languages": "every"}, follow=True)

    rehearsal = Rehearsal.objects.get()
    assert answer.redirect_chain == [(page_of(rehearsal), 302)]
    assert rehearsal.lasts == timedelta(minutes=5)
    assert states(rehearsal) == ["waiting"] * 8
    text = text_of(answer)
    assert "0 of 8 messages have been accepted." in text
    assert "+5:00" in text
    assert not INLINE.search(text)


@pytest.mark.parametrize(
    "posted",
    [
        pytest.param({}, id="no duration"),
        pytest.param({"minutes": "2", "languages": "main"}, id="a duration that was not offered"),
        pytest.param({"minutes": "5", "languages": "all"}, id="languages that were not offered"),
        pytest.param({"minutes": "5", "languages": "main", "phone": "0612"}, id="no phone number"),
    ],
)
def test_a_bad_post_begins_nothing(campaign, posted):
    answer = signed_in().post(form_of(campaign), posted)

    assert "It has not been done." in text_of(answer)
    assert not Rehearsal.objects.exists()


def test_a_recipient_who_was_not_offered_is_refused(campaign):
    segment = campaign.playbook.steps.first().segment

    signed_in().post(form_of(campaign), {"minutes": "5", "languages": "main", f"who_{segment.pk}": "999999"})

    assert not Rehearsal.objects.exists()


def test_timeline_says_what_the_text_messages_would_cost(campaign):
    Channel.objects.filter(name="SMS").update(part_price="0.06", part_currency="EUR")
    rehearsal = started(campaign)
    played(rehearsal)

    assert "Sent to all of them: About €0.06: 1 part." in text_of(signed_in().get(page_of(rehearsal)))


def test_pressing_twice_begins_it_once(campaign):
    client = signed_in()
    for _ in range(2):
        answer = client.post(form_of(campaign), {"minutes": "5", "languages": "main"})

    assert "You are rehearsing this campaign already." in text_of(answer)
    assert Rehearsal.objects.count() == 1


def test_whoever_may_only_look_begins_nothing(campaign):
    viewer = make_user(is_staff=True, email="ben@example.org")
    viewer.user_permissions.add(Permission.objects.get(codename="view_maintenancewindow"))
    client = signed_in(viewer)

    assert client.get(form_of(campaign)).status_code == 403
    assert client.post(form_of(campaign), {"minutes": "5"}).status_code == 403
    rehearsal = started(campaign, now=database_now())
    text = text_of(client.get(page_of(rehearsal)))
    assert "What would have gone to whom" in text
    assert "Stop the rehearsal" not in text
    assert client.post(page_of(rehearsal, "stop_rehearsal")).status_code == 403


def test_strangers_see_nothing(campaign):
    rehearsal = started(campaign, now=database_now())
    stranger = signed_in(make_user(is_staff=True))

    for name in ("rehearsal", "rehearsal_now"):
        assert stranger.get(page_of(rehearsal, name)).status_code == 403
        assert Client().get(page_of(rehearsal, name)).status_code == 302


def test_only_its_own_planner_stops_it(campaign):
    owner = ana()
    rehearsal = started(campaign, planner=owner, now=database_now())

    assert signed_in(ana(email="ben@example.org")).post(page_of(rehearsal, "stop_rehearsal")).status_code == 403
    assert signed_in(owner).get(page_of(rehearsal, "stop_rehearsal")).status_code == 405
    answer = signed_in(owner).post(page_of(rehearsal, "stop_rehearsal"), follow=True)

    assert "nothing more of it is begun" in text_of(answer)
    assert set(states(rehearsal)) == {"stopped"}


def test_the_timeline_shows_each_answer(campaign):
    rehearsal = started(campaign, now=database_now(), lasts=timedelta(0))
    work(rehearsal.started_at)

    text = text_of(signed_in(rehearsal.planner).get(page_of(rehearsal, "rehearsal_now")))

    assert 'data-done="true"' in text
    assert "5 of 5 messages have been accepted." in text
    assert "The provider accepted it" in text or "The provider calls it" in text
    assert "1 SMS part" in text
    assert "<html" not in text


def test_a_campaign_without_steps_has_nothing_to_rehearse(campaign):
    campaign.playbook.steps.all().delete()

    text = text_of(signed_in().get(form_of(campaign)))

    assert "its playbook has no steps" in text
    assert "disabled" in text


def test_the_window_s_page_lists_them_and_says_when_the_texts_have_changed(campaign):
    client, window = signed_in(), reverse("admin:windows_maintenancewindow_change", args=[campaign.window_id])
    assert "Not rehearsed yet." in text_of(client.get(window))

    rehearsal = started(campaign, now=database_now())
    text = text_of(client.get(window))
    assert page_of(rehearsal) in text
    assert "have changed since" not in text

    MessageTemplate.objects.filter(content_key="announce").update(body="Other words.")
    assert "The plan or its texts have changed since" in text_of(client.get(window))


def test_scheduling_what_was_rehearsed_is_no_change(campaign):
    now = database_now()
    started(campaign, now=now)
    campaigns.release(campaign, actor=None, now=now)

    page = reverse("admin:windows_maintenancewindow_change", args=[campaign.window_id])
    assert "have changed since" not in text_of(signed_in().get(page))


def test_the_timeline_asks_no_more_for_more_messages(campaign, django_assert_max_num_queries):
    rehearsal = started(campaign, now=database_now(), every_language=True)
    client = signed_in(rehearsal.planner)

    with django_assert_max_num_queries(8):
        client.get(page_of(rehearsal, "rehearsal_now"))


def test_a_moment_that_was_added_by_hand_is_named_on_the_page_and_in_the_message(campaign, mailoutbox):
    reminder = campaign.playbook.steps.filter(key="t-1d").first()
    key = f"{OWN_KEY}crew-call"
    moment = NewMoment(key=key, anchor="start", offset_days=-3, offset=timedelta(0), like="t-1d", label="Crew call")
    cells = {CellKey(key, reminder.segment_id, reminder.channel_id)}
    wishes = Wishes(cells=cells, on=cells, owners={})
    change_cells(campaign, wishes, MomentWishes(added=[moment]), actor=None, now=database_now())
    rehearsal = started(campaign, now=database_now())
    played(rehearsal)

    assert "<strong>Crew call: −3 d</strong> before the start" in text_of(signed_in(rehearsal.planner).get(page_of(rehearsal)))
    (letter,) = (row for row in rehearsal.messages.filter(step_key=key))
    assert letter.state == "sent"


def test_a_sample_leads_to_no_rehearsal(campaign):
    campaign.window.is_sample = True
    campaign.window.save(update_fields=["is_sample"])
    client = signed_in()

    assert "not even to you" in text_of(client.get(form_of(campaign), follow=True))
    page = text_of(client.get(reverse("admin:windows_maintenancewindow_change", args=[campaign.window_id])))
    assert form_of(campaign) not in page
    assert "nothing about it is sent to anybody" in page
