"""Writing a window down: the form of five fields with its plan beside it, before anything is saved and while it is a draft."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.windows.models import WindowStatus
from apps.windows.services import WindowError

from ..drafts import change_draft, open_draft
from ..forms.verbs import seen_of
from ..forms.windows import WindowForm, draft_initial, new_window_initial
from ..models import Campaign
from ..proposals import campaign_wish, propose
from .pages import conflict, find_campaign, planner, render, require

# Fields that stand in folded parts of the page, which open when one of them has an error.
FOLDED = {"announced_date", "announced_time", "translation_language", "translation_title", "language", "owner"}


def add_window(request: HttpRequest) -> HttpResponse:
    require(request, "add")
    now = timezone.now()
    form = WindowForm(request.POST or None, now=now, initial=new_window_initial(planner(request)))
    if _wants_to_save(request) and form.is_valid():
        try:
            return _go_on(request, open_draft(form.draft, actor=planner(request), now=now))
        except WindowError as refusal:
            form.add_error(None, refusal)
    return _form_page(request, form, title=_("Add a window"))


def edit_draft(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "change")
    campaign, now = find_campaign(pk), timezone.now()
    if campaign.window.status != WindowStatus.DRAFT:
        messages.warning(request, _("It is no longer a draft. What can still be changed stands below."))
        return redirect("admin:windows_maintenancewindow_change", pk)
    form = WindowForm(request.POST or None, now=now, initial=draft_initial(campaign))
    if _wants_to_save(request) and form.is_valid():
        problem = conflict(campaign.window, request.POST.get("seen", ""), reader=planner(request))
        if problem:
            form.add_error(None, problem)
            return _form_page(request, form, title=_("Change the draft"), campaign=campaign)
        try:
            change_draft(campaign, form.draft, actor=planner(request), now=now)
            return _go_on(request, campaign)
        except WindowError as refusal:
            form.add_error(None, refusal)
    return _form_page(request, form, title=_("Change the draft"), campaign=campaign)


@require_POST
def plan_fragment(request: HttpRequest) -> HttpResponse:
    """The plan of what has been typed so far; writes nothing."""
    require(request, "view")
    existing = request.POST.get("existing", "")
    campaign = find_campaign(int(existing)) if existing.isdecimal() else None
    form = WindowForm(request.POST, now=timezone.now())
    return TemplateResponse(request, "admin/campaigns/plan.html", _plan_context(form, campaign))


def _wants_to_save(request: HttpRequest) -> bool:
    return request.method == "POST" and "_plan" not in request.POST


def _plan_context(form: WindowForm, campaign: Campaign | None) -> dict[str, Any]:
    if form.is_bound:
        form.is_valid()
    wish = form.wish(existing=campaign.window if campaign else None)
    if wish is None and campaign is not None and not form.is_bound:
        wish = campaign_wish(campaign, now=form.now)
    return {"proposal": propose(wish, now=form.now) if wish else None, "form": form}


def _form_page(request: HttpRequest, form: WindowForm, *, title: str, campaign: Campaign | None = None) -> HttpResponse:
    context = _plan_context(form, campaign)
    context["folded_errors"] = bool(FOLDED & form.errors.keys())
    if campaign is not None:
        context["seen"] = seen_of(campaign.window)
    return render(request, "form.html", title=title, campaign=campaign, **context)


def _go_on(request: HttpRequest, campaign: Campaign) -> HttpResponseRedirect:
    if "_schedule" in request.POST:
        return redirect("admin:windows_maintenancewindow_do", campaign.window_id, "release")
    messages.success(request, _("The draft was saved. Nothing leaves before you schedule it."))
    return redirect("admin:windows_maintenancewindow_change", campaign.window_id)
