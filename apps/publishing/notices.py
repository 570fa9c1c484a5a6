"""What the public page of one window says, in one language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import translation

from apps.common.times import format_duration, format_instant, format_period
from apps.windows.models import LIVE_STATUSES, MaintenanceWindow, Said, WindowRevision, WindowStatus, WindowText

LATEST_UPDATES = 10
TONES = {  # the state colour of static/preavis/tokens.css
    WindowStatus.SCHEDULED: "info",
    WindowStatus.IN_PROGRESS: "warn",
    WindowStatus.VERIFYING: "warn",
    WindowStatus.COMPLETED: "ok",
    WindowStatus.CANCELLED: "idle",
}


@dataclass(frozen=True, kw_only=True)
class Update:
    at: datetime
    when: str
    what: str
    reason: Said


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A window in words; `planned`, `actual` and the others are whole times with their zone, empty where there is none."""

    window: MaintenanceWindow
    text: WindowText
    outcome: Said
    tone: str
    planned: str
    planned_utc: str
    lasts: str
    late_end: str
    actual: str
    services: Sequence[str]
    updates: Sequence[Update]


def notice_of(window: MaintenanceWindow, *, language: str) -> Notice:
    with translation.override(language):
        return Notice(
            window=window,
            text=window.text_in(language),
            outcome=window.outcome_in(language),
            tone=TONES[WindowStatus(window.status)],
            planned=format_period(window.starts_at, window.ends_at, zone=window.time_zone, language=language),
            planned_utc=_in_utc(window, language),
            lasts=_lasts(window, language),
            late_end=_late_end(window, language),
            actual=_actual(window, language),
            services=[service.name for service in window.services.all()],
            updates=[_update(revision, language) for revision in _latest(window)],
        )


def _in_utc(window: MaintenanceWindow, language: str) -> str:
    return format_period(window.starts_at, window.ends_at, zone="UTC", language=language) if window.time_zone != "UTC" else ""


def _lasts(window: MaintenanceWindow, language: str) -> str:
    shortest = format_duration(window.duration, language=language)
    longest = format_duration(window.announced_ends_at - window.starts_at, language=language)
    return shortest if shortest == longest else f"{shortest} – {longest}"


def _late_end(window: MaintenanceWindow, language: str) -> str:
    if window.announced_ends_at == window.ends_at or window.status not in LIVE_STATUSES:
        return ""
    return format_instant(window.announced_ends_at, zone=window.time_zone, language=language)


def _actual(window: MaintenanceWindow, language: str) -> str:
    began, ended = window.actual_started_at, window.actual_ended_at
    if began is None or ended is None or ended - began < timedelta(minutes=1):
        return ""
    return format_period(began, ended, zone=window.time_zone, language=language)


def _latest(window: MaintenanceWindow) -> Sequence[WindowRevision]:
    return list(window.revisions.order_by("-number")[:LATEST_UPDATES])


def _update(revision: WindowRevision, language: str) -> Update:
    when = format_instant(revision.changed_at, zone=revision.time_zone, language=language)
    return Update(at=revision.changed_at, when=when, what=str(revision.get_change_display()), reason=revision.reason_in(language))
