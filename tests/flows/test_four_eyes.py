"""What a second person approved leaves, and nothing else: from the request to the edit at the last moment."""

from datetime import timedelta

import pytest
from django.core import mail

from apps.accounts.services import record
from apps.audiences.models import Segment
from apps.campaigns import services as campaigns
from apps.campaigns.approval import verbs
from apps.campaigns.approval.changes import differences
from apps.campaigns.approval.contents import contents_of
from apps.campaigns.approval.holding import hold_back_edited, let_go
from apps.campaigns.models import Approval, ApprovalState, Campaign, MessageTemplate, Step, Touchpoint, TouchpointState
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import journal, steering
from apps.delivery.expand import expand_touchpoint
from apps.delivery.models import Delivery
from apps.delivery.steering import Choice
from apps.windows.models import WindowStatus
from apps.windows.services import WindowError, edit_texts
from tests.accounts.people import make_member
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_channel,
    make_contact,
    make_playbook,
    make_segment,
    make_step,
    make_template,
    make_window,
)

from .test_engine import broken, move, tick, told

pytestmark = pytest.mark.django_db

LATER = NOW + HOUR


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    MemoryTransport.reset()
    monkeypatch.setattr(journal, "_away_until", float("inf"))
    yield
    MemoryTransport.reset()


@pytest.fixture
def ana():
    return make_member("planner", username="ana")


@pytest.fixture
def ben():
    return make_member("approver", username="ben")


def drafted(ana, *, requires_approval=True):
    """Ana's draft: announced to two people, and a reminder a day before the start."""
    for key in ("announce", "reminder", "moved"):
        make_template(content_key=key, subject=key + " {{ window.times }}")
    make_contact()
    make_contact()
    cell = {"playbook": make_playbook(), "channel": make_channel(), "segment": make_segment()}
    make_step(**cell, useful_for=DAY)
    make_step(**cell, key="t-24h", anchor="start", offset=-24 * HOUR, content_key="reminder")
    window = make_window(starts_at=NOW + 10 * DAY, status=WindowStatus.DRAFT, revision=0, scheduled_at=None)
    campaign = campaigns.open_campaign(window, playbook=cell["playbook"], owner=ana, actor=ana, now=NOW)
    Campaign.objects.filter(pk=campaign.pk).update(requires_approval=requires_approval)
    return current(campaign)


def current(campaign):
    return Campaign.objects.select_related("window", "playbook", "owner").get(pk=campaign.pk)


def approved(campaign, ana, ben, *, now=NOW):
    approval = verbs.ask_approval(campaign, approver=ben, note="", actor=ana, now=now)
    verbs.approve(approval, seen=contents_of(current(campaign)).digest, actor=ben, now=now)
    return current(campaign)


def released(ana, ben):
    return current(campaigns.release(approved(drafted(ana), ana, ben), actor=ana, now=NOW))


def edit_text(key="reminder", **fields):
    row = MessageTemplate.objects.get(content_key=key)
    for name, value in (fields or {"body": "Another text."}).items():
        setattr(row, name, value)
    row.save()


def take_out(campaign, step_key):
    step = Step.objects.get(key=step_key)
    cell = {"segment": step.segment, "channel": step.channel, "is_on": False, "decided_at": LATER}
    campaign.hand_made_cells.create(step_key=step_key, **cell)


def is_held(campaign):
    return current(campaign).unapproved_since is not None


