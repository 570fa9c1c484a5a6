"""The door of the checks: from a campaign to its findings."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from apps.windows.models import MaintenanceWindow
from apps.windows.rules import notice_warning
from apps.windows.sentences import notice_sentence, overlap_sentences
from apps.windows.services import find_overlaps

from ..models import Campaign
from .findings import Finding, Level, Place


def findings_of(campaign: Campaign, *, now: datetime) -> list[Finding]:
    """Reads only; the sentences are in the language that is active."""
    window = campaign.window
    return [*_notice(window, now), *_overlaps(window)]


def _notice(window: MaintenanceWindow, now: datetime) -> Iterator[Finding]:
    warning = notice_warning(window.impact, window.duration, window.starts_at - now)
    if warning:
        href = reverse("admin:windows_maintenancewindow_draft", args=[window.pk])
        yield Finding(code="notice", level=Level.WARN, sentence=notice_sentence(warning), href=href, where=Place.START)


def _overlaps(window: MaintenanceWindow) -> Iterator[Finding]:
    services = list(window.services.all())
    found = find_overlaps(starts_at=window.starts_at, ends_at=window.ends_at, services=services, exclude=window)
    for other, sentence in zip(found, overlap_sentences(found), strict=True):
        href = reverse("admin:windows_maintenancewindow_change", args=[other.pk])
        yield Finding(code="overlap", level=Level.WARN, sentence=sentence, href=href, where=Place.SERVICES)
