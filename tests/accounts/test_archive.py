"""Nothing destructive by accident: what was used is archived, kept, left out of choices, and can be brought back."""

import re

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client

from apps.accounts.models import AuditEvent
from apps.audiences.models import Segment
from apps.campaigns.content.choice import choose, templates_for
from apps.campaigns.content.errors import ContentError
from apps.campaigns.models import MessageTemplate, Playbook, TouchpointState
from apps.channels.models import Channel
from apps.delivery.models import Delivery
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_contact,
    make_delivery,
    make_planner,
    make_playbook,
    make_segment,
    make_service,
    make_step,
    make_template,
    make_touchpoint,
)

pytestmark = pytest.mark.django_db

MAKERS = {
    "audiences.contact": make_contact,
    "audiences.segment": make_segment,
    "windows.service": make_service,
    "channels.channel": lambda: make_channel(is_enabled=False),
    "campaigns.playbook": make_playbook,
    "campaigns.messagetemplate": make_template,
}
# Actions that a list may offer, each with what it does; whoever adds one says so here.
ACTIONS = {
    "archive": "hides a row, deletes nothing",
    "restore": "brings it back",
    "retry": "sends again what failed, and says so",
    "lift_selected": "lets an address be used again, sends nothing",
    "arrived": "settles a doubt, after a page with its consequences",
    "not_arrived": "settles a doubt, after a page with its consequences",
    "repeat": "sends again, after a page with its consequences",
    "unknown": "settles a doubt, after a page with its consequences",
    "ask": "asks the provider, sends nothing",
}


@pytest.fixture
def client():
    client = Client()
    client.force_login(make_planner(username="ana", first_name="Ana"))
    return client


def page_of(row, page="change"):
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/{page}/"


def list_of(row):
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/"


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_it_is_archived_and_brought_back_from_its_own_page(client, make):
    row = make()
    assert client.post(page_of(row, "archive")).status_code == 302
    row.refresh_from_db()
    assert row.archived_at
    assert "Bring back into use" in client.get(page_of(row)).content.decode()
    client.post(page_of(row, "restore"))
    row.refresh_from_db()
    assert row.archived_at is None
    kind = row._meta.model_name
    assert [event.verb for event in AuditEvent.objects.order_by("pk")] == [f"{kind}.archived", f"{kind}.restored"]


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_it_is_never_deleted_and_its_page_says_why(client, make):
    row = make()
    assert client.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
    page = client.get(page_of(row)).content.decode()
    assert 'class="deletelink"' not in page
    assert "Archive it instead." in page


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_an_archived_one_is_hidden_unless_asked_for(client, make):
    row = make()
    type(row).objects.filter(pk=row.pk).update(archived_at=NOW)

    def found(**wanted):
        return [each.pk for each in client.get(list_of(row), wanted).context["cl"].result_list]

    assert (found(), found(archived="yes"), found(archived="all")) == ([], [row.pk], [row.pk])


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_list_whose_rows_are_all_archived_says_so_and_leads_to_them(client, make):
    row = make()
    type(row).objects.update(archived_at=NOW)
    page = client.get(list_of(row)).content.decode()
    (link,) = re.findall(r'<a class="button" href="(\?archived=yes)"', page)
    assert "All there is was archived." in page
    assert [each.pk for each in client.get(list_of(row) + link).context["cl"].result_list] == [row.pk]


def test_the_choice_of_archived_rows_fits_nothing_where_there_is_none(client):
    page = client.get(list_of(make_segment()), {"archived": "yes"}).content.decode()
    assert "Nothing fits this choice." in page


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_archiving_asks_first_and_only_on_a_post(client, make):
    row = make()
    assert client.get(page_of(row, "archive")).status_code == 200
    row.refresh_from_db()
    assert row.archived_at is None


@pytest.mark.parametrize("page", ["archive", "restore"])
def test_who_may_not_change_may_not_archive(page):
    stranger = Client()
    stranger.force_login(make_planner(username="cem", is_superuser=False))
    assert stranger.post(page_of(make_segment(), page)).status_code == 403


def test_a_segment_that_was_written_to_keeps_its_touchpoints(client):
    touchpoint = make_touchpoint()
    client.post(page_of(touchpoint.segment, "archive"))
    touchpoint.refresh_from_db()
    assert (touchpoint.state, touchpoint.segment.archived_at is None) == (TouchpointState.PLANNED, False)