def test_nothing_is_scheduled_before_a_second_person_has_approved_it(ana, ben):
    campaign = drafted(ana)
    with pytest.raises(WindowError, match="needs the approval of a second person"):
        campaigns.release(campaign, actor=ana, now=NOW)
    campaigns.release(approved(campaign, ana, ben), actor=ana, now=NOW)
    tick(NOW)
    assert len(told("announce")) == 2


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda campaign: edit_text(), id="a text"),
        pytest.param(lambda campaign: edit_text("announce", subject="Other"), id="a subject"),
        pytest.param(lambda campaign: Segment.objects.update(rule={"field": "language", "op": "is", "value": "fr"}), id="a rule"),
        pytest.param(lambda campaign: Step.objects.filter(key="t-24h").update(offset=-HOUR), id="a time of the plan"),
        pytest.param(lambda campaign: Step.objects.filter(key="t-24h").delete(), id="a moment less"),
        pytest.param(lambda campaign: Step.objects.update(is_mandatory=True), id="who is passed over"),
        pytest.param(lambda campaign: make_template(content_key="announce", language="fr"), id="a further language"),
        pytest.param(
            lambda campaign: edit_texts(campaign.window, actor=None, now=LATER, reason="Other."), id="the window's words"
        ),
        pytest.param(lambda campaign: campaign.window.services.clear(), id="the services"),
        pytest.param(lambda campaign: take_out(campaign, "t-24h"), id="a cell by hand"),
        pytest.param(lambda campaign: MessageTemplate.objects.update(archived_at=LATER), id="a text out of use"),
    ],
)
def test_any_edit_of_what_leaves_takes_the_approval_away(edit, ana, ben):
    campaign = approved(drafted(ana), ana, ben)
    edit(campaign)
    with pytest.raises(WindowError, match="needs an approval anew"):
        campaigns.release(current(campaign), actor=ana, now=LATER)


def test_what_recipients_do_not_notice_leaves_the_approval_alone(ana, ben):
    campaign = approved(drafted(ana), ana, ben)
    make_template(content_key="of-another-plan")
    make_contact()
    campaign.playbook.name = "Another name"
    campaign.playbook.save()
    campaigns.release(current(campaign), actor=ana, now=LATER)


def test_after_the_release_an_edit_holds_back_what_has_not_left(ana, ben):
    campaign = released(ana, ben)
    tick(NOW)
    edit_text()
    assert is_held(campaign)
    tick(NOW + 9 * DAY)
    assert told("reminder") == []
    assert broken(NOW + 9 * DAY) == []


@pytest.mark.parametrize(("step_key", "holds"), [("t-24h", True), ("during", False)])
def test_own_words_of_a_touchpoint_need_approval_but_not_those_of_an_update(step_key, holds, ana, ben):
    campaign = drafted(ana)
    make_template(content_key="update")
    column = Step.objects.get(key="t-24h")
    update = {"key": "during", "anchor": "during", "repeats_by_cadence": True, "content_key": "update"}
    make_step(campaign.playbook, channel=column.channel, segment=column.segment, **update)
    campaigns.release(approved(campaign, ana, ben), actor=ana, now=NOW)
    touchpoint = Touchpoint.objects.filter(step_key=step_key).first()
    touchpoint.texts.create(language="en", subject="Own", body="Own words.")
    assert is_held(campaign) is holds


def test_an_edit_that_no_door_has_told_is_found_by_the_sweep(ana, ben):
    campaign = released(ana, ben)
    MessageTemplate.objects.filter(content_key="reminder").update(body="Another text.")
    assert not is_held(campaign)
    assert hold_back_edited(LATER) == 1
    assert is_held(campaign)
    assert hold_back_edited(LATER) == 0


def test_an_edit_that_even_the_sweep_has_missed_is_found_before_recipients_are_written(ana, ben):
    campaign = released(ana, ben)
    MessageTemplate.objects.filter(content_key="announce").update(body="Another text.")
    tick(NOW)
    assert is_held(campaign)
    assert told("announce") == []
    assert not Delivery.objects.exists()


def test_running_the_work_needs_no_approval(ana, ben):
    campaign = released(ana, ben)
    tick(NOW)
    move(campaign, now=LATER)
    assert not is_held(campaign)
    assert hold_back_edited(LATER) == 0
    tick(LATER)
    assert len(told("moved")) == 2


