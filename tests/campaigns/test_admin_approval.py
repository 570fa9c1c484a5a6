import pytest
from django.core import mail
from django.utils import timezone

from apps.accounts.models import AuditEvent
from apps.campaigns import services
from apps.campaigns.approval import verbs
from apps.campaigns.approval.contents import contents_of
from apps.campaigns.models import Approval, ApprovalState, Campaign, MessageTemplate, Playbook
from apps.windows.models import MaintenanceWindow, WindowStatus
from apps.windows.services import edit_texts
from tests.accounts.people import client_of, make_member

from .admin_pages import LIST, deed_of, drafted, page_of

pytestmark = pytest.mark.django_db


class Cast:
    """Ana plans, Ben approves, Cem is a stranger who only looks."""

    def __init__(self):
        self.ana = make_member("planner", username="ana", first_name="Ana")
        self.ben = make_member("approver", username="ben", first_name="Ben")
        self.cem = make_member("viewer", username="cem")

    def campaign(self):
        campaign = drafted(client_of(self.ana))
        Campaign.objects.update(requires_approval=True)
        return campaign


@pytest.fixture
def cast():
    return Cast()


def page(campaign):
    return f"{LIST}{campaign.window_id}/approval/"


def ask(cast, campaign, **values):
    client = client_of(cast.ana)
    return client.post(page(campaign), {"_ask": "1", "ask-approver": cast.ben.pk, **values}, follow=True).content.decode()


def answer(user, campaign, deed="_approve", **values):
    client = client_of(user)
    shown = client.get(page(campaign))
    return client.post(page(campaign), {deed: "1", "digest": shown.context["digest"], **values}, follow=True)


def state():
    return Approval.objects.get().state


def test_asking_writes_to_the_approver_with_a_link(cast, django_capture_on_commit_callbacks):
    campaign = cast.campaign()
    with django_capture_on_commit_callbacks(execute=True):
        text = ask(cast, campaign, **{"ask-note": "Mind the French."})
    assert "Ben is asked to approve it." in text
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["approver@acme.example"], "To approve: Database upgrade")
    assert f"https://preavis.test{page(campaign)}" in letter.body
    assert "Mind the French." in letter.body


def test_asking_nobody_in_particular_writes_to_all_who_may_approve(cast, django_capture_on_commit_callbacks):
    make_member("approver", email="bea@acme.example")
    with django_capture_on_commit_callbacks(execute=True):
        ask(cast, cast.campaign(), **{"ask-approver": ""})
    assert sorted(letter.to[0] for letter in mail.outbox) == ["approver@acme.example", "bea@acme.example"]


def test_request_waits_on_the_first_page_of_the_one_who_was_asked(cast):
    campaign = cast.campaign()
    ask(cast, campaign)
    sentence = "Ana asks you to approve “Database upgrade”."
    assert sentence in client_of(cast.ben).get("/admin/").content.decode()
    other = make_member("approver", username="bea")
    assert not [user for user in (cast.ana, cast.cem, other) if sentence in client_of(user).get("/admin/").content.decode()]


def test_approved_it_can_be_scheduled(cast):
    campaign = cast.campaign()
    assert "Ask for approval" in client_of(cast.ana).get(deed_of(campaign, "release")).content.decode()
    ask(cast, campaign)
    assert "Approve 4 messages" in client_of(cast.ben).get(page(campaign)).content.decode()
    answer(cast.ben, campaign, note="Good.")
    assert state() == ApprovalState.APPROVED
    assert "Schedule 4 messages" in client_of(cast.ana).get(deed_of(campaign, "release")).content.decode()


def test_forged_schedule_without_an_approval_is_refused(cast):
    campaign, client = cast.campaign(), client_of(cast.ana)
    shown = client.get(deed_of(campaign, "release"))
    values = {"seen": shown.context["seen"], "shown": shown.context["review"].mark}
    assert "approval of a second person" in client.post(deed_of(campaign, "release"), values).content.decode()
    assert MaintenanceWindow.objects.get().status == WindowStatus.DRAFT


def test_whoever_asked_cannot_approve_even_as_an_approver(cast):
    campaign = cast.campaign()
    cast.ana.is_superuser = True
    cast.ana.save()
    ask(cast, campaign)
    assert "You asked for it: a second person has to decide." in answer(cast.ana, campaign).content.decode()
    assert state() == ApprovalState.ASKED


def test_whoever_edited_it_last_cannot_approve(cast):
    campaign = cast.campaign()
    ask(cast, campaign)
    edit_texts(campaign.window, actor=cast.ben, now=timezone.now(), reason="Ben's own words.")
    assert "You edited it last: a second person has to decide." in answer(cast.ben, campaign).content.decode()
    assert state() == ApprovalState.ASKED


@pytest.mark.parametrize("deed", ["_approve", "_send_back"])
def test_those_who_may_not_approve_are_refused(cast, deed):
    campaign = cast.campaign()
    ask(cast, campaign)
    assert answer(cast.cem, campaign, deed, note="No.").status_code == 403
    assert state() == ApprovalState.ASKED


@pytest.mark.parametrize("deed", ["_ask", "_withdraw", "_require"])
def test_those_who_may_not_plan_ask_for_nothing(cast, deed):
    campaign = cast.campaign()
    ask(cast, campaign)
    assert client_of(cast.ben).post(page(campaign), {deed: "1"}).status_code == 403
    assert state() == ApprovalState.ASKED


