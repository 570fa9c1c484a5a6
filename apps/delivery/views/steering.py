"""The pages on which a person holds sending back and lets it go on: consequences first, the deed on a POST."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.campaigns.models import Campaign, Touchpoint
from apps.campaigns.moments import instant_words
from apps.channels.models import Channel

from .. import steering
from ..clock import database_now
from ..forms import USUAL_MINUTES, PauseForm, ReleaseForm
from ..held_rows import held_rows
from ..overdue import OverdueTable, overdue_table
from ..pauses import TOUCHPOINT, Pause, pauses_of, pauses_on, target_words
from ..steering import Choice, Released, Target
from ..stillness import await_stillness

# What can be paused, and who may: those who may change it otherwise.
KINDS: Mapping[str, tuple[type[models.Model], Sequence[str], str]] = {
    "campaign": (Campaign, ("window", "paused_by"), "windows.change_maintenancewindow"),
    "touchpoint": (Touchpoint, TOUCHPOINT, "windows.change_maintenancewindow"),
    "channel": (Channel, ("paused_by",), "channels.change_channel"),
}


@admin.site.admin_view
def pause_page(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    target, now = _target(request, kind, pk), database_now()
    back = back_to(request, target)
    if target.paused_at:
        messages.info(request, Pause(target=target).sentence(reader(request).time_zone))
        return redirect(back)
    form = PauseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if steering.pause(target, reason=form.cleaned_data["reason"], actor=reader(request), now=now):
            unanswered = await_stillness(steering.batches_of(target), now=now)
            messages.success(request, _("It is paused: nothing more of it leaves until somebody lets it go on."))
            if unanswered.messages:
                messages.warning(request, unanswered.sentence)
        else:
            messages.warning(request, _("It was not paused: nothing of it is still to leave, or somebody was quicker."))
        return redirect(back)
    context = {"title": _("Pause sending"), "form": form, "outlook": steering.outlook(target), "held": held_rows(target, now=now)}
    return render(request, "admin/delivery/pause.html", target, back, context)


@admin.site.admin_view
def resume_page(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    target, now = _target(request, kind, pk), database_now()
    back = back_to(request, target)
    if not target.paused_at:
        messages.info(request, _("It is not paused (any more)."))
        return redirect(back)
    if isinstance(target, Campaign) and target.unapproved_since:
        messages.warning(request, _("It was edited after it was approved: it goes on once a second person has approved it anew."))
        return redirect("admin:windows_maintenancewindow_approval", target.window_id)
    table = overdue_table(steering.held_back_by(target), steering.batches_held_back_by(target), now=now)
    form = ReleaseForm(request.POST if request.method == "POST" else None, **asked_of(table))
    if request.method == "POST" and form.is_valid():
        released = steering.resume(target, choice=form.chosen, over=form.over, actor=reader(request), now=now)
        if released:
            messages.success(request, released_words(released, zone=reader(request).time_zone))
        else:
            messages.warning(request, _("Somebody else has let it go on meanwhile."))
        return redirect(back)
    context = {
        "title": _("Resume sending"),
        "form": form,
        "pause": Pause(target=target).sentence(reader(request).time_zone),
        "others": _others(target, reader(request)),
        **table_context(table, form),
    }
    return render(request, "admin/delivery/resume.html", target, back, context)


def asked_of(table: OverdueTable) -> dict[str, Any]:
    return {"asks": bool(table.rows), "unreadable": table.unreadable}


def table_context(table: OverdueTable, form: ReleaseForm) -> dict[str, Any]:
    """The table with the times at which each touchpoint would have left, for the minutes in the form."""
    minutes = form["minutes"].value() if "minutes" in form.fields else None
    try:
        over = timedelta(minutes=int(minutes or USUAL_MINUTES))
    except (ValueError, OverflowError):
        over = timedelta(minutes=USUAL_MINUTES)
    return {"table": table, "lines": table.lines(over=over), "minutes": round(over.total_seconds() / 60)}


def released_words(released: Released, *, zone: str) -> str:
    words = [_going_on_words(released, zone)]
    if released.cut_short:
        words.append(
            ngettext(
                "%(count)s touchpoint was written in part: those of its people who had no message yet get none.",
                "%(count)s touchpoints were written in part: those of their people who had no message yet get none.",
                released.cut_short,
            )
            % {"count": released.cut_short}
        )
    return " ".join(words)


def _going_on_words(released: Released, zone: str) -> str:
    match released.choice:
        case Choice.SKIP if released.skipped:
            words = ngettext(
                "Sending goes on; %(count)s overdue message was skipped.",
                "Sending goes on; %(count)s overdue messages were skipped.",
                released.skipped,
            )
            return words % {"count": released.skipped}
        case Choice.SPREAD if released.last_at:
            words = _("Sending goes on; the last of the overdue messages begin to leave at this time: %(when)s.")
            return words % {"when": instant_words(released.last_at, zone)}
    return _("Sending goes on.")


def _others(target: Target, reader: User) -> list[str]:
    """What else keeps it back, which this page does not end."""
    match target:
        case Touchpoint():
            found = pauses_on(target)
        case Campaign():
            found = pauses_of(target)
        case Channel():
            found = []
    return [pause.sentence(reader.time_zone) for pause in found if pause.target != target]


def _target(request: HttpRequest, kind: str, pk: int) -> Target:
    if kind not in KINDS:
        raise Http404(kind)
    model, related, permission = KINDS[kind]
    if not reader(request).has_perm(permission):
        raise PermissionDenied
    return cast(Target, get_object_or_404(model._default_manager.select_related(*related), pk=pk))


def reader(request: HttpRequest) -> User:
    return cast(User, request.user)  # the admin lets nobody else come so far


def back_to(request: HttpRequest, target: Target) -> str:
    """The page that led here, where it is one of ours; otherwise that of the window or channel."""
    asked = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return asked
    match target:
        case Channel():
            return reverse("admin:channels_channel_change", args=[target.pk])
        case Touchpoint():
            return reverse("admin:windows_maintenancewindow_change", args=[target.campaign.window_id])
        case Campaign():
            return reverse("admin:windows_maintenancewindow_change", args=[target.window_id])


def render(request: HttpRequest, template: str, target: Target, back: str, context: dict[str, Any]) -> HttpResponse:
    frame = admin.site.each_context(request) | {"target": target, "kind": target._meta.model_name, "name": target_words(target)}
    return TemplateResponse(request, template, frame | {"back": back} | context)
