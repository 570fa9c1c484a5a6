"""Writing a window down: the form of five fields with its plan beside it, before anything is saved and while it is a draft."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.windows.models import WindowStatus
from apps.windows.services import WindowError

from ..drafts import change_draft, open_draft
from ..forms.periods import moved_to
from ..forms.verbs import seen_of
from ..forms.windows import WindowForm, draft_initial, new_window_initial
from ..free_times import free_times
from ..models import Campaign
from ..proposals import propose
from ..wishes import Wish, campaign_wish
from .pages import find_campaign, hold_campaign, planner, render, require, two_at_one_form

# Fields that stand in folded parts of the page, which open when one of them has an error.
FOLDED = {"announced_date", "announced_time", "translation_language", "translation_title", "language", "owner"}
ASKS_FOR_FREE_TIMES, PICKS_FREE_TIME = "_free_times", "_free_time"
# Buttons of the form that only show something.
LOOKING = {"_plan", PICKS_FREE_TIME, ASKS_FOR_FREE_TIMES}


def add_window(request: HttpRequest) -> HttpResponse:
    require(request, "add")
    now = timezone.now()
    form = WindowForm(_typed(request), now=now, initial=new_window_initial(planner(request)))
    if _wants_to_save(request) and form.is_valid():
        try:
            return _go_on(request, open_draft(form.draft, actor=planner(request), now=now))
        except WindowError as refusal:
            form.add_error(None, refusal)
    return _form_page(request, form, title=_("Add a window"))


@transaction.atomic
def edit_draft(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "change")
    if _wants_to_save(request):
        hold_campaign(pk)
    campaign, now = find_campaign(pk), timezone.now()
    if campaign.window.status != WindowStatus.DRAFT:
        messages.warning(request, _("It is no longer a draft. What can still be changed stands below."))
        return redirect("admin:windows_maintenancewindow_change", pk)
    form = WindowForm(_typed(request), now=now, initial=draft_initial(campaign))
    if _wants_to_save(request) and form.is_valid():
        if request.POST.get("seen", "") != seen_of(campaign.window):
            found = two_at_one_form(request, campaign, form)
            return _form_page(request, form, title=_("Change the draft"), campaign=campaign, **found)
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
    return TemplateResponse(request, "admin/campaigns/plan.html", _plan_context(form, _wish_of(form, campaign)))


def _wants_to_save(request: HttpRequest) -> bool:
    return request.method == "POST" and not LOOKING & request.POST.keys()


def _typed(request: HttpRequest) -> Mapping[str, Any] | None:
    """What was typed, moved to the free time that was picked; None: nothing yet."""
    picked = request.POST.get(PICKS_FREE_TIME, "")
    return moved_to(request.POST, picked) if picked else request.POST or None


def _wish_of(form: WindowForm, campaign: Campaign | None) -> Wish | None:
    if form.is_bound:
        form.is_valid()
    wish = form.wish(existing=campaign.window if campaign else None)
    if wish is None and campaign is not None and not form.is_bound:
        return campaign_wish(campaign, now=form.now)
    return wish


def _plan_context(form: WindowForm, wish: Wish | None) -> dict[str, Any]:
    return {"proposal": propose(wish, now=form.now) if wish else None, "form": form}


def _form_page(
    request: HttpRequest, form: WindowForm, *, title: str, campaign: Campaign | None = None, **further: Any
) -> HttpResponse:
    wish = _wish_of(form, campaign)
    context = _plan_context(form, wish) | further
    if ASKS_FOR_FREE_TIMES in request.POST or ASKS_FOR_FREE_TIMES in request.GET:
        context["free_times"] = free_times(wish, now=form.now) if wish else []
    context["folded_errors"] = bool(FOLDED & form.errors.keys())
    if campaign is not None:
        context["seen"] = seen_of(campaign.window)
    return render(request, "form.html", title=title, campaign=campaign, **context)


def _go_on(request: HttpRequest, campaign: Campaign) -> HttpResponseRedirect:
    if "_schedule" in request.POST:
        return redirect("admin:windows_maintenancewindow_do", campaign.window_id, "release")
    messages.success(request, _("The draft was saved. Nothing leaves before you schedule it."))
    return redirect("admin:windows_maintenancewindow_change", campaign.window_id)
