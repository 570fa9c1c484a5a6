"""What the addresses of the pages are filled with, and the pages that no address leads to by itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import RequestFactory
from django.urls import get_resolver, reverse
from django.utils import translation
from django.views.csrf import csrf_failure
from django.views.defaults import page_not_found, permission_denied, server_error

from apps.campaigns.models import Campaign
from apps.common.tokens import Purpose, sign
from apps.delivery.clock import database_now
from apps.delivery.models import Delivery, DeliveryState
from apps.windows.models import MaintenanceWindow, WindowStatus

from .pages_to_show import Arguments, Shown
from .scenery import Scene


def rows_of(scene: Scene) -> Mapping[str, Any]:
    """By model the row to show."""
    assert get_resolver().url_patterns  # only reading them brings in every admin page
    rows: dict[str, Any] = {
        model._meta.label_lower: model._default_manager.order_by("pk").first() for model in admin.site._registry
    }
    planned = _campaign(WindowStatus.SCHEDULED)
    return rows | {"campaigns.campaign": planned, "windows.maintenancewindow": planned.window}


def looks_of(scene: Scene, *, language: str) -> Mapping[str, Mapping[str, Arguments]]:
    """By the name of an address, and by a word for each of its looks, what it alone is filled with."""
    planned, finished, running = _campaign(WindowStatus.SCHEDULED), _campaign(WindowStatus.COMPLETED), _running()
    message = _message_to(language, campaign=finished)
    reached = planned.touchpoints.filter(segment__isnull=False).order_by("pk").first()
    assert reached is not None, "the demo's windows have a plan"
    one = {
        "admin:auth_user_password_change": {"id": planned.owner_id},
        "admin:audiences_contact_import_columns": {"pk": scene.imports["uploaded"].pk},
        "admin:upstream_upstreamnotice_review": {"pk": scene.notice_file_id},
        "admin:windows_maintenancewindow_left_out": {"segment_id": reached.segment_id, "channel_id": reached.channel_id},
        "dashboard:delivery": {"campaign_id": finished.pk, "delivery_id": message.pk},
        "dashboard:live": {"campaign_id": running.pk},
        "dashboard:log": {"campaign_id": finished.pk},
        "dashboard:review": {"campaign_id": finished.pk},
        "delivery:hold_updates": {"pk": running.pk},
        "delivery:rehearse": {"campaign_id": scene.draft.campaign.pk},
        "delivery:release_updates": {"pk": scene.held.pk},
        "delivery:update": {"pk": running.pk},
        "publishing:notice": {"uid": planned.window.uid},
        "publishing:subscribe": {"token": scene.feed_tokens[language, "kept"]},
        "tracking:preferences": {"signed": _name_of(message)},
        "tracking:unsubscribe": {"signed": _name_of(message)},
    }
    one |= {f"delivery:{name}": {"pk": scene.rehearsal.pk} for name in ("rehearsal", "rehearsal_now", "stop_rehearsal")}
    on_draft = ("draft", "texts", "review", "matrix")
    one |= {f"admin:windows_maintenancewindow_{name}": {"pk": scene.draft.pk} for name in on_draft}
    return {name: {"": arguments} for name, arguments in one.items()} | {
        "admin:audiences_contact_import_review": {
            state: {"pk": job.pk} for state, job in scene.imports.items() if state != "uploaded"
        },
        "admin:windows_maintenancewindow_do": {verb: {"pk": pk, "verb": verb} for verb, pk in _verbs().items()},
        "delivery:pause": {"campaign": {"kind": "campaign", "pk": planned.pk}},
        "delivery:rehearsal_link": {"notice": {"what": "notice"}},
        "delivery:resume": {"campaign": {"kind": "campaign", "pk": scene.held.pk}},
    }


def recipients_pages(scene: Scene, *, language: str) -> Iterator[Shown]:
    """What recipients see after they have decided, and where a link leads nowhere."""
    last = _message_to(language, campaign=_campaign(WindowStatus.COMPLETED), number=1)
    unsubscribe, choose = (reverse(f"tracking:{name}", args=[_name_of(last)]) for name in ("unsubscribe", "preferences"))
    yield Shown(name="tracking:preferences-saved", path=choose, press="button[name=save]")
    yield Shown(name="tracking:unsubscribed", path=unsubscribe, press="button[type=submit]")
    subscription = reverse("publishing:subscribe", args=[scene.feed_tokens[language, "ended"]])
    yield Shown(name="publishing:subscription-ended", path=subscription, press="form:has([value=revoke]) button")


def broken_pages(*, language: str) -> Iterator[Shown]:
    request = RequestFactory().get("/broken")
    request.user = AnonymousUser()
    request.csp_nonce = ""
    with translation.override(language):
        answers = {
            "not-there": page_not_found(request, Http404()),
            "not-allowed": permission_denied(request, PermissionDenied()),
            "form-expired": csrf_failure(request),
            "broken": server_error(request),
        }
    for name, answer in answers.items():
        yield Shown(name=f"error:{name}", path=f"/error/{name}", html=answer.content.decode())
    yield Shown(name="error:no-link", path=reverse("tracking:unsubscribe", args=["cut-off"]), status=404)
    yield Shown(name="error:no-calendar", path=reverse("publishing:subscribe", args=["cut-off"]), status=404)


def _verbs() -> Mapping[str, int]:
    """Each deed on a window to which it can be done."""
    from apps.campaigns.admin.verbs import verbs_for

    found: dict[str, int] = {}
    for campaign in Campaign.objects.select_related("window").order_by("-window__status", "pk"):
        for verb in verbs_for(campaign, now=database_now()):
            found.setdefault(verb.name, campaign.window_id)
    return found


def _message_to(language: str, *, campaign: Campaign, number: int = 0) -> Delivery:
    """One that was sent by e-mail to somebody who reads this language."""
    rows = Delivery.objects.filter(touchpoint__campaign=campaign, state=DeliveryState.SENT, contact__language=language)
    return rows.filter(address__contains="@", touchpoint__step_key="announce").order_by("pk")[number]


def _name_of(message: Delivery) -> str:
    return sign(Purpose.UNSUBSCRIBE, message.token)


def _campaign(status: str) -> Campaign:
    """The latest of the demo's own."""
    rows = Campaign.objects.filter(window__status=status, paused_at__isnull=True).select_related("window")
    found = rows.order_by("-window__starts_at").first()
    assert found is not None, f"the demo has a window that is {status}"
    return found


def _running() -> Campaign:
    """It has the most to show on the live page."""
    live = Campaign.objects.filter(window__in=MaintenanceWindow.objects.live(), paused_at__isnull=True)
    found = live.order_by("window__starts_at").first()
    assert found is not None, "the demo has a live window"
    return found
