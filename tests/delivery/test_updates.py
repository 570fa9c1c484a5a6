"""The coming update: its own words, sent before its time, held and let go."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from apps.campaigns import services
from apps.campaigns.models import Anchor, Campaign, MessageTemplate, Touchpoint, TouchpointText
from apps.campaigns.texts import edit_text
from apps.channels.transports.memory import MemoryTransport
from apps.delivery.clock import database_now
from apps.delivery.expand import expand_touchpoint
from apps.delivery.hastening import coming_update, send_now
from apps.delivery.holding import hold_updates, release_updates
from apps.delivery.models import Delivery
from apps.delivery.pauses import pauses, pauses_of
from apps.delivery.policy import FIRST_PORTION
from apps.delivery.steering import Choice
from apps.windows.models import MaintenanceWindow
from tests.accounts.people import client_of, make_member
from tests.factories import (
    HOUR,
    NOW,
    make_channel,
    make_contact,
    make_planner,
    make_playbook,
    make_segment,
    make_step,
    make_template,
    make_window,
)

from .engine import work

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def running(*, now=NOW):
    """Four hours of work that began just now, with an update every hour to two people."""
    playbook, segment, channel = make_playbook(), make_segment(), make_channel("memory", name="E-mail")
    make_step(
        playbook, key="update", anchor=Anchor.DURING, repeat_every=HOUR, content_key="update", channel=channel, segment=segment
    )
    make_template(content_key="update", subject="Update", body="We are at it: {{ window.times }}.")
    make_contact(email="ada@example.org", language="en")
    make_contact(email="bob@example.org", language="fr")
    window = make_window(starts_at=now, duration=4 * HOUR, status="draft", scheduled_at=None, revision=0)
    campaign = services.open_campaign(window, playbook=playbook, owner=None, actor=None, now=now - HOUR)
    services.release(campaign, actor=None, now=now - HOUR)
    services.start(Campaign.objects.get(), actor=None, now=now)
    return Campaign.objects.select_related("window", "playbook").get()


def updates():
    return list(Touchpoint.objects.filter(step_key="update").order_by("due_at"))


def test_the_coming_update_is_the_next_in_time():
    campaign = running()

    assert [row.due_at for row in coming_update(campaign)] == [NOW + HOUR]


def test_sent_now_it_is_due_now_and_the_next_stays():
    campaign = running()
    before = [row.due_at for row in updates()]

    assert send_now(campaign, step_key="update", occurrence=0, actor=None, now=NOW + MINUTE)

    assert [row.due_at for row in updates()] == [NOW + MINUTE, *before[1:]]


def test_the_plan_does_not_ask_again_for_what_was_sent_before_its_time():
    campaign = running()
    send_now(campaign, step_key="update", occurrence=0, actor=None, now=NOW + MINUTE)
    first = updates()[0]
    expand_touchpoint(first.pk, now=NOW + MINUTE)
    work(NOW + MINUTE)
    services.replan(campaign, now=NOW + 2 * MINUTE)
    services.extend(campaign, ends_at=NOW + 5 * HOUR, reason="More", actor=None, now=NOW + 3 * MINUTE)

    kept = [row.due_at for row in updates() if row.state != "skipped"]
    assert kept == [NOW + MINUTE, NOW + 2 * HOUR, NOW + 3 * HOUR, NOW + 4 * HOUR]


def test_what_is_written_already_leaves_at_once_too():
    campaign = running()
    first = updates()[0]
    expand_touchpoint(first.pk, now=NOW + 55 * MINUTE)
    send_now(campaign, step_key="update", occurrence=0, actor=None, now=NOW + 56 * MINUTE)
    work(NOW + 56 * MINUTE)

    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_what_is_leaving_already_is_not_brought_forward():
    campaign = running()
    Touchpoint.objects.filter(pk=updates()[0].pk).update(state="sending", expanded_at=NOW)

    assert send_now(campaign, step_key="update", occurrence=0, actor=None, now=NOW + MINUTE) == []


def test_own_words_are_what_people_read():
    running()
    first = updates()[0]
    edit_text([first], language="en", subject="Half way", body="Half of it is done.", actor=None, now=NOW)
    expand_touchpoint(first.pk, now=NOW + 55 * MINUTE)
    MemoryTransport.outbox.clear()
    work(NOW + HOUR)

    assert {message.subject for message in MemoryTransport.outbox} == {"Half way", "Update"}


def test_before_the_work_begins_a_text_is_edited_as_content(ana):
    campaign = running()
    MaintenanceWindow.objects.update(status="scheduled", actual_started_at=None)

    assert edit_text(updates(), language="en", subject="", body="Own.", actor=None, now=NOW) == 0
    assert send_now(campaign, step_key="update", occurrence=0, actor=None, now=NOW) == []
    assert "the work has not begun" in ana.get(page_of(campaign)).content.decode()


def test_of_what_has_begun_to_leave_nobody_changes_the_words():
    running()
    first = updates()[0]
    Touchpoint.objects.filter(pk=first.pk).update(state="sending", expanded_at=NOW)

    assert edit_text([first], language="en", subject="", body="Late.", actor=None, now=NOW) == 0
    assert not TouchpointText.objects.exists()


def test_held_updates_stay_and_everything_else_goes():
    campaign = running()
    assert hold_updates(campaign, reason="Unclear", actor=None, now=NOW)

    assert not Touchpoint.objects.due_for_expansion(NOW + 4 * HOUR).filter(step_key="update").exists()
    assert not hold_updates(campaign, reason="Again", actor=None, now=NOW)


def test_updates_planned_while_they_are_held_wait_with_the_others():
    campaign = running()
    hold_updates(campaign, reason="Unclear", actor=None, now=NOW)
    services.extend(Campaign.objects.get(), ends_at=NOW + 6 * HOUR, reason="More", actor=None, now=NOW + MINUTE)

    waiting = [row for row in updates() if row.state in ("planned", "due")]
    assert len(waiting) >= 4
    assert all(row.paused_at for row in waiting)


def test_held_updates_are_said_once():
    campaign = running()
    hold_updates(campaign, reason="Unclear", actor=None, now=NOW)
    (pause,) = pauses()

    assert pause.kind == "updates"
    assert "Unclear" in pause.sentence("UTC")
    assert [each.kind for each in pauses_of(campaign)] == ["updates"]


def test_let_go_they_leave_at_their_times_again():
    campaign = running()
    hold_updates(campaign, reason="Unclear", actor=None, now=NOW)
    release_updates(Campaign.objects.get(), choice=Choice.NOW, actor=None, now=NOW + MINUTE)

    assert not Touchpoint.objects.paused().exists()
    assert Campaign.objects.get().updates_held_at is None


def test_one_that_was_paused_before_stays_paused():
    campaign = running()
    Touchpoint.objects.filter(pk=updates()[0].pk).update(paused_at=NOW - MINUTE)
    hold_updates(campaign, reason="Unclear", actor=None, now=NOW)
    release_updates(Campaign.objects.get(), choice=Choice.NOW, actor=None, now=NOW + MINUTE)

    assert [row.paused_at is not None for row in updates()] == [True, False, False]


def test_overdue_ones_are_skipped_where_that_was_chosen():
    campaign = running()
    hold_updates(campaign, reason="Unclear", actor=None, now=NOW)
    released = release_updates(Campaign.objects.get(), choice=Choice.SKIP, actor=None, now=NOW + HOUR + MINUTE)

    assert released.skipped == 1
    assert updates()[0].state == "skipped"


# --- the page -----------------------------------------------------------------------------------------------------------


def page_of(campaign):
    return reverse("delivery:update", args=[campaign.pk])


@pytest.fixture
def ana():
    client = Client()
    client.force_login(make_planner(username="ana"))
    return client


def posted(client, campaign, **changes):
    """What the page itself would post, with some of it changed."""
    page = client.get(page_of(campaign))
    values = {"moment": page.context["moment_key"]}
    for group in page.context["groups"]:
        for form in group.forms:
            values |= {form.add_prefix(name): form[name].value() for name in form.fields}
    (prefix,) = {form.prefix for group in page.context["groups"] for form in group.forms if form.language == "en"}
    named = {f"{prefix}-{name}": value for name, value in changes.items() if name in ("subject", "body", "mark")}
    return values | {name: value for name, value in changes.items() if f"{prefix}-{name}" not in named} | named


def test_page_saves_words_and_sends_them_now(ana):
    campaign = running(now=database_now())
    page = ana.get(page_of(campaign))
    assert "Save and send now: 2 messages" in page.content.decode()

    answer = ana.post(page_of(campaign), posted(ana, campaign, body="Half of it is done.", _send="1"), follow=True)

    assert TouchpointText.objects.get().body == "Half of it is done."
    assert "The update leaves now: 2 messages." in answer.content.decode()


def test_page_counts_all_people_of_an_update_that_is_written_in_part(ana, settings):
    settings.DELIVERY_BATCH_SIZE = 1
    for _ in range(FIRST_PORTION):
        make_contact()
    campaign = running(now=database_now())
    first = updates()[0]
    expand_touchpoint(first.pk, now=first.expand_at)

    assert ana.get(page_of(campaign)).context["total"] == FIRST_PORTION + 2


def test_page_refuses_a_variable_that_does_not_exist(ana):
    campaign = running(now=database_now())
    answer = ana.post(page_of(campaign), posted(ana, campaign, body="{{ window.tittle }}"))

    assert "there is no variable" in answer.content.decode()
    assert not TouchpointText.objects.exists()


def test_the_template_s_own_words_are_no_words_of_its_own(ana):
    campaign = running(now=database_now())
    ana.post(page_of(campaign), posted(ana, campaign, body="Own."))
    ana.post(page_of(campaign), posted(ana, campaign, body=MessageTemplate.objects.get().body))

    assert not TouchpointText.objects.exists()


def test_who_saved_meanwhile_is_named_and_not_overwritten(ana):
    campaign = running(now=database_now())
    mine = posted(ana, campaign, body="Mine.")
    ana.post(page_of(campaign), posted(ana, campaign, body="Theirs."))
    answer = ana.post(page_of(campaign), mine)

    assert "ana changed the text" in answer.content.decode()
    assert TouchpointText.objects.get().body == "Theirs."


def test_an_update_that_has_left_meanwhile_is_not_taken_for_the_next(ana):
    campaign = running(now=database_now())
    mine = posted(ana, campaign, body="Mine.", _send="1")
    Touchpoint.objects.filter(pk=updates()[0].pk).update(state="sent")
    answer = ana.post(page_of(campaign), mine)

    assert "has left, or was planned anew" in answer.content.decode()
    assert not TouchpointText.objects.exists()


def test_without_an_update_to_come_the_page_says_what_to_do(ana):
    campaign = running(now=database_now())
    Touchpoint.objects.update(state="sent")

    assert "No update is to come" in ana.get(page_of(campaign)).content.decode()


@pytest.mark.parametrize("name", ["update", "hold_updates", "release_updates"])
def test_who_may_only_look_steers_nothing(name):
    campaign = running()
    address = reverse(f"delivery:{name}", args=[campaign.pk])

    assert client_of(make_member("viewer")).post(address, {"reason": "x"}).status_code == 403


def test_holding_and_letting_go_by_their_pages(ana):
    campaign = running(now=database_now())
    text = ana.get(reverse("delivery:hold_updates", args=[campaign.pk])).content.decode()
    assert "Hold 3 updates" in text
    assert text.count(">held until somebody lets it go on<") == 3
    ana.post(reverse("delivery:hold_updates", args=[campaign.pk]), {"reason": "Unclear"})
    assert Touchpoint.objects.paused().count() == 3

    page = ana.get(reverse("delivery:resume", args=["updates", campaign.pk]))  # as the strip links to it
    assert "Unclear" in page.content.decode()
    ana.post(reverse("delivery:release_updates", args=[campaign.pk]))
    assert not Touchpoint.objects.paused().exists()
