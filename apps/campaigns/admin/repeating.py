"""Drafting further occurrences of a window: the dates are shown first, and nothing is announced by it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from apps.common.times import format_period
from apps.common.zones import zone_or_utc
from apps.windows.models import MaintenanceWindow
from apps.windows.recurrence import Rhythm, occurrences, rule_of
from apps.windows.series import MOST
from apps.windows.services import WindowError

from .. import services
from ..forms.verbs import seen_of
from ..models import Campaign
from .pages import conflict, find_campaign, planner, render, require

RHYTHMS = {
    Rhythm.WEEKLY: gettext_lazy("Weeks, on the same weekday"),
    Rhythm.MONTHLY: gettext_lazy("Months, on the same weekday of the month, such as the third Tuesday"),
    Rhythm.MONTHLY_LAST: gettext_lazy("Months, on the last such weekday"),
}


class RepeatForm(forms.Form):
    interval = forms.IntegerField(label=gettext_lazy("Every"), min_value=1, max_value=12, initial=1)
    rhythm = forms.ChoiceField(label=gettext_lazy("Weeks or months"), choices=list(RHYTHMS.items()), initial=Rhythm.MONTHLY)
    count = forms.IntegerField(label=gettext_lazy("Further windows"), min_value=1, max_value=MOST, initial=6)

    def rule(self, window: MaintenanceWindow) -> str:
        data = self.cleaned_data
        zone = zone_or_utc(window.time_zone)
        return rule_of(window.starts_at, zone=zone, rhythm=Rhythm(data["rhythm"]), interval=data["interval"])


def repeat_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The first POST shows the dates, the one with `_draft` writes them."""
    require(request, "add")
    require(request, "change")
    campaign = find_campaign(pk)
    form, dates = RepeatForm(request.POST or None), list[str]()
    if form.is_valid():
        if "_draft" in request.POST and _drafted(request, campaign, form):
            return redirect("admin:windows_maintenancewindow_change", pk)
        dates = _dates(campaign.window, form)
    context: dict[str, Any] = {"form": form, "dates": dates, "seen": seen_of(campaign.window)}
    return render(request, "repeat.html", title=_("Repeat this window"), campaign=campaign, **context)


def _drafted(request: HttpRequest, campaign: Campaign, form: RepeatForm) -> bool:
    actor, window = planner(request), campaign.window
    try:
        with transaction.atomic():
            if problem := conflict(window, request.POST.get("seen", ""), reader=actor):
                form.add_error(None, problem)
                return False
            count = form.cleaned_data["count"]
            services.repeat(campaign, rule=form.rule(window), count=count, actor=actor, now=timezone.now())
    except WindowError as refusal:
        form.add_error(None, refusal)
        return False
    words = ngettext(
        "%(count)s further window was drafted. Nobody hears of it before it is scheduled.",
        "%(count)s further windows were drafted. Nobody hears of them before they are scheduled, one by one.",
        count,
    )
    messages.success(request, words % {"count": count})
    return True


def _dates(window: MaintenanceWindow, form: RepeatForm) -> list[str]:
    zone, language = window.time_zone, get_language() or "en"
    rule, count = form.rule(window), form.cleaned_data["count"]
    starts = occurrences(window.starts_at, zone=zone_or_utc(zone), rule=rule, count=count)
    return [format_period(start, start + window.duration, zone=zone, language=language) for start in starts]
