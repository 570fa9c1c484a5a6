"""Sample data: in with one button where there is nothing, to nobody, and out again without a trace of it."""

import pytest
from django.apps import apps
from django.db.models import Q
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import AuditEvent
from apps.audiences.models import Contact
from apps.campaigns import services as campaigns
from apps.campaigns.approval.verbs import ask_approval
from apps.campaigns.builtin.loading import load_builtin
from apps.campaigns.matrix.cells import Wishes
from apps.campaigns.matrix.writing import change_cells
from apps.campaigns.models import Campaign, Part, Playbook, Reason
from apps.campaigns.people import name_people
from apps.campaigns.planner import CellKey
from apps.channels.models import Channel, ChannelKind
from apps.dashboard.sample.basics import make_basics
from apps.dashboard.sample.services import NoSample, load_sample, remove_sample
from apps.delivery.expand import Expanded, expand_touchpoint
from apps.delivery.invariants import INVARIANTS
from apps.delivery.models import Delivery, Installation
from apps.delivery.policy import Halt
from apps.tracking.models import Event
from apps.windows.models import MaintenanceWindow, Service
from tests.accounts.people import client_of, make_member
from tests.factories import (
    make_campaign,
    make_channel,
    make_contact,
    make_planner,
    make_playbook,
    make_segment,
    make_step,
    make_window,
)

pytestmark = pytest.mark.django_db
LOAD, REMOVE = reverse("dashboard:load-sample"), reverse("dashboard:remove-sample")


@pytest.fixture
def ana():
    return make_planner(username="ana")


@pytest.fixture
def client(ana):
    client = Client()
    client.force_login(ana)
    return client


def rows():
    """How many of each, but for the trail, which only grows."""
    models = [model for model in apps.get_models(include_auto_created=True) if model is not AuditEvent]
    return {model._meta.label: model._base_manager.count() for model in models if not model._meta.proxy}


def test_what_was_loaded_is_removed_to_the_last_row(ana):
    load_builtin(now=timezone.now())
    before = rows()

    load_sample(actor=ana, now=timezone.now())
    assert Delivery.objects.filter(state="sent").count() > 100
    assert Event.objects.exists()
    assert remove_sample(actor=ana, now=timezone.now()) == []

    assert rows() == before


def test_nothing_of_it_can_reach_anybody(ana):
    load_sample(actor=ana, now=timezone.now())

    assert not Contact.objects.filter(~Q(phone="") | ~Q(email__endswith="@sample.example")).exists()
    sending = Channel.objects.filter(pk__in=Campaign.objects.values("touchpoints__channel"))
    assert {channel.kind for channel in sending} == {ChannelKind.MEMORY}
    assert not MaintenanceWindow.objects.public().exists()
    assert not MaintenanceWindow.objects.filter(starts_automatically=True).exists()


def test_its_ledger_is_sound(ana):
    now = timezone.now()
    load_sample(actor=ana, now=now)

    assert not [invariant.name for invariant in INVARIANTS if list(invariant.offenders(now))]


def test_what_somebody_has_made_stays_with_what_it_needs(ana, client):
    now = timezone.now()
    load_sample(actor=ana, now=now)
    shop = Service.objects.get(slug="sample-shop")
    window = make_window(title="Our own", services=[shop], status="draft", scheduled_at=None)
    own = campaigns.open_campaign(window, playbook=Playbook.objects.get(slug="sample"), owner=ana, actor=ana, now=now)

    text = client.post(REMOVE, follow=True).content.decode()

    own.refresh_from_db()
    assert list(own.window.services.all()) == [shop]
    assert own.playbook.steps.exists()
    assert list(MaintenanceWindow.objects.all()) == [window]
    assert "These stay, since something that you have made needs them: Sample, " in text
    assert not Service.objects.filter(slug="sample-portal").exists()
    assert not Contact.objects.exists()


def test_an_administrator_loads_and_removes_it_from_the_first_page(client):
    assert LOAD in client.get("/admin/").content.decode()
    assert "Nothing of it is sent to anybody" in client.get(LOAD).content.decode()

    text = client.post(LOAD, follow=True).content.decode()

    assert "Sample: security update of the portal" in text
    assert REMOVE in text
    assert LOAD not in client.post(REMOVE, follow=True).content.decode().split("No window is planned")[0]
    assert [event.verb for event in AuditEvent.objects.filter(verb__startswith="database.").order_by("pk")] == [
        "database.sample_loaded",
        "database.sample_removed",
    ]


def test_others_than_administrators_are_offered_nothing():
    client = client_of(make_member("planner"))
    assert "Load sample data" not in client.get("/admin/").content.decode()
    assert client.post(LOAD).status_code == 403
    assert client.post(REMOVE).status_code == 403
    assert not MaintenanceWindow.objects.exists()