def test_archived_ones_are_not_offered_but_stay_where_they_are_chosen(client):
    step = make_step(make_playbook())
    other = make_playbook()
    Segment.objects.update(archived_at=NOW)
    Channel.objects.update(archived_at=NOW)
    for playbook, is_offered in ((step.playbook, True), (other, False)):
        page = client.get(page_of(playbook)).content.decode()
        assert (f">{step.segment}</option>" in page, f">{step.channel}</option>" in page) == (is_offered, is_offered)


def test_an_archived_playbook_is_not_proposed_for_a_new_window(client):
    used, old = make_playbook(name="Present"), make_playbook(name="Outdated", archived_at=NOW)
    page = client.get("/admin/windows/maintenancewindow/add/").content.decode()
    assert used.name in page
    assert old.name not in page


def test_a_draft_whose_playbook_was_archived_meanwhile_still_opens_with_it(client):
    campaign = make_campaign(playbook=make_playbook(name="Outdated", archived_at=NOW), released_at=None)
    type(campaign.window).objects.update(status="draft")
    page = client.get(f"/admin/windows/maintenancewindow/{campaign.window_id}/draft/").content.decode()
    assert f'<option value="{campaign.playbook_id}" selected>Outdated</option>' in page


def test_the_default_playbook_stays_until_there_is_another(client):
    playbook = make_playbook(is_default=True)
    text = client.get(page_of(playbook, "archive")).content.decode()
    client.post(page_of(playbook, "archive"))
    client.post(list_of(playbook), {"action": "archive", "_selected_action": [playbook.pk]})
    assert "Make another playbook the default first." in text
    assert Playbook.objects.active().exists()


def test_a_channel_that_is_switched_on_is_not_archived(client):
    channel = make_channel()
    client.post(list_of(channel), {"action": "archive", "_selected_action": [channel.pk]})
    client.post(page_of(channel, "archive"))
    assert Channel.objects.active().exists()


def test_an_archived_text_gives_way_to_the_more_general_one(client):
    touchpoint = make_touchpoint()
    own, general = make_template(segment=touchpoint.segment), make_template()
    client.post(page_of(own, "archive"))
    assert choose(templates_for(touchpoint), touchpoint=touchpoint, language="en") == general


def test_the_last_text_of_what_is_still_to_leave_is_not_archived(client):
    touchpoint, template = make_touchpoint(), make_template()
    client.post(page_of(template, "archive"))
    client.post(list_of(template), {"action": "archive", "_selected_action": [template.pk]})
    assert MessageTemplate.objects.active().exists()
    type(touchpoint).objects.update(state="sent")
    client.post(page_of(template, "archive"))
    assert not MessageTemplate.objects.active().exists()
    with pytest.raises(ContentError):
        choose(templates_for(touchpoint), touchpoint=touchpoint, language="en")


def test_everything_that_was_sent_stands_whatever_a_planner_tries_to_delete(client):
    delivery = make_delivery(state="sent")
    touchpoint = delivery.touchpoint
    rows = (touchpoint.campaign.window, touchpoint.campaign.playbook, touchpoint.segment, touchpoint.channel, delivery.contact)
    for row in (*rows, delivery):
        assert client.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
    assert Delivery.objects.exists()


def test_every_action_of_a_list_is_known():
    offered = {
        name
        for page in admin.site._registry.values()
        for name in (getattr(each, "__name__", each) for each in page.actions or ())
    }
    assert offered <= ACTIONS.keys()


def test_what_planners_may_delete_has_no_rows_that_would_go_with_it_unseen():
    """Whatever an admin lets be deleted takes nothing along but what belongs to it alone."""
    cascades = set()
    request = type("Request", (), {"user": type("Anybody", (), {"has_perm": lambda *_: True, "is_superuser": True})()})()
    for model, page in admin.site._registry.items():
        if not page.has_delete_permission(request):
            continue
        for relation in model._meta.related_objects:
            if relation.on_delete is models.CASCADE:
                cascades.add(f"{model._meta.label_lower} ← {relation.related_model._meta.label_lower}")
    assert cascades == set()
