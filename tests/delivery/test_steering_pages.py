from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.campaigns.models import Campaign, Touchpoint
from apps.channels.models import Channel
from apps.delivery.models import Delivery
from apps.delivery.steering import pause
from tests.campaigns.admin_pages import INLINE, signed_in
from tests.factories import NOW, make_campaign, make_channel, make_touchpoint, make_user, make_window

from .engine import expanded, states

pytestmark = pytest.mark.django_db
KINDS = ("touchpoint", "campaign", "channel")


def due_now(people=2):
    """Written two hours ago and still of use."""
    now = timezone.now() - timedelta(hours=2)
    return expanded(people, due_at=now, now=now, campaign=make_campaign(window=make_window(starts_at=now + timedelta(days=30))))


def targets():
    touchpoint = due_now()
    return {"touchpoint": touchpoint, "campaign": touchpoint.campaign, "channel": touchpoint.channel}


def page(verb, kind, target):
    return reverse(f"delivery:{verb}", args=[kind, target.pk])


def stop(target, **fields):
    pause(target, **({"reason": "The texts are wrong.", "actor": None, "now": timezone.now()} | fields))


@pytest.mark.parametrize("kind", KINDS)
def test_pausing_says_first_what_it_holds_back(kind):
    target = targets()[kind]

    text = signed_in().get(page("pause", kind, target)).content.decode()

    assert "2 messages that are written and not sent yet wait" in text
    assert "1 touchpoint is still to leave" in text
    assert not INLINE.search(text)


@pytest.mark.parametrize("kind", KINDS)
def test_pausing_keeps_who_and_why_and_leads_back(kind):
    target, client = targets()[kind], signed_in()

    answer = client.post(page("pause", kind, target), {"reason": "The texts are wrong."}, follow=True)

    target.refresh_from_db()
    assert (target.paused_by.username, target.pause_reason) == ("ana", "The texts are wrong.")
    text = answer.content.decode()
    assert "It is paused: nothing more of it leaves" in text
    assert "by ana. The texts are wrong." in text
    assert "(Paris time, UTC" in text
    assert "Resume sending" in text


@pytest.mark.parametrize("kind", KINDS)
def test_resuming_shows_what_is_overdue_and_asks(kind):
    target, client = targets()[kind], signed_in()
    stop(target)

    text = client.get(page("resume", kind, target)).content.decode()

    assert "<strong>2 messages</strong> should have left by now" in text
    for words in ("Send them now", "spread evenly", "Skip them"):
        assert words in text
    assert not INLINE.search(text)


@pytest.mark.parametrize("kind", KINDS)
def test_resuming_does_as_chosen(kind):
    target, client = targets()[kind], signed_in()
    stop(target)

    answer = client.post(page("resume", kind, target), {"choice": "skip"}, follow=True)

    assert "2 overdue messages were skipped" in answer.content.decode()
    assert states() == {"cancelled": 2}
    target.refresh_from_db()
    assert target.paused_at is None


def test_resuming_wants_a_choice():
    channel, client = targets()["channel"], signed_in()
    stop(channel)

    text = client.post(page("resume", "channel", channel), {}).content.decode()

    assert "Say what becomes of the messages that are overdue." in text
    assert Channel.objects.get().paused_at


def test_spreading_wants_its_minutes():
    channel, client = targets()["channel"], signed_in()
    stop(channel)

    text = client.post(page("resume", "channel", channel), {"choice": "spread", "minutes": ""}).content.decode()

    assert "Say over how many minutes they are spread." in text


def test_spreading_says_when_the_last_leaves():
    channel, client = targets()["channel"], signed_in()
    stop(channel)

    answer = client.post(page("resume", "channel", channel), {"choice": "spread", "minutes": "20"}, follow=True)

    assert "the last of the overdue messages begin to leave at this time" in answer.content.decode()


def test_with_nothing_overdue_it_asks_nothing():
    channel, client = make_channel(), signed_in()
    stop(channel)

    assert "Nothing is overdue" in client.get(page("resume", "channel", channel)).content.decode()
    client.post(page("resume", "channel", channel))

    assert Channel.objects.get().paused_at is None


def test_what_has_no_recipients_yet_is_estimated():
    touchpoint, client = due_now(), signed_in()
    planned = make_touchpoint(
        campaign=touchpoint.campaign, channel=touchpoint.channel, due_at=timezone.now() - timedelta(minutes=5)
    )
    stop(planned)

    text = client.get(page("resume", "touchpoint", planned)).content.decode()

    assert "about 2" in text


def test_what_is_past_its_use_is_said_to_be_missed():
    touchpoint, client = due_now(), signed_in()
    stop(touchpoint)
    Touchpoint.objects.update(useful_until=timezone.now() - timedelta(minutes=1))

    text = client.get(page("resume", "touchpoint", touchpoint)).content.decode()
    client.post(page("resume", "touchpoint", touchpoint), {"choice": "now"})

    assert "1 touchpoint is of no use any more: it is missed" in text
    assert set(Delivery.objects.values_list("state", "reason")) == {("expired", "paused")}


def test_another_pause_above_it_is_named():
    touchpoint, client = due_now(), signed_in()
    stop(touchpoint)
    stop(touchpoint.channel, reason="The provider asked for it.")

    text = client.get(page("resume", "touchpoint", touchpoint)).content.decode()

    assert "The provider asked for it. It stays paused by that" in text


