"""A campaign once more, or its plan as a playbook of its own."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.common.times import format_duration
from apps.common.zones import zone_or_utc
from apps.windows.models import MaintenanceWindow
from apps.windows.sentences import wall_time_note
from apps.windows.services import WindowError

from ..copies import duplicate
from ..forms.copies import DuplicateForm, PlaybookNameForm
from ..matrix.playbooks import save_as_playbook
from ..models import Campaign
from .pages import find_campaign, planner, render, require

A_WEEK = timedelta(days=7)


def duplicate_page(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "add")
    campaign, now = find_campaign(pk), timezone.now()
    window = campaign.window
    form = DuplicateForm(request.POST or None, window=window, now=now, initial=_proposed(window, now))
    if form.is_valid() and form.starts_at is not None:
        try:
            copied = duplicate(
                campaign, title=form.cleaned_data["title"], starts_at=form.starts_at, actor=planner(request), now=now
            )
        except WindowError as refusal:
            form.add_error(None, refusal)
        else:
            _say_drafted(request, form)
            return redirect("admin:windows_maintenancewindow_change", copied.window_id)
    lead = _(
        "A draft with the same texts, services, length (%(length)s), playbook, owner and plan, what was decided by hand "
        "included. Nobody hears of it before it is scheduled. The start is on the clock of its zone, %(zone)s."
    ) % {"length": format_duration(window.duration, language=get_language() or "en"), "zone": window.time_zone}
    return _form_page(request, campaign, form, title=_("Duplicate this window"), lead=lead, confirm=_("Draft it"))


def save_playbook_page(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "view")
    if not planner(request).has_perm("campaigns.add_playbook"):
        raise PermissionDenied
    campaign = find_campaign(pk)
    form = PlaybookNameForm(request.POST or None)
    if form.is_valid():
        try:
            with transaction.atomic():
                playbook = save_as_playbook(campaign, **form.cleaned_data, actor=planner(request), now=timezone.now())
        except IntegrityError:  # somebody was quicker with the same name
            form.add_error("name", _("There is a playbook of this name already: choose another one."))
        else:
            messages.success(request, _("The plan was saved as a playbook. New windows can follow it."))
            return redirect("admin:campaigns_playbook_matrix", playbook.pk)
    lead = _("The messages of this plan as they are on now, for other windows to follow. This campaign stays as it is.")
    return _form_page(request, campaign, form, title=_("Save the plan as a playbook"), lead=lead, confirm=_("Save as a playbook"))


def _form_page(request: HttpRequest, campaign: Campaign, form: Any, **context: Any) -> HttpResponse:
    title = context.pop("title")
    return render(request, "copy.html", title=title, campaign=campaign, form=form, **context)


def _proposed(window: MaintenanceWindow, now: datetime) -> dict[str, Any]:
    """The same weekday and time on the wall clock, in the first week that is still to come."""
    zone = zone_or_utc(window.time_zone)
    start = window.starts_at.astimezone(zone).replace(tzinfo=None)
    weeks = max((now.astimezone(zone).replace(tzinfo=None) - start) // A_WEEK, 0) + 1
    start += weeks * A_WEEK
    return {"title": window.title, "start_date": start.date(), "start_time": start.time()}


def _say_drafted(request: HttpRequest, form: DuplicateForm) -> None:
    messages.success(request, _("It was drafted. Nobody hears of it before it is scheduled."))
    typed = datetime.combine(form.cleaned_data["start_date"], form.cleaned_data["start_time"])
    if note := wall_time_note(typed, form.window.time_zone):
        messages.warning(request, note)
