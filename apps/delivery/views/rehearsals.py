"""The pages of rehearsals: what would happen, what happens, what happened."""

from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.campaigns.models import Campaign
from apps.common.times import format_duration

from ..clock import database_now
from ..models import Rehearsal
from ..rehearsing.form import RehearsalForm
from ..rehearsing.overview import facts_of, overview_of, standing_of
from ..rehearsing.script import script_of
from ..rehearsing.start import RehearsalRefused, start_rehearsal, stop_rehearsal, why_never
from ..rehearsing.timeline import timeline_of

SECONDS_BETWEEN_LOOKS = 2
LINKS = ("notice", "calendar", "unsubscribe")


@admin.site.admin_view
def rehearse_page(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """What a rehearsal would send to this planner; on a POST it begins."""
    planner, now = _planner(request), database_now()
    if not planner.has_perm("windows.change_maintenancewindow"):
        raise PermissionDenied
    campaign = get_object_or_404(Campaign.objects.select_related("window", "playbook"), pk=campaign_id)
    if problem := why_never(campaign):
        messages.warning(request, problem)
        return redirect("admin:windows_maintenancewindow_change", campaign.window_id)
    script = script_of(campaign, now=now)
    overview = overview_of(script, campaign, email=planner.email)
    form = RehearsalForm(request.POST if request.method == "POST" else None, script=script, counts=overview.counts)
    if request.method == "POST" and form.is_valid():
        try:
            rehearsal = start_rehearsal(campaign, wishes=form.wishes, planner=planner, now=now)
        except RehearsalRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("delivery:rehearsal", rehearsal.pk)
    running = Rehearsal.objects.filter(campaign=campaign, planner=planner, state="running").first()
    context = {"title": _("Rehearse the campaign"), "form": form, "overview": overview, "running": running}
    return _render(request, "admin/delivery/rehearse.html", campaign, context)


@admin.site.admin_view
def rehearsal_page(request: HttpRequest, pk: int) -> HttpResponse:
    rehearsal = _rehearsal(request, pk)
    return _render(request, "admin/delivery/rehearsal.html", rehearsal.campaign, _state(request, rehearsal))


@admin.site.admin_view
def rehearsal_now(request: HttpRequest, pk: int) -> HttpResponse:
    """What changes on the page, for the script that asks again and again."""
    return TemplateResponse(request, "admin/delivery/_rehearsal.html", _state(request, _rehearsal(request, pk)))


@admin.site.admin_view
@require_POST
def stop_page(request: HttpRequest, pk: int) -> HttpResponse:
    rehearsal = _rehearsal(request, pk)
    if not _may_stop(request, rehearsal):
        raise PermissionDenied
    if stop_rehearsal(rehearsal, actor=_planner(request), now=database_now()):
        messages.success(request, _("The rehearsal is stopped: nothing more of it is begun."))
    else:
        messages.info(request, _("The rehearsal was over already."))
    return redirect("delivery:rehearsal", rehearsal.pk)


@require_safe
def rehearsal_link(request: HttpRequest, what: str) -> HttpResponse:
    """Where the links of a rehearsed message lead. It counts nothing, and says nothing of the campaign."""
    if what not in LINKS:
        raise Http404(what)
    asked = request.GET.get("lang", "")
    with translation.override(asked if asked in dict(settings.LANGUAGES) else translation.get_language()):
        return HttpResponse(render_to_string("public/rehearsal.html", {"what": what}, request))


def _rehearsal(request: HttpRequest, pk: int) -> Rehearsal:
    """For all who may see the window; the messages went to its planner alone."""
    if not _planner(request).has_perm("windows.view_maintenancewindow"):
        raise PermissionDenied
    return get_object_or_404(Rehearsal.objects.select_related("campaign__window", "campaign__playbook", "planner"), pk=pk)


def _state(request: HttpRequest, rehearsal: Rehearsal) -> dict[str, Any]:
    timeline, now = timeline_of(rehearsal), database_now()
    next_at = max(timeline.next_at or now, now)
    return {
        "title": _("Rehearsal"),
        "campaign": rehearsal.campaign,
        "window": rehearsal.campaign.window,
        "facts": facts_of(rehearsal, zone=_planner(request).time_zone),
        "may_rehearse": _planner(request).has_perm("windows.change_maintenancewindow"),
        "next_ms": round(next_at.timestamp() * 1000),
        "next_in": format_duration(next_at - now, language=translation.get_language() or "en"),
        "rehearsal": rehearsal,
        "timeline": timeline,
        "standing": standing_of(rehearsal, timeline, zone=_planner(request).time_zone),
        "may_stop": rehearsal.is_running and _may_stop(request, rehearsal),
        "now_ms": round(now.timestamp() * 1000),
        "seconds": SECONDS_BETWEEN_LOOKS,
    }


def _may_stop(request: HttpRequest, rehearsal: Rehearsal) -> bool:
    return _planner(request) == rehearsal.planner


def _planner(request: HttpRequest) -> User:
    return cast(User, request.user)  # the admin lets nobody else come so far


def _render(request: HttpRequest, template: str, campaign: Campaign, context: dict[str, Any]) -> HttpResponse:
    back = reverse("admin:windows_maintenancewindow_change", args=[campaign.window_id])
    frame = admin.site.each_context(request) | {"campaign": campaign, "window": campaign.window}
    return TemplateResponse(request, template, frame | {"name": campaign.window.title, "back": back} | context)