def test_who_may_only_look_cannot_pause(client):
    viewer = make_user(is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(viewer)

    for kind, target in targets().items():
        assert client.post(page("pause", kind, target)).status_code == 403
    assert not Campaign.objects.exclude(paused_at=None).exists()


def test_strangers_are_asked_to_sign_in(client):
    assert client.get(page("pause", "channel", make_channel())).status_code == 302


def test_it_leads_back_to_pages_of_ours_only():
    channel, client = make_channel(), signed_in()

    answer = client.post(page("pause", "channel", channel) + "?next=https://evil.example/")

    assert answer["Location"] == f"/admin/channels/channel/{channel.pk}/change/"


def test_the_window_shows_what_is_paused_and_the_way_out():
    touchpoint, client = due_now(), signed_in()
    window = f"/admin/windows/maintenancewindow/{touchpoint.campaign.window_id}/change/"
    assert page("pause", "campaign", touchpoint.campaign) in client.get(window).content.decode()
    stop(touchpoint)

    text = client.get(window).content.decode()

    assert '<span class="badge warn">Paused</span>' in text
    assert page("resume", "touchpoint", touchpoint) in text


def test_the_live_page_shows_what_is_paused():
    touchpoint, client = due_now(), signed_in()
    stop(touchpoint.channel)

    text = client.get(reverse("dashboard:live", args=[touchpoint.campaign_id])).content.decode()

    assert "The texts are wrong." in text
    assert '<span class="state state-warn">Paused</span>' in text


def test_the_strip_shows_it_on_every_page():
    stop(due_now().campaign)

    text = signed_in().get("/admin/").content.decode()

    assert "Paused: Database upgrade, since" in text


def test_the_delivery_log_says_that_it_is_paused():
    stop(due_now().campaign)
    client = signed_in()

    listed = client.get("/admin/delivery/delivery/").content.decode()
    shown = client.get(f"/admin/delivery/delivery/{Delivery.objects.first().pk}/change/").content.decode()

    assert "Sending is paused." in listed
    assert "Paused: Database upgrade, since" in shown


def test_a_touchpoint_that_is_over_offers_no_pause():
    touchpoint, client = make_touchpoint(state="sent", due_at=NOW), signed_in()

    text = client.get(f"/admin/windows/maintenancewindow/{touchpoint.campaign.window_id}/change/").content.decode()

    assert "/pause/" not in text


class TestTheTable:
    """What becomes of each touchpoint stands beforehand, as on every other deed."""

    def rows(self, kind, target):
        held = signed_in().get(page("pause", kind, target)).context["held"]
        return [(row.label, row.effect.window, row.effect.moment) for row in held.rows]

    def test_says_of_a_campaign_what_waits_and_what_stays_as_it_is(self):
        touchpoint = due_now()
        campaign = touchpoint.campaign
        make_touchpoint(campaign=campaign, step_key="sent", state="sent", first_sent_at=NOW)
        make_touchpoint(campaign=campaign, step_key="stopped", paused_at=NOW)
        make_touchpoint(campaign=campaign, step_key="elsewhere", channel=make_channel(name="Resting", paused_at=NOW))

        found = {(label, moment) for label, _window, moment in self.rows("campaign", campaign)}

        assert found == {
            ("Held back", touchpoint.step_key),
            ("Sent, still true", "sent"),
            ("Paused", "stopped"),
            ("Paused", "elsewhere"),
        }

    def test_says_of_a_touchpoint_that_the_others_leave_as_planned(self):
        touchpoint = due_now()
        make_touchpoint(campaign=touchpoint.campaign, step_key="other")
        found = {(label, moment) for label, _window, moment in self.rows("touchpoint", touchpoint)}
        assert found == {("Held back", touchpoint.step_key), ("Unchanged", "other")}

    def test_says_of_a_channel_which_windows_wait(self):
        touchpoint = due_now()
        other = make_campaign(window=make_window(title="Move of the racks"))
        make_touchpoint(campaign=other, channel=touchpoint.channel)
        make_touchpoint(campaign=other, step_key="by another")
        found = {(label, window) for label, window, _moment in self.rows("channel", touchpoint.channel)}
        assert found == {("Held back", str(touchpoint.campaign.window)), ("Held back", "Move of the racks")}

    def test_names_the_nearest_ones_of_a_channel_and_counts_the_rest(self, monkeypatch):
        monkeypatch.setattr("apps.delivery.held_rows.MOST_TOUCHPOINTS", 2)
        channel = make_channel()
        campaign = make_campaign()
        for day in (3, 1, 2):
            make_touchpoint(campaign=campaign, channel=channel, step_key=f"day-{day}", due_at=NOW + timedelta(days=day))
        answer = signed_in().get(page("pause", "channel", channel))
        assert [row.effect.moment for row in answer.context["held"].rows] == ["day-1", "day-2"]
        assert "1 later touchpoint by this channel waits as well" in answer.content.decode()

    @pytest.mark.parametrize("kind", ["campaign", "channel"])
    def test_costs_the_same_whatever_the_number_of_recipients(self, kind):
        target, client = targets()[kind], signed_in()
        with CaptureQueriesContext(connection) as few:
            client.get(page("pause", kind, target))
        for number in range(20):
            make_touchpoint(campaign=Campaign.objects.get(), channel=Channel.objects.first(), step_key=f"more-{number}")
        with CaptureQueriesContext(connection) as many:
            client.get(page("pause", kind, target))
        assert len(many) == len(few)
        about_people = [query["sql"] for query in many if "audiences_contact" in query["sql"]]
        assert about_people == []
