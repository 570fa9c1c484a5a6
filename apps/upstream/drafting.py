"""A notice as a window: the draft it becomes, and how that draft follows the notice's later versions."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.campaigns.drafts import Draft, open_draft
from apps.campaigns.models import Campaign, Playbook
from apps.windows import services as windows
from apps.windows.models import MaintenanceWindow, Service, WindowStatus

from .effects import Said, Standing
from .models import UpstreamNotice, UpstreamObject

LONGEST_TITLE = 140


def said_by(notice: UpstreamNotice) -> Said:
    return Said(
        status=notice.provider_status,
        starts_at=notice.starts_at,
        ends_at=notice.ends_at,
        impact=notice.impact,
        summary=notice.summary,
        objects=tuple(notice.object_ids),
    )


def standing_of(window: MaintenanceWindow) -> Standing:
    return Standing(status=window.status, starts_at=window.starts_at, ends_at=window.ends_at, impact=window.impact)


def known_objects(notice: UpstreamNotice) -> dict[str, list[Service]]:
    """What planners have said of the notice's objects; one of which nothing was said is missing."""
    rows = UpstreamObject.objects.filter(provider_key=notice.provider_key, object_id__in=notice.object_ids)
    return {row.object_id: list(row.services.all()) for row in rows.prefetch_related("services")}


def is_ours(notice: UpstreamNotice, known: dict[str, list[Service]]) -> bool:
    """False only where a planner said of every object that none of our services stands on it."""
    ids = notice.object_ids
    return not ids or any(name not in known or known[name] for name in ids)


def affected_services(known: dict[str, list[Service]]) -> list[Service]:
    return sorted({service for services in known.values() for service in services}, key=lambda service: service.name)


def open_window(notice: UpstreamNotice, services: list[Service], *, actor: User | None, now: datetime) -> MaintenanceWindow:
    """A draft of what the provider says; who hears of it, and in which words, is for the planner.

    The provider's own words stay on the notice: they name circuits and speak to us, not to our customers.
    """
    playbook = Playbook.objects.active().first()
    if playbook is None:
        raise windows.WindowError(_("There is no playbook yet. Load those that come with Preavis: manage.py load_playbooks."))
    draft = Draft(
        services=services,
        starts_at=notice.starts_at,
        ends_at=notice.ends_at,
        announced_ends_at=notice.ends_at,  # the provider's window is a range already
        time_zone=notice.time_zone,
        impact=notice.impact,
        heavy_traffic=False,
        starts_automatically=True,
        language=settings.LANGUAGE_CODE,
        texts={"title": title_of(notice)},
        translation_language=settings.LANGUAGE_CODE,
        translation={},
        playbook=playbook,
        owner=actor,
    )
    return open_draft(draft, actor=actor, now=now).window


def title_of(notice: UpstreamNotice) -> str:
    return (notice.summary or f"{notice.provider} {notice.maintenance_id}".strip())[:LONGEST_TITLE].strip()


def follow(
    notice: UpstreamNotice,
    window: MaintenanceWindow,
    changed: Collection[str],
    services: list[Service],
    *,
    actor: User | None,
    now: datetime,
) -> None:
    """Changes in the draft what the provider has changed; what a planner wrote meanwhile stays."""
    if {"starts_at", "ends_at"} & set(changed):
        retime(notice, window, reason="", actor=actor, now=now)
    if "summary" in changed:
        windows.edit_texts(window, title=title_of(notice), actor=actor, now=now)
    if "impact" in changed:
        windows.edit_details(window, impact=notice.impact, actor=actor, now=now)
    if "objects" in changed and services:
        windows.edit_details(window, services=services, actor=actor, now=now)


def retime(notice: UpstreamNotice, window: MaintenanceWindow, *, reason: str, actor: User | None, now: datetime) -> None:
    announced = announced_end(notice, window)
    if (window.starts_at, window.ends_at, window.announced_ends_at) == (notice.starts_at, notice.ends_at, announced):
        return
    windows.reschedule_window(
        window,
        starts_at=notice.starts_at,
        ends_at=notice.ends_at,
        announced_ends_at=announced,
        reason=reason,
        actor=actor,
        now=now,
    )


def announced_end(notice: UpstreamNotice, window: MaintenanceWindow) -> datetime:
    """The range that a planner gave the window is kept."""
    return notice.ends_at + max(window.announced_ends_at - window.ends_at, timedelta(0))


def campaign_of(window: MaintenanceWindow) -> Campaign | None:
    return Campaign.objects.select_related("window").filter(window=window).first()


def is_draft(window: MaintenanceWindow | None) -> bool:
    return window is not None and window.status == WindowStatus.DRAFT