def test_among_other_windows_there_is_no_sample(client):
    make_campaign()
    text = client.post(LOAD).content.decode()
    assert "There are windows already" in text
    assert '<button type="submit" class="button"' not in text
    assert MaintenanceWindow.objects.count() == 1


@override_settings(APPROVAL_REQUIRED=True)
def test_where_each_campaign_needs_an_approval_there_is_no_sample(client):
    assert "cannot have" in client.post(LOAD).content.decode()
    assert not MaintenanceWindow.objects.exists()


def test_where_sending_is_halted_there_is_no_sample(ana):
    Installation.objects.create(home="elsewhere", halted_at=timezone.now(), halt=Halt.COPY)

    with pytest.raises(NoSample, match="end the halt"):
        load_sample(actor=ana, now=timezone.now())


def test_while_what_is_left_of_an_earlier_sample_is_paused_there_is_no_sample(ana):
    make_basics(now=timezone.now())
    Channel.objects.filter(slug="sample").update(paused_at=timezone.now())

    with pytest.raises(NoSample, match="or the pause"):
        load_sample(actor=ana, now=timezone.now())


@pytest.mark.parametrize("names", [{"name": "Sample", "slug": "ours"}, {"name": "Ours", "slug": "sample"}])
def test_a_playbook_of_your_own_by_that_name_is_neither_followed_nor_removed(ana, client, names):
    step = make_step(make_playbook(**names), channel=make_channel(kind=ChannelKind.EMAIL))
    make_contact(email="zoe@example.org")

    assert f"has already: {names['name']}" in client.post(LOAD).content.decode()

    assert not Delivery.objects.exists()
    assert remove_sample(actor=ana, now=timezone.now()) == [names["name"]]
    assert step.playbook.steps.exists()


def test_a_playbook_of_the_sample_that_you_have_extended_stays(ana):
    load_sample(actor=ana, now=timezone.now())
    playbook = Playbook.objects.get(slug="sample")
    make_step(playbook, key="ours", channel=make_channel(kind=ChannelKind.EMAIL))

    assert "Sample" in remove_sample(actor=ana, now=timezone.now())
    assert playbook.steps.filter(key="ours").exists()


def test_whatever_is_added_to_its_plan_reaches_nobody(ana):
    now = timezone.now()
    load_sample(actor=ana, now=now)
    make_contact(email="zoe@example.org")
    mail, everybody = make_channel(kind=ChannelKind.EMAIL), make_segment()
    campaign = Campaign.objects.get(window__status="scheduled")
    moment = campaign.touchpoints.filter(state="planned").first()
    cell = CellKey(moment.step_key, everybody.pk, mail.pk)
    change_cells(campaign, Wishes(cells={cell}, on={cell}, owners={}), actor=ana, now=now)

    added = campaign.touchpoints.get(channel=mail)
    assert expand_touchpoint(added.pk, now=added.expand_at) is Expanded.NOBODY

    added.refresh_from_db()
    assert (added.state, added.reason) == ("skipped", Reason.SAMPLE)
    assert not Delivery.objects.filter(address="zoe@example.org").exists()


def test_colleagues_named_in_it_get_no_mail(ana, mailoutbox, django_capture_on_commit_callbacks):
    now = timezone.now()
    load_sample(actor=ana, now=now)
    ben, dan = make_member("approver", email="ben@acme.example"), make_member("viewer", email="dan@acme.example")
    draft, announced = (Campaign.objects.get(window__status=status) for status in ("draft", "scheduled"))
    with django_capture_on_commit_callbacks(execute=True):
        for campaign in (draft, announced):
            name_people(campaign, owner=ben, parts={Part.INFORMED: [dan]}, actor=ana, now=now)
        ask_approval(draft, approver=ben, note="", actor=ana, now=now)
        campaigns.release(draft, actor=ana, now=now)
        campaigns.cancel(announced, reason="No longer needed.", actor=ana, now=now)
    assert mailoutbox == []


def test_message_of_it_is_tested_by_no_channel_that_hands_it_over(ana, client):
    now = timezone.now()
    load_sample(actor=ana, now=now)
    announced = Campaign.objects.get(window__status="scheduled")
    place = make_channel(kind=ChannelKind.CHAT)
    moment = announced.touchpoints.filter(state="planned").first()
    cell = CellKey(moment.step_key, None, place.pk)
    change_cells(announced, Wishes(cells={cell}, on={cell}, owners={}), actor=ana, now=now)
    spot = f"{moment.step_key}.0..{place.pk}"
    address = reverse("admin:windows_maintenancewindow_preview", args=[announced.window_id]) + f"?spot={spot}"

    text = client.post(address, {"is_public": "on"}).content.decode()

    assert "nothing of it leaves by a channel that hands messages over" in text
    assert not AuditEvent.objects.filter(verb="channel.tested").exists()
