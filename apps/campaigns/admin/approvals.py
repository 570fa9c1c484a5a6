"""The page on which a second person is asked, looks at all that is to leave, and answers."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.accounts.people import person_words
from apps.windows.models import ENDED_STATUSES
from apps.windows.services import WindowError

from ..approval import verbs
from ..approval.contents import contents_of
from ..approval.holding import let_go
from ..approval.standing import standing_of
from ..board import campaign_board
from ..forms.approvals import AnswerForm, AskForm
from ..models import Approval, Campaign
from ..review import review_of
from .pages import find_campaign, may, planner, render, require


def approval_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The deeds are named by the button that was pressed; whoever may not press it gets 403, whatever the page showed."""
    require(request, "view")
    campaign = find_campaign(pk)
    problem = ""
    if request.method == "POST":
        deed = next((deed for name, deed in DEEDS.items() if name in request.POST), None)
        try:
            if deed is not None:
                messages.success(request, deed(request, campaign))
                return redirect("admin:windows_maintenancewindow_change", pk)
        except WindowError as refusal:
            problem, campaign = " ".join(refusal.messages), find_campaign(pk)
    return _page(request, campaign, problem)


def _page(request: HttpRequest, campaign: Campaign, problem: str) -> HttpResponse:
    now, reader, standing = timezone.now(), planner(request), standing_of(campaign)
    asked = standing.latest if standing.is_asked else None
    return render(
        request,
        "approval.html",
        title=_("Approval"),
        campaign=campaign,
        problem=problem,
        standing=standing,
        changes=[change.sentence(reader.time_zone) for change in standing.changed],
        history=campaign.approvals.select_related("asked_by", "approver", "decided_by"),
        objection=verbs.may_approve(asked, reader) if asked else "",
        may_ask=may(request, "change") and campaign.window.status not in ENDED_STATUSES,
        ask_form=AskForm(request.POST if "_ask" in request.POST else None, asking=reader, prefix="ask"),
        answer_form=AnswerForm(request.POST if "_approve" in request.POST or "_send_back" in request.POST else None),
        digest=contents_of(campaign).digest,
        **_what_is_to_leave(campaign, now),
    )


def _what_is_to_leave(campaign: Campaign, now: datetime) -> dict[str, Any]:
    """Of a draft everything that is reviewed before it is scheduled; afterwards its touchpoints as they stand."""
    if campaign.released_at is None:
        review = review_of(campaign, now=now)
        return {"review": review, "proposal": review.proposal}
    return {"board": campaign_board(campaign)}


def _ask(request: HttpRequest, campaign: Campaign) -> str:
    require(request, "change")
    form = AskForm(request.POST, asking=planner(request), prefix="ask")
    if not form.is_valid():
        raise verbs.ApprovalError(_("Choose somebody else who may approve campaigns."))
    values = form.cleaned_data
    approval = verbs.ask_approval(
        campaign, approver=values["approver"], note=values["note"], actor=planner(request), now=timezone.now()
    )
    if approval.approver:
        return _("%(who)s is asked to approve it.") % {"who": person_words(approval.approver)}
    return _("Whoever may approve is asked to.")


def _withdraw(request: HttpRequest, campaign: Campaign) -> str:
    require(request, "change")
    verbs.withdraw_request(_asked(campaign), actor=planner(request), now=timezone.now())
    return _("The request was withdrawn.")


def _approve(request: HttpRequest, campaign: Campaign) -> str:
    reader, now = _approver(request), timezone.now()
    seen, note = request.POST.get("digest", ""), request.POST.get("note", "")
    verbs.approve(_asked(campaign), seen=seen, note=note, actor=reader, now=now)
    held = find_campaign(campaign.window_id)
    if held.released_at is None or held.paused_at is None:
        return _("You approved it as it stands. Any later edit takes the approval away.")
    if overdue := let_go(held, actor=reader, now=now).overdue:
        words = ngettext(
            "You approved it. %(n)s touchpoint is overdue: whoever plans now resumes sending and decides what becomes of it.",
            "You approved it. %(n)s touchpoints are overdue: whoever plans now resumes sending and decides what becomes of them.",
            overdue,
        )
        return words % {"n": overdue}
    return _("You approved it, and its sending goes on.")


def _send_back(request: HttpRequest, campaign: Campaign) -> str:
    verbs.send_back(_asked(campaign), note=request.POST.get("note", ""), actor=_approver(request), now=timezone.now())
    return _("It was sent back with your note.")


def _require(request: HttpRequest, campaign: Campaign) -> str:
    require(request, "change")
    verbs.require_approval(campaign, required=True, actor=planner(request), now=timezone.now())
    return _("It needs the approval of a second person from here on.")


def _do_without(request: HttpRequest, campaign: Campaign) -> str:
    verbs.require_approval(campaign, required=False, actor=_approver(request), now=timezone.now())
    return _("It no longer asks for an approval by itself.")


DEEDS: Mapping[str, Callable[[HttpRequest, Campaign], str]] = {
    "_ask": _ask,
    "_withdraw": _withdraw,
    "_approve": _approve,
    "_send_back": _send_back,
    "_require": _require,
    "_do_without": _do_without,
}


def _approver(request: HttpRequest) -> User:
    if not planner(request).has_perm(verbs.PERMISSION):
        raise PermissionDenied
    return planner(request)


def _asked(campaign: Campaign) -> Approval:
    approval = campaign.approvals.asked().select_related("asked_by", "approver").first()
    if approval is None:
        raise verbs.ApprovalError(_("Nobody asks for an approval any more: it was decided or withdrawn meanwhile."))
    approval.campaign = campaign
    return approval
