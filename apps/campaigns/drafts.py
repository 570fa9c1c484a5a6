"""Drafts: a window and its campaign written together, and changed freely as long as nobody outside was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record_change
from apps.accounts.trail.snapshots import stored
from apps.windows import services as windows
from apps.windows.models import MaintenanceWindow, Service, WindowStatus

from . import services as campaigns
from .models import Campaign, Playbook


@dataclass(frozen=True, kw_only=True)
class Draft:
    """All that a planner fills in about a window before it is scheduled; `texts` hold the title, too."""

    services: Sequence[Service]
    starts_at: datetime
    ends_at: datetime
    announced_ends_at: datetime
    time_zone: str
    impact: str
    heavy_traffic: bool
    starts_automatically: bool
    language: str
    texts: Mapping[str, str]
    translation_language: str
    translation: Mapping[str, str]  # empty: there is none
    playbook: Playbook
    owner: User | None


@transaction.atomic
def open_draft(draft: Draft, *, actor: User | None, now: datetime) -> Campaign:
    """Raises WindowError, and writes nothing, where a window cannot be as `draft` says."""
    window = windows.create_window(
        services=draft.services,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        announced_ends_at=draft.announced_ends_at,
        time_zone=draft.time_zone,
        impact=draft.impact,
        heavy_traffic=draft.heavy_traffic,
        starts_automatically=draft.starts_automatically,
        language=draft.language,
        actor=actor,
        now=now,
        **draft.texts,
    )
    _translate(window, draft, actor=actor, now=now)
    return campaigns.open_campaign(window, playbook=draft.playbook, owner=draft.owner, actor=actor, now=now)


@transaction.atomic
def change_draft(campaign: Campaign, draft: Draft, *, actor: User, now: datetime) -> None:
    """Makes a draft what `draft` says; refuses (WindowError) once the window is more than a draft."""
    campaign = Campaign.objects.select_for_update().select_related("window").get(pk=campaign.pk)
    window = campaign.window
    if window.status != WindowStatus.DRAFT:
        raise windows.WindowError(
            _("It is no longer a draft: somebody scheduled or cancelled it meanwhile."), code="wrong_status"
        )
    _retime(campaign, draft, actor=actor, now=now)
    windows.edit_details(
        window,
        services=draft.services,
        impact=draft.impact,
        heavy_traffic=draft.heavy_traffic,
        starts_automatically=draft.starts_automatically,
        language=draft.language,
        actor=actor,
        now=now,
    )
    windows.edit_texts(window, actor=actor, now=now, **draft.texts)
    _translate(window, draft, actor=actor, now=now)
    if (campaign.playbook_id, campaign.owner_id) != (draft.playbook.pk, draft.owner and draft.owner.pk):
        before = stored(Campaign, campaign.pk, only=("playbook", "owner"))
        campaign.playbook, campaign.owner = draft.playbook, draft.owner
        campaign.save(update_fields=["playbook", "owner", "updated_at"])
        record_change("campaign.changed", subject=campaign, before=before, actor=actor, now=now)


def _retime(campaign: Campaign, draft: Draft, *, actor: User, now: datetime) -> None:
    window = campaign.window
    times = (window.starts_at, window.ends_at, window.announced_ends_at, window.time_zone)
    if times == (draft.starts_at, draft.ends_at, draft.announced_ends_at, draft.time_zone):
        return
    windows.reschedule_window(
        window,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        announced_ends_at=draft.announced_ends_at,
        time_zone=draft.time_zone,
        reason="",
        actor=actor,
        now=now,
    )


def _translate(window: MaintenanceWindow, draft: Draft, *, actor: User | None, now: datetime) -> None:
    existing = window.translations.filter(language=draft.translation_language).exists()
    if draft.translation or existing:
        texts = draft.translation or dict.fromkeys(windows.TEXTS, "")
        windows.edit_texts(window, language=draft.translation_language, actor=actor, now=now, **texts)
