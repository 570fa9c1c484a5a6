"""What can be done to a maintenance window. Each verb is one transaction: the window, its revision and the audit event.

Every verb locks the row, refuses with a WindowError whose sentence a planner can act on, and refreshes the `window` it
was given.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record, record_change
from apps.accounts.trail.snapshots import taken

from .changes import UNTRANSLATED, Translations, WindowError, further_words, locked, refuse_stale, retime, step_to, times_detail
from .checks import check_fields, check_services, promised_end, refuse_unknown
from .models import (
    WINDOW_TRANSITIONS,
    MaintenanceWindow,
    RevisionChange,
    Service,
    WindowRevision,
    WindowStatus,
    WindowTranslation,
)

__all__ = [
    "UNTRANSLATED",
    "Translations",
    "WindowError",
    "archive_services",
    "begin_verifying",
    "cancel_window",
    "complete_window",
    "create_window",
    "edit_details",
    "edit_texts",
    "extend_window",
    "find_overlaps",
    "rename_service",
    "reschedule_window",
    "restore_services",
    "resume_window",
    "schedule_window",
    "start_as_planned",
    "start_window",
    "withdraw_window",
]

TEXTS = frozenset({"title", "reason", "effect", "alternatives"})
DETAILS = frozenset({"impact", "heavy_traffic", "starts_automatically", "language"})


@transaction.atomic
def create_window(
    *,
    title: str,
    services: Sequence[Service],
    starts_at: datetime,
    ends_at: datetime,
    time_zone: str,
    impact: str,
    actor: User | None,
    now: datetime,
    announced_ends_at: datetime | None = None,
    **texts: Any,
) -> MaintenanceWindow:
    """Writes a draft, of which nobody outside the team hears before it is scheduled; its services may still be missing.

    `texts`: reason, effect, alternatives and their language; also heavy_traffic and starts_automatically.
    """
    refuse_unknown(texts, TEXTS | DETAILS)
    window = MaintenanceWindow(
        title=title.strip(),
        starts_at=starts_at,
        ends_at=ends_at,
        announced_ends_at=promised_end(starts_at, ends_at, announced_ends_at, now),
        time_zone=time_zone,
        impact=impact,
        content_changed_at=now,
        created_by=actor,
        **texts,
    )
    check_fields(window)
    window.save(force_insert=True)
    window.services.set(services)
    record("window.created", subject=window, actor=actor, now=now, **times_detail(window))
    return window


@transaction.atomic
def schedule_window(window: MaintenanceWindow, *, actor: User | None, now: datetime) -> WindowRevision:
    """Promises a draft to recipients."""
    current = locked(window, RevisionChange.SCHEDULED)
    refuse_stale(window, current)
    check_services(list(current.services.all()))
    promised_end(current.starts_at, current.ends_at, current.announced_ends_at, now)
    return step_to(window, WindowStatus.SCHEDULED, RevisionChange.SCHEDULED, actor=actor, now=now, scheduled_at=now)


def start_window(window: MaintenanceWindow, *, actor: User | None, now: datetime) -> WindowRevision:
    """The work has begun now, whenever it was planned to."""
    return step_to(window, WindowStatus.IN_PROGRESS, RevisionChange.STARTED, actor=actor, now=now, actual_started_at=now)


@transaction.atomic
def start_as_planned(window: MaintenanceWindow, *, now: datetime) -> WindowRevision:
    """The planned start has come: the window is taken as begun then, unless it was moved since `window` was read."""
    current = locked(window, RevisionChange.STARTED)
    refuse_stale(window, current)
    begun: dict[str, Any] = {"actual_started_at": current.starts_at}
    return step_to(window, WindowStatus.IN_PROGRESS, RevisionChange.STARTED, actor=None, now=now, **begun)


def begin_verifying(window: MaintenanceWindow, *, actor: User | None, now: datetime) -> WindowRevision:
    """The work is done and its effect is being checked; the window is not over."""
    return step_to(window, WindowStatus.VERIFYING, RevisionChange.VERIFYING, actor=actor, now=now)


def resume_window(window: MaintenanceWindow, *, actor: User | None, now: datetime) -> WindowRevision:
    """Back from verifying to work: there is more to do."""
    return step_to(window, WindowStatus.IN_PROGRESS, RevisionChange.RESUMED, actor=actor, now=now)


def complete_window(
    window: MaintenanceWindow,
    *,
    outcome: str,
    is_temporary: bool,
    translations: Translations = UNTRANSLATED,
    actor: User | None,
    now: datetime,
) -> WindowRevision:
    """Confirms that the work is over. Nothing completes by itself. `translations`: of the outcome, by language."""
    end: dict[str, Any] = {"actual_ended_at": now, "outcome": outcome.strip(), "is_temporary_fix": is_temporary}
    end["outcome_translations"] = further_words(translations, window)
    return step_to(window, WindowStatus.COMPLETED, RevisionChange.COMPLETED, actor=actor, now=now, **end)


def cancel_window(
    window: MaintenanceWindow, *, reason: str, translations: Translations = UNTRANSLATED, actor: User | None, now: datetime
) -> WindowRevision:
    """The work will not take place. `translations`: of the reason, by language."""
    said: dict[str, Any] = {"reason": reason, "translations": translations}
    return step_to(window, WindowStatus.CANCELLED, RevisionChange.CANCELLED, actor=actor, now=now, **said)


def withdraw_window(window: MaintenanceWindow, *, actor: User | None, now: datetime) -> WindowRevision:
    """Takes a promise back before anybody was told, which the caller has made sure of: it is a draft again."""
    forgotten: dict[str, Any] = {"scheduled_at": None}
    return step_to(window, WindowStatus.DRAFT, RevisionChange.WITHDRAWN, actor=actor, now=now, **forgotten)


@transaction.atomic
def reschedule_window(
    window: MaintenanceWindow,
    *,
    starts_at: datetime,
    ends_at: datetime,
    announced_ends_at: datetime | None = None,
    time_zone: str = "",
    reason: str,
    translations: Translations = UNTRANSLATED,
    actor: User | None,
    now: datetime,
) -> WindowRevision:
    """Moves start and end before the work begins; an empty `time_zone` keeps the one in which they are meant.

    `translations`: of the reason, by language.
    """
    current = locked(window, RevisionChange.RESCHEDULED)
    refuse_stale(window, current)
    times = {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "announced_ends_at": promised_end(starts_at, ends_at, announced_ends_at, now),
        "time_zone": time_zone or current.time_zone,
    }
    check_fields(MaintenanceWindow(**times), only=times)
    said: dict[str, Any] = {"reason": reason, "translations": translations}
    return retime(window, current, RevisionChange.RESCHEDULED, times=times, **said, actor=actor, now=now)


@transaction.atomic
def extend_window(
    window: MaintenanceWindow,
    *,
    ends_at: datetime,
    announced_ends_at: datetime | None = None,
    reason: str,
    translations: Translations = UNTRANSLATED,
    actor: User | None,
    now: datetime,
) -> WindowRevision:
    """Moves the end, later or earlier, while the work is under way. The default late end pads only what is left to do."""
    current = locked(window, RevisionChange.EXTENDED)
    refuse_stale(window, current)
    begun_at = max(now, current.starts_at) if now < ends_at else current.starts_at
    times = {"ends_at": ends_at, "announced_ends_at": promised_end(begun_at, ends_at, announced_ends_at, now)}
    said: dict[str, Any] = {"reason": reason, "translations": translations}
    return retime(window, current, RevisionChange.EXTENDED, times=times, **said, actor=actor, now=now)


@transaction.atomic
def edit_texts(window: MaintenanceWindow, *, actor: User | None, now: datetime, language: str = "", **texts: str) -> bool:
    """Changes title, reason, effect or alternatives, in the window's own language or a further one; False: nothing changed.

    Calendars learn of it by `content_changed_at`; what was announced stays true, so there is no new revision.
    """
    refuse_unknown(texts, TEXTS)
    current = MaintenanceWindow.objects.select_for_update().get(pk=window.pk)
    row: MaintenanceWindow | WindowTranslation = current
    if language and language != current.language:
        row = current.translations.filter(language=language).first() or WindowTranslation(window=current, language=language)
    changed = {name: text.strip() for name, text in texts.items() if text.strip() != getattr(row, name)}
    if not changed:
        return False
    changes = {name: [getattr(row, name), text] for name, text in changed.items()}
    for name, text in changed.items():
        setattr(row, name, text)
    check_fields(row, only=changed if row.pk else {**changed, "language": language})
    row.save(update_fields=[*changed] if row.pk else None)
    _touch(window, now)
    detail = {"language": language or current.language, "fields": sorted(changed)}
    record("window.texts_edited", subject=window, actor=actor, now=now, changes=changes, **detail)
    return True


@transaction.atomic
def edit_details(
    window: MaintenanceWindow, *, actor: User | None, now: datetime, services: Sequence[Service] | None = None, **details: Any
) -> bool:
    """Changes services or any of DETAILS before the work is over; False: nothing changed.

    Whoever owns the plan has to replan afterwards: who hears at all may depend on these.
    """
    refuse_unknown(details, DETAILS)
    current = MaintenanceWindow.objects.select_for_update().get(pk=window.pk)
    if not WINDOW_TRANSITIONS[current.status]:
        raise WindowError(
            _("“%(title)s” stands at “%(status)s”: what it touched can no longer be changed."),
            code="wrong_status",
            params={"title": current.title, "status": current.get_status_display()},
        )
    before = taken(current, only=DETAILS | {"services"})
    changed = {name: value for name, value in details.items() if value != getattr(current, name)}
    check_fields(MaintenanceWindow(**changed), only=changed)
    MaintenanceWindow.objects.filter(pk=current.pk).update(**changed)
    if services is not None and set(services) != set(current.services.all()):
        check_services(services)
        current.services.set(services)
        changed["services"] = [service.slug for service in services]
    if changed:
        _touch(window, now)
        record_change("window.details_edited", subject=window, before=before, actor=actor, now=now, **changed)
    return bool(changed)


def find_overlaps(
    *, starts_at: datetime, ends_at: datetime, services: Iterable[Service], exclude: MaintenanceWindow | None = None
) -> list[MaintenanceWindow]:
    """Live windows that touch one of `services` in `[starts_at, ends_at)`. A warning, not an error: it may be meant."""
    rows = MaintenanceWindow.objects.overlapping(starts_at, ends_at).filter(services__in=list(services))
    if exclude is not None:
        rows = rows.exclude(pk=exclude.pk)
    return list(rows.distinct().prefetch_related("services"))


@transaction.atomic
def archive_services(services: Iterable[Service], *, actor: User | None, now: datetime) -> int:
    """Offers the services for new windows no longer; windows that name them keep them."""
    return _set_archived(services, "service.archived", archived_at=now, actor=actor, now=now)


@transaction.atomic
def restore_services(services: Iterable[Service], *, actor: User | None, now: datetime) -> int:
    return _set_archived(services, "service.restored", archived_at=None, actor=actor, now=now)


@transaction.atomic
def rename_service(service: Service, *, name: str, actor: User | None, now: datetime) -> None:
    """Every window of the service says its name, so what calendars show of them changes."""
    before, was = taken(service, only=("name",)), service.name
    service.name = name.strip()
    check_fields(service, only=["name"])
    service.save(update_fields=["name", "updated_at"])
    MaintenanceWindow.objects.filter(services=service).update(content_changed_at=now, updated_at=now)
    record_change("service.renamed", subject=service, before=before, actor=actor, now=now, name=service.name, was=was)


def _set_archived(
    services: Iterable[Service], verb: str, *, archived_at: datetime | None, actor: User | None, now: datetime
) -> int:
    rows = [service for service in services if (service.archived_at is None) is (archived_at is not None)]
    for service in rows:
        service.archived_at = archived_at
        service.save(update_fields=["archived_at", "updated_at"])
        record(verb, subject=service, actor=actor, now=now, slug=service.slug)
    return len(rows)


def _touch(window: MaintenanceWindow, now: datetime) -> None:
    MaintenanceWindow.objects.filter(pk=window.pk).update(content_changed_at=now, updated_at=now)
    window.refresh_from_db()
