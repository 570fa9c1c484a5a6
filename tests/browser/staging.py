"""What the demo does not have by itself, and which of its rows show each page best."""

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.contrib import admin

from apps.accounts.models import User
from apps.campaigns import services as campaigns
from apps.campaigns.models import Campaign, Playbook
from apps.delivery.clock import database_now
from apps.delivery.models import Rehearsal
from apps.delivery.rehearsing.start import Wishes, start_rehearsal
from apps.windows.models import MaintenanceWindow, Service, WindowStatus
from demo.seed.base import USERNAME

from .pages_to_show import Shown, pages_to_show

DRAFT = "Renewal of the certificates"
PATIENCE_SECONDS = 120


def stage(*, language: str) -> None:
    """A planner of this language, a draft, and a rehearsal of it that has ended."""
    now, planner = database_now(), User.objects.get(username=USERNAME)
    User.objects.filter(pk=planner.pk).update(language=language)
    starts_at = (now + timedelta(days=16)).replace(minute=0, second=0, microsecond=0)
    window = MaintenanceWindow.objects.create(
        title=DRAFT,
        time_zone="Europe/Paris",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=3),
        announced_ends_at=starts_at + timedelta(hours=4, minutes=30),
        content_changed_at=now,
        reason="The certificates of the shop end this month.",
        effect="Orders and payments pause for a few minutes at a time.",
        alternatives="Orders can be placed by phone on +33 1 23 45 67 89.",
    )
    window.services.set(Service.objects.filter(slug="checkout"))
    playbook = Playbook.objects.get(is_default=True)
    draft = campaigns.open_campaign(window, playbook=playbook, owner=planner, actor=planner, now=now)
    rehearsal = start_rehearsal(draft, wishes=Wishes(lasts=timedelta(0)), planner=planner, now=database_now())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Rehearsal.objects.get(pk=rehearsal.pk).is_running:
        assert time.monotonic() < deadline, "The rehearsal does not end"
        time.sleep(0.5)


def to_show() -> Iterator[Shown | str]:
    return pages_to_show(_rows(), _verbs())


def _rows() -> Mapping[str, Any]:
    """By model the row to show; by the name of an address what it alone is filled with."""
    rows: dict[str, Any] = {
        model._meta.label_lower: model._default_manager.order_by("pk").first() for model in admin.site._registry
    }
    draft, planned = _window(DRAFT), _campaign(WindowStatus.SCHEDULED)
    finished, rehearsal = _campaign(WindowStatus.COMPLETED), Rehearsal.objects.first()
    rows |= {"campaigns.campaign": planned, "windows.maintenancewindow": planned.window}
    rows |= {"dashboard:review": {"campaign_id": finished.pk}, "dashboard:live": {"campaign_id": _latest().pk}}
    rows |= {f"delivery:{name}": {"pk": rehearsal.pk} for name in ("rehearsal", "rehearsal_now", "stop_rehearsal") if rehearsal}
    rows |= {"delivery:pause": {"pk": planned.pk}, "delivery:rehearse": {"campaign_id": draft.campaign.pk}}
    rows |= {f"admin:windows_maintenancewindow_{name}": {"pk": draft.pk} for name in ("draft", "texts", "review", "matrix")}
    rows |= {"publishing:notice": {"uid": planned.window.uid}}
    return rows


def _verbs() -> Mapping[str, int]:
    """Each deed on a window to which it can be done."""
    from apps.campaigns.admin.verbs import verbs_for

    found: dict[str, int] = {}
    for campaign in Campaign.objects.select_related("window").order_by("-window__status", "pk"):
        for verb in verbs_for(campaign, now=database_now()):
            found.setdefault(verb.name, campaign.window_id)
    return found


def _window(title: str) -> MaintenanceWindow:
    return MaintenanceWindow.objects.select_related("campaign").get(title=title)


def _campaign(status: str) -> Campaign:
    found = Campaign.objects.filter(window__status=status).select_related("window").order_by("-window__starts_at").first()
    assert found is not None, f"the demo has a window that is {status}"
    return found


def _latest() -> Campaign:
    """That which runs, or is about to: it has the most to show on the live page."""
    live = Campaign.objects.filter(window__in=MaintenanceWindow.objects.live()).order_by("window__starts_at").first()
    assert live is not None, "the demo has a live window"
    return live
