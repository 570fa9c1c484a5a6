"""The messaging matrix of a playbook, or of the plan of a window."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from ..messaging import messaging_matrix
from ..models import Campaign, MessageTemplate, Playbook
from .pages import planner


def messaging_page(request: HttpRequest) -> HttpResponse:
    user = planner(request)
    if not user.has_perm("campaigns.view_messagetemplate"):
        raise PermissionDenied
    playbooks, campaign = list(Playbook.objects.active()), _campaign(request)
    playbook = campaign.playbook if campaign else _asked(request, playbooks) or next(iter(playbooks), None)
    context = admin.site.each_context(request) | {
        "title": _("Messaging matrix"),
        "opts": MessageTemplate._meta,
        "playbooks": playbooks,
        "playbook": playbook,
        "campaign": campaign,
        "matrix": messaging_matrix(playbook, campaign=campaign) if playbook else None,
        "may_add": user.has_perm("campaigns.add_messagetemplate"),
    }
    return TemplateResponse(request, "admin/campaigns/messaging.html", context)


def _campaign(request: HttpRequest) -> Campaign | None:
    window = request.GET.get("window", "")
    if not (window.isascii() and window.isdecimal() and len(window) < 19):
        return None
    return Campaign.objects.filter(window=int(window)).select_related("window", "playbook").first()


def _asked(request: HttpRequest, playbooks: list[Playbook]) -> Playbook | None:
    number = request.GET.get("playbook", "")
    return next((playbook for playbook in playbooks if str(playbook.pk) == number), None)
