"""The messaging matrix of a playbook, or of the one that a window follows."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from ..messaging import messaging_matrix
from ..models import MessageTemplate, Playbook
from .pages import planner


def messaging_page(request: HttpRequest) -> HttpResponse:
    user = planner(request)
    if not user.has_perm("campaigns.view_messagetemplate"):
        raise PermissionDenied
    playbooks = list(Playbook.objects.active())
    playbook = _asked(request, playbooks) or next(iter(playbooks), None)
    context = admin.site.each_context(request) | {
        "title": _("Messaging matrix"),
        "opts": MessageTemplate._meta,
        "playbooks": playbooks,
        "playbook": playbook,
        "matrix": messaging_matrix(playbook) if playbook else None,
        "may_add": user.has_perm("campaigns.add_messagetemplate"),
    }
    return TemplateResponse(request, "admin/campaigns/messaging.html", context)


def _asked(request: HttpRequest, playbooks: list[Playbook]) -> Playbook | None:
    window, number = request.GET.get("window", ""), request.GET.get("playbook", "")
    if window.isascii() and window.isdecimal() and len(window) < 19:
        return Playbook.objects.filter(campaigns__window=int(window)).first()
    return next((playbook for playbook in playbooks if str(playbook.pk) == number), None)
