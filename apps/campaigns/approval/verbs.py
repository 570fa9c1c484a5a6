"""Asking for an approval and answering: each verb is one transaction with its audit event and its letters."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.people import person_words
from apps.accounts.services import record
from apps.windows.models import ENDED_STATUSES
from apps.windows.services import WindowError

from ..models import Approval, ApprovalState, Campaign
from . import letters
from .changes import differences, last_editor
from .contents import contents_of

PERMISSION = "campaigns.approve_campaign"


class ApprovalError(WindowError):
    """Refuses in a sentence for people; nothing has been written."""


def needs_approval(campaign: Campaign) -> bool:
    """Where the installation, the playbook or the campaign itself asks for a second person."""
    return bool(settings.APPROVAL_REQUIRED or campaign.requires_approval or campaign.playbook.requires_approval)


def may_approve(approval: Approval, user: User) -> str:
    """Why `user` may not decide about it, in words; empty when they may."""
    if not user.has_perm(PERMISSION):
        return _("Only members of the team who may approve campaigns decide about it.")
    if approval.asked_by_id == user.pk:
        return _("You asked for it: a second person has to decide.")
    if last_editor(approval.campaign, contents_of(approval.campaign)) == user:
        return _("You edited it last: a second person has to decide.")
    return ""


@transaction.atomic
def ask_approval(campaign: Campaign, *, approver: User | None, note: str, actor: User, now: datetime) -> Approval:
    """Asks anew where it was asked before. Without an `approver`, whoever may approve is asked."""
    campaign = _locked(campaign)
    if campaign.window.status in ENDED_STATUSES:
        raise ApprovalError(_("The window is over: there is nothing left to approve."))
    if approver is not None and (approver == actor or not approver.has_perm(PERMISSION)):
        raise ApprovalError(_("Choose somebody else who may approve campaigns."))
    campaign.approvals.asked().update(state=ApprovalState.WITHDRAWN, decided_at=now)
    approval = Approval.objects.create(
        campaign=campaign, asked_by=actor, asked_at=now, approver=approver, request_note=note.strip()
    )
    record(
        "campaign.approval_asked",
        subject=approval.campaign,
        approval=approval.pk,
        actor=actor,
        now=now,
        approver=approver.get_username() if approver else "",
        note=note.strip(),
    )
    letters.ask(approval)
    return approval


@transaction.atomic
def withdraw_request(approval: Approval, *, actor: User, now: datetime) -> None:
    approval = _open(approval)
    _decide(approval, ApprovalState.WITHDRAWN, actor=None, note="", now=now)
    record("campaign.approval_withdrawn", subject=approval.campaign, approval=approval.pk, actor=actor, now=now)


@transaction.atomic
def approve(approval: Approval, *, seen: str, note: str = "", actor: User, now: datetime) -> Approval:
    """`seen`: the digest of what the approver looked at; refused when it is no longer what stands."""
    approval = _open(approval)
    if problem := may_approve(approval, actor):
        raise ApprovalError(problem)
    campaign = approval.campaign
    contents = contents_of(campaign)
    if contents.digest != seen:
        raise ApprovalError(_("It was edited since you opened this page. Look at it as it stands now, then decide again."))
    campaign.approvals.standing().update(state=ApprovalState.VOID)
    approval.digest, approval.items = contents.digest, contents.as_json()
    _decide(approval, ApprovalState.APPROVED, actor=actor, note=note, now=now)
    record(
        "campaign.approval_given",
        subject=approval.campaign,
        approval=approval.pk,
        actor=actor,
        now=now,
        digest=approval.digest,
        note=approval.decision_note,
    )
    Campaign.objects.filter(pk=campaign.pk).update(unapproved_since=None)
    letters.approved(approval)
    return approval


@transaction.atomic
def send_back(approval: Approval, *, note: str, actor: User, now: datetime) -> None:
    """`note` says what should be changed first."""
    approval = _open(approval)
    if problem := may_approve(approval, actor):
        raise ApprovalError(problem)
    if not note.strip():
        raise ApprovalError(_("Say what should be changed: whoever asked reads it."))
    _decide(approval, ApprovalState.SENT_BACK, actor=actor, note=note, now=now)
    record(
        "campaign.approval_sent_back",
        subject=approval.campaign,
        approval=approval.pk,
        actor=actor,
        now=now,
        note=approval.decision_note,
    )
    letters.sent_back(approval)


@transaction.atomic
def require_approval(campaign: Campaign, *, required: bool, actor: User, now: datetime) -> None:
    """Anybody who plans may ask for four eyes; only those who may approve can take that back."""
    campaign = _locked(campaign)
    if campaign.requires_approval == required:
        return
    if not required and not actor.has_perm(PERMISSION):
        raise ApprovalError(_("Only somebody who may approve campaigns can do without an approval."))
    campaign.requires_approval = required
    campaign.save(update_fields=["requires_approval", "updated_at"])
    record("campaign.approval_required", subject=campaign, actor=actor, now=now, required=required)


def refuse_unapproved(campaign: Campaign) -> None:
    """Raises where an approval is needed and does not stand. In the transaction that releases."""
    if not needs_approval(campaign):
        return
    approval = campaign.approvals.standing().select_related("decided_by").first()
    if approval is None:
        raise ApprovalError(_("It needs the approval of a second person before it is scheduled."), code="unapproved")
    if changed := differences(approval, campaign):
        raise ApprovalError(
            _("It was edited since %(who)s approved it, and needs an approval anew: %(what)s."),
            code="unapproved",
            params={"who": person_words(approval.decided_by), "what": "; ".join(change.what for change in changed)},
        )


def _locked(campaign: Campaign) -> Campaign:
    rows = Campaign.objects.select_related("window", "playbook", "owner")
    return rows.select_for_update(of=("self",)).get(pk=campaign.pk)


def _open(approval: Approval) -> Approval:
    """The request as it stands, and its campaign, held until the transaction ends."""
    campaign = _locked(approval.campaign)
    current = Approval.objects.select_for_update(of=("self",)).select_related("asked_by", "approver").get(pk=approval.pk)
    if not current.is_open:
        raise ApprovalError(_("Somebody else has decided about it meanwhile, or it was withdrawn."))
    current.campaign = campaign
    return current


def _decide(approval: Approval, state: ApprovalState, *, actor: User | None, note: str, now: datetime) -> None:
    approval.state, approval.decided_by, approval.decided_at, approval.decision_note = state, actor, now, note.strip()
    approval.save(update_fields=["state", "decided_by", "decided_at", "decision_note", "digest", "items"])
