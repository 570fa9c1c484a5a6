"""The pages for planners and team leads: overview, live view and review. Staff only, in the admin's look."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.campaigns.models import Campaign
from apps.delivery.models import DeliveryState
from apps.delivery.pauses import pauses_of

from .. import links
from ..charts.funnel import funnel_chart
from ..charts.hours import hours_chart
from ..charts.timeline import timeline_chart
from ..findings import findings, live_summary
from ..matrix import open_matrix
from ..metrics.live import Live
from ..metrics.live import live as live_figures
from ..metrics.overview import overview as overview_figures
from ..metrics.review import review as review_figures
from ..report import TABLES, all_tables
from ..report.cells import Subject
from ..tables import as_csv
from ..watching import watch
from ..wording import language

P = ParamSpec("P")
Answer = TypeVar("Answer", bound=HttpResponseBase)
PERMISSIONS = ("campaigns.view_campaign", "windows.view_maintenancewindow")
SECONDS_BETWEEN_LOOKS, SECONDS_WHEN_BUSY = 5, 2


def page(view: Callable[Concatenate[HttpRequest, P], Answer]) -> Callable[Concatenate[HttpRequest, P], Answer]:
    """Signed-in staff who may see campaigns or windows; others go to the login page or get 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> Answer:
        if not any(request.user.has_perm(permission) for permission in PERMISSIONS):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return admin.site.admin_view(guarded)  # type: ignore[return-value]


@page
def overview(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = {"title": _("Dashboard"), "overview": overview_figures(now=now), "now": now, "add_url": links.add_window_page()}
    return render(request, "dashboard/overview.html", context)


@page
def live(request: HttpRequest, campaign_id: int) -> HttpResponse:
    return render(request, "dashboard/live.html", _live_context(request, find_campaign(campaign_id)))


@page
def live_now(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """What changes on the live page, for the script that asks again and again."""
    return TemplateResponse(request, "dashboard/_live.html", _live_context(request, find_campaign(campaign_id)))


@page
def review(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign, now = find_campaign(campaign_id), timezone.now()
    figures = review_figures(campaign, now=now, language=language())
    tickets = figures.tickets
    context = {
        **about(campaign),
        "title": campaign.window.title,
        "subtitle": _("Review"),
        "now": now,
        "review": figures,
        "findings": findings(figures),
        "tables": all_tables(Subject(campaign=campaign, review=figures)),
        "timeline": timeline_chart(figures.schedule, figures.touchpoints, now=now),
        "matrix": open_matrix(figures.touchpoints, figures.funnel.opens),
        "funnel": funnel_chart(figures.funnel.stages),
        "hours": hours_chart(tickets, time_zone=campaign.window.time_zone) if tickets.is_connected else "",
    }
    return render(request, "dashboard/review.html", context)


@page
def table(request: HttpRequest, campaign_id: int, name: str) -> HttpResponse:
    """One table of the review as CSV."""
    if name not in TABLES:
        raise Http404
    campaign = find_campaign(campaign_id)
    figures = review_figures(campaign, now=timezone.now(), language=language())
    text = as_csv(TABLES[name](Subject(campaign=campaign, review=figures)))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="campaign-{campaign.pk}-{name}.csv"'
    return response


def find_campaign(campaign_id: int) -> Campaign:
    campaigns = Campaign.objects.select_related("window", "playbook", "owner").prefetch_related("window__services")
    return get_object_or_404(campaigns, pk=campaign_id)


def about(campaign: Campaign) -> dict[str, Any]:
    return {
        "campaign": campaign,
        "window": campaign.window,
        "campaign_url": links.campaign_page(campaign),
        "log_url": links.campaign_log(campaign.pk),
        "tickets_url": links.ticket_log(campaign),
        "answers_url": links.answer_log(campaign),
    }


def _live_context(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    now = timezone.now()
    figures: Live = live_figures(campaign, now=now, language=language())
    return {
        **about(campaign),
        "title": campaign.window.title,
        "subtitle": _("Live"),
        "live": figures,
        "watch": watch(campaign, now=now),
        "pauses": pauses_of(campaign),
        "may_change": request.user.has_perm("windows.change_maintenancewindow"),
        "next_url": reverse("dashboard:live", args=[campaign.pk]),
        "now": now,
        "seconds": SECONDS_WHEN_BUSY if figures.is_busy else SECONDS_BETWEEN_LOOKS,
        "failed_url": links.campaign_log(campaign.pk, state=DeliveryState.FAILED),
        "summary": live_summary(campaign.window, figures),
    }


def render(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})