def test_owner_and_approver_are_told_what_was_edited_and_by_whom(ana, ben, django_capture_on_commit_callbacks):
    released(ana, ben)
    mail.outbox.clear()
    template = MessageTemplate.objects.get(content_key="reminder")
    record("template.changed", subject=template, actor=ana, now=LATER)
    with django_capture_on_commit_callbacks(execute=True):
        edit_text()
    assert sorted(message.to[0] for message in mail.outbox) == ["approver@acme.example", "planner@acme.example"]
    assert "The text reminder (en): edited by ana" in mail.outbox[0].body
    assert "https://preavis.test/admin/windows/" in mail.outbox[0].body


def test_a_cell_decided_by_hand_names_who_decided_it(ana, ben):
    campaign = approved(drafted(ana), ana, ben)
    take_out(campaign, "t-24h")
    record("campaign.cells_changed", subject=campaign, actor=ana, now=LATER)
    (change,) = differences(campaign.approvals.get(), campaign)
    assert change.sentence("UTC").startswith("The plan: t-24h")
    assert "edited by ana" in change.sentence("UTC")


def test_nobody_lets_it_go_on_without_a_new_approval(ana, ben):
    campaign = released(ana, ben)
    edit_text()
    assert steering.resume(current(campaign), choice=Choice.NOW, actor=ana, now=LATER) is None
    assert current(campaign).paused_at


def test_approved_anew_it_goes_on_by_itself(ana, ben):
    campaign = released(ana, ben)
    tick(NOW)
    edit_text()
    held = approved(current(campaign), ana, ben, now=LATER)
    assert let_go(held, actor=ben, now=LATER).overdue == 0
    tick(NOW + 9 * DAY)
    assert len(told("reminder")) == 2


def test_what_has_become_overdue_meanwhile_waits_for_a_planner_to_decide(ana, ben):
    campaign = released(ana, ben)
    edit_text("announce")
    held = approved(current(campaign), ana, ben, now=LATER)
    assert let_go(held, actor=ben, now=LATER).overdue == 1
    tick(LATER)
    assert told("announce") == []
    assert steering.resume(current(campaign), choice=Choice.NOW, actor=ana, now=LATER)
    tick(LATER)
    assert len(told("announce")) == 2


def test_what_loses_its_use_while_it_is_held_back_says_so(ana, ben):
    campaign = released(ana, ben)
    edit_text("announce")
    tick(NOW + 2 * DAY)
    row = Touchpoint.objects.get(campaign=campaign, step_key="announce")
    assert (row.state, row.reason) == (TouchpointState.MISSED, "paused")


def test_a_pause_by_a_person_is_not_ended_by_an_approval(ana, ben):
    campaign = released(ana, ben)
    steering.pause(campaign, reason="Wait.", actor=ana, now=NOW)
    edit_text()
    held = approved(current(campaign), ana, ben, now=LATER)
    let_go(held, actor=ben, now=LATER)
    assert (current(campaign).paused_by, current(campaign).unapproved_since) == (ana, None)


def test_campaigns_without_four_eyes_are_left_alone(ana, ben):
    campaign = drafted(ana)
    verbs.require_approval(campaign, required=False, actor=ben, now=NOW)
    campaigns.release(current(campaign), actor=ana, now=NOW)
    edit_text()
    assert not is_held(campaign)


def test_messages_written_before_it_became_a_draft_again_do_not_leave(ana):
    campaign = drafted(ana, requires_approval=False)
    campaigns.release(campaign, actor=ana, now=NOW)
    announcement = campaign.touchpoints.get(step_key="announce")
    expand_touchpoint(announcement.pk, now=NOW)
    campaigns.withdraw(current(campaign), actor=ana, now=NOW + timedelta(seconds=1))
    tick(NOW + timedelta(minutes=1))
    assert told("announce") == []
    campaigns.release(current(campaign), actor=ana, now=LATER)
    tick(LATER)
    assert len(told("announce")) == 2
    assert broken(LATER) == []


def test_one_approval_stands_and_earlier_ones_no_longer_do(ana, ben):
    campaign = drafted(ana)
    approved(campaign, ana, ben)
    approved(campaign, ana, ben, now=LATER)
    assert sorted(Approval.objects.values_list("state", flat=True)) == [ApprovalState.APPROVED, ApprovalState.VOID]