def test_what_was_edited_while_the_approver_looked_is_looked_at_again(cast):
    campaign = cast.campaign()
    ask(cast, campaign)
    client = client_of(cast.ben)
    digest = client.get(page(campaign)).context["digest"]
    MessageTemplate.objects.filter(content_key="announce").update(body="Another text.")
    text = client.post(page(campaign), {"_approve": "1", "digest": digest}).content.decode()
    assert "It was edited since you opened this page." in text
    assert state() == ApprovalState.ASKED


def test_sending_back_needs_a_note_that_whoever_asked_reads(cast, django_capture_on_commit_callbacks):
    campaign = cast.campaign()
    ask(cast, campaign)
    assert "Say what should be changed" in answer(cast.ben, campaign, "_send_back", note=" ").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        answer(cast.ben, campaign, "_send_back", note="The French is missing.")
    assert state() == ApprovalState.SENT_BACK
    assert mail.outbox[-1].to == ["planner@acme.example"]
    assert "The French is missing." in mail.outbox[-1].body
    assert "Ben sent it back: “The French is missing.”" in client_of(cast.ana).get(page_of(campaign)).content.decode()


def test_page_says_what_was_edited_since_by_whom_and_when(cast):
    campaign = cast.campaign()
    ask(cast, campaign)
    answer(cast.ben, campaign)
    edit_texts(campaign.window, actor=cast.ana, now=timezone.now(), reason="Other words.")
    text = client_of(cast.ben).get(page(campaign)).content.decode()
    assert "The approval by Ben no longer holds" in text
    assert "The texts of the window in English: edited by Ana" in text


def test_withdrawn_request_is_decided_by_nobody(cast):
    campaign = cast.campaign()
    ask(cast, campaign)
    client_of(cast.ana).post(page(campaign), {"_withdraw": "1"})
    assert state() == ApprovalState.WITHDRAWN
    assert "withdrawn meanwhile" in answer(cast.ben, campaign).content.decode()


def test_asking_anew_replaces_the_request(cast):
    campaign = cast.campaign()
    ask(cast, campaign)
    ask(cast, campaign)
    assert sorted(Approval.objects.values_list("state", flat=True)) == [ApprovalState.ASKED, ApprovalState.WITHDRAWN]


@pytest.mark.parametrize("approver", ["ana", "cem", "nobody"])
def test_only_somebody_else_who_may_approve_is_asked(cast, approver):
    campaign = cast.campaign()
    number = getattr(getattr(cast, approver, None), "pk", 99_999)
    assert "Choose somebody else who may approve campaigns." in ask(cast, campaign, **{"ask-approver": number})
    assert not Approval.objects.exists()


def test_planners_require_an_approval_and_only_approvers_do_without(cast):
    campaign = cast.campaign()
    Campaign.objects.update(requires_approval=False)
    client = client_of(cast.ana)
    client.post(page(campaign), {"_require": "1"})
    assert Campaign.objects.get().requires_approval
    assert client.post(page(campaign), {"_do_without": "1"}).status_code == 403
    client_of(cast.ben).post(page(campaign), {"_do_without": "1"})
    assert not Campaign.objects.get().requires_approval


@pytest.mark.parametrize("where", ["playbook", "installation"])
def test_playbook_or_installation_may_ask_for_it(cast, where, settings):
    campaign = cast.campaign()
    Campaign.objects.update(requires_approval=False)
    settings.APPROVAL_REQUIRED = where == "installation"
    Playbook.objects.update(requires_approval=where == "playbook")
    assert "It needs the approval of a second person" in client_of(cast.ana).get(page_of(campaign)).content.decode()


def test_planners_cannot_switch_off_what_their_playbook_asks_for(cast):
    campaign = cast.campaign()
    Playbook.objects.update(requires_approval=True)
    values = {"name": "Plan", "slug": "plan", "steps-TOTAL_FORMS": "0", "steps-INITIAL_FORMS": "0"}
    client_of(cast.ana).post(f"/admin/campaigns/playbook/{campaign.playbook_id}/change/", values)
    assert Playbook.objects.get().requires_approval


def test_asked_and_given_stand_in_the_audit_trail(cast):
    campaign = cast.campaign()
    ask(cast, campaign)
    answer(cast.ben, campaign)
    rows = AuditEvent.objects.filter(verb__startswith="campaign.approval_").order_by("pk")
    assert [(row.verb, row.actor) for row in rows] == [
        ("campaign.approval_asked", cast.ana),
        ("campaign.approval_given", cast.ben),
    ]


def test_held_back_campaign_says_so_on_its_page_and_cannot_simply_be_resumed(cast):
    campaign = cast.campaign()
    approval = verbs.ask_approval(campaign, approver=cast.ben, note="", actor=cast.ana, now=timezone.now())
    digest = contents_of(Campaign.objects.get()).digest
    verbs.approve(approval, seen=digest, actor=cast.ben, now=timezone.now())
    services.release(Campaign.objects.get(), actor=cast.ana, now=timezone.now())
    row = MessageTemplate.objects.get(content_key="reminder-7d")
    row.body = "Another text."
    row.save()
    client = client_of(cast.ana)
    assert "has to be approved anew" in client.get(page_of(campaign)).content.decode()
    answer_ = client.post(f"/sending/campaign/{campaign.pk}/resume/", {"choice": "now"}, follow=True)
    assert "goes on once a second person has approved it anew" in answer_.content.decode()
    ask(cast, campaign)
    assert "Approve: its sending goes on" in client_of(cast.ben).get(page(campaign)).content.decode()
    assert "1 touchpoint is overdue: whoever plans now resumes sending" in answer(cast.ben, campaign).content.decode()
    client.post(f"/sending/campaign/{campaign.pk}/resume/", {"choice": "now"})
    assert Campaign.objects.get().paused_at is None
