"""What the pages of a window have in common: who may open them, which row they are about, and their frame."""

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.doors.conflicts import OPENED, conflict_about, contrasts, opened_at
from apps.accounts.doors.trail_admin import reader_of
from apps.accounts.models import AuditEvent, User
from apps.common.times import format_instant
from apps.windows.models import MaintenanceWindow

from ..forms.verbs import seen_of
from ..models import Campaign


def planner(request: HttpRequest) -> User:
    """The person signed in; the admin lets nobody else come so far."""
    return cast(User, request.user)


def may(request: HttpRequest, permission: str) -> bool:
    """`permission` is view, add or change."""
    return planner(request).has_perm(f"windows.{permission}_maintenancewindow")


def require(request: HttpRequest, permission: str) -> None:
    if not may(request, permission):
        raise PermissionDenied


def find_campaign(pk: int) -> Campaign:
    """By its window's number, which is what the addresses of the admin carry."""
    rows = Campaign.objects.select_related("window", "playbook", "owner")
    return get_object_or_404(rows, window_id=pk)


def hold_campaign(pk: int) -> None:
    """Keeps others from changing the campaign of window `pk` until the transaction ends."""
    list(Campaign.objects.select_for_update().filter(window_id=pk).values_list("pk"))


def render(request: HttpRequest, template: str, *, title: str, campaign: Campaign | None = None, **context: Any) -> HttpResponse:
    frame = admin.site.each_context(request) | {"opts": MaintenanceWindow._meta, "title": title, "campaign": campaign}
    if campaign is not None:
        frame |= {"window": campaign.window, "opened_at": request.POST.get(OPENED) or timezone.now().isoformat()}
    return TemplateResponse(request, f"admin/windows/maintenancewindow/{template}", frame | context)


def conflict(window: MaintenanceWindow, seen: str, *, reader: User) -> str:
    """Names who changed the window since the page was opened, and when; empty when nobody did."""
    if seen == seen_of(window):
        return ""
    return changed_words(last_change(window, getattr(window, "campaign", None)), reader=reader)


def two_at_one_form(request: HttpRequest, campaign: Campaign, *forms: BaseForm) -> dict[str, Any]:
    """For the page of `forms` that somebody was quicker to save: who, what since, and each value beside what was typed."""
    several = len(forms) > 1
    found = conflict_about(campaign.window, campaign, opened_at=opened_at(request), reader=reader_of(request))
    named = ((form, f"{getattr(form, 'language_name', '')}: " if several else "") for form in forms)
    return {"conflict": found, "contrasts": [one for form, name in named for one in contrasts(form, prefix=name)]}


def last_change(*subjects: Model | None) -> AuditEvent | None:
    """The last deed on any of `subjects`."""
    about = Q()
    for subject in subjects:
        if subject is not None:
            about |= Q(subject_type=subject._meta.label_lower, subject_id=str(subject.pk))
    return AuditEvent.objects.filter(about).select_related("actor").first()


def changed_words(last: AuditEvent | None, *, reader: User) -> str:
    """That somebody was quicker: who, and when."""
    if last is None:
        return _("It has changed since you opened this page. Look at it as it stands now, then decide again.")
    return _("%(who)s changed it since you opened this page (%(when)s). Look at it as it stands now, then decide again.") % {
        "who": last.actor or _("The system"),
        "when": format_instant(last.at, zone=reader.time_zone, language=reader.language),
    }
