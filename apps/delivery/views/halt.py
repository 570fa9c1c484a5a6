"""The page on which a person decides about an installation that is halted, or declares it a copy."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.campaigns.models import Touchpoint

from .. import halts
from ..clock import database_now
from ..forms import ReleaseForm
from ..homes import home
from ..models import Batch, Installation
from ..overdue import overdue_table
from ..policy import Halt
from ..stillness import await_stillness
from .steering import asked_of, released_words, table_context


@admin.site.admin_view
def halt_page(request: HttpRequest) -> HttpResponse:
    planner, now = cast(User, request.user), database_now()
    if not planner.has_perm("delivery.change_installation"):
        raise PermissionDenied
    if request.method == "POST" and "_copy" in request.POST:
        halts.declare_copy(actor=planner, now=now)
        unanswered = await_stillness(Batch.objects.all(), now=now)
        messages.success(request, _("This installation is a copy now: it sends nothing."))
        if unanswered.messages:
            messages.warning(request, unanswered.sentence)
        return redirect(request.path)
    row = Installation.objects.first()
    table = overdue_table(Touchpoint.objects.going(), Batch.objects.unpaused(), now=now)
    form = ReleaseForm(request.POST if request.method == "POST" else None, **asked_of(table))
    if request.method == "POST" and form.is_valid():
        released = halts.release(choice=form.chosen, over=form.over, actor=planner, now=now)
        if released:
            messages.success(request, released_words(released, zone=planner.time_zone))
        else:
            messages.warning(request, _("Somebody else has let it go on meanwhile."))
        return redirect("admin:index")
    return TemplateResponse(
        request,
        "admin/delivery/halt.html",
        admin.site.each_context(request)
        | {"title": _("Sending of this installation"), "name": "", "back": "", "form": form}
        | _state(row, planner)
        | table_context(table, form),
    )


def _state(row: Installation | None, planner: User) -> dict[str, Any]:
    if row is None or row.halted_at is None:
        return {"is_halted": False, "is_copy": False}
    return {
        "is_halted": True,
        "is_copy": row.halt == Halt.COPY,
        "sentence": halts.halt_sentence(row),
        "since": halts.since_words(row, planner.time_zone),
        "last_beat": halts.beat_words(row, planner.time_zone),
        "home_before": row.home,
        "home_now": home(),
    }
