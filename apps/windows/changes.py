"""How a window changes: under a lock, along the table, and never without its revision and its audit event.

The verbs are in `services.py`; this is what they have in common.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record_change
from apps.accounts.trail.differences import State
from apps.accounts.trail.snapshots import taken
from apps.common.states import move
from apps.common.times import format_instant

from .models import UNDER_WAY_STATUSES, WINDOW_TRANSITIONS, MaintenanceWindow, RevisionChange, WindowRevision, WindowStatus

# Where a window must stand for each change. For those that move it on, `WINDOW_TRANSITIONS` must agree.
SOURCES: Mapping[str, tuple[WindowStatus, ...]] = {
    RevisionChange.SCHEDULED: (WindowStatus.DRAFT,),
    RevisionChange.RESCHEDULED: (WindowStatus.DRAFT, WindowStatus.SCHEDULED),
    RevisionChange.STARTED: (WindowStatus.SCHEDULED,),
    RevisionChange.EXTENDED: UNDER_WAY_STATUSES,
    RevisionChange.VERIFYING: (WindowStatus.IN_PROGRESS,),
    RevisionChange.RESUMED: (WindowStatus.VERIFYING,),
    RevisionChange.COMPLETED: UNDER_WAY_STATUSES,
    RevisionChange.CANCELLED: (WindowStatus.DRAFT, WindowStatus.SCHEDULED),
    RevisionChange.WITHDRAWN: (WindowStatus.SCHEDULED,),
}
# What the trail compares of a window before and after a deed.
TRAILED = (
    *("status", "starts_at", "ends_at", "announced_ends_at", "time_zone"),
    *("actual_started_at", "actual_ended_at", "outcome", "outcome_translations", "is_temporary_fix"),
)
REFUSALS: Mapping[str, str | Promise] = {
    RevisionChange.SCHEDULED: gettext_lazy("Only a draft can be scheduled."),
    RevisionChange.RESCHEDULED: gettext_lazy("Only a window that has not begun can be moved; one under way can be extended."),
    RevisionChange.STARTED: gettext_lazy("Only a scheduled window can be started."),
    RevisionChange.EXTENDED: gettext_lazy("Only a window under way can be extended; one that has not begun can be moved."),
    RevisionChange.VERIFYING: gettext_lazy("Only a window in progress can go on to verifying."),
    RevisionChange.RESUMED: gettext_lazy("Only a window that is being verified can go back to work."),
    RevisionChange.COMPLETED: gettext_lazy("Only a window under way can be completed."),
    RevisionChange.CANCELLED: gettext_lazy("Only a window that has not begun can be cancelled; one under way is completed."),
    RevisionChange.WITHDRAWN: gettext_lazy("Only a scheduled window can become a draft again."),
}


Translations = Mapping[str, str]  # what was typed for recipients, by language
UNTRANSLATED: Translations = MappingProxyType({})


class WindowError(ValidationError):
    """Refuses a change to a window, in a sentence for the planner; nothing has been written."""


def locked(window: MaintenanceWindow, change: RevisionChange) -> MaintenanceWindow:
    """The row as it stands, held until the transaction ends; refused where `change` is not open to it."""
    current = MaintenanceWindow.objects.select_for_update().get(pk=window.pk)
    if current.status not in SOURCES[change]:
        raise WindowError(
            _("“%(title)s” stands at “%(status)s”. %(rule)s"),
            code="wrong_status",
            params={"title": current.title, "status": current.get_status_display(), "rule": REFUSALS[change]},
        )
    return current


def refuse_stale(window: MaintenanceWindow, current: MaintenanceWindow) -> None:
    """Nobody promises times, or overwrites them, without having seen those that hold now."""
    if window.revision == current.revision:
        return
    last = current.revisions.select_related("changed_by").latest("number")
    raise WindowError(
        _("%(who)s changed “%(title)s” meanwhile (%(change)s, %(when)s). Please look at it again first."),
        code="stale",
        params={
            "who": last.changed_by or _("The system"),
            "title": current.title,
            "change": last.get_change_display(),
            "when": format_instant(last.changed_at, zone=current.time_zone, language=get_language() or "en"),
        },
    )


@transaction.atomic
def step_to(
    window: MaintenanceWindow,
    status: WindowStatus,
    change: RevisionChange,
    *,
    actor: User | None,
    now: datetime,
    reason: str = "",
    translations: Translations = UNTRANSLATED,
    **fields: Any,
) -> WindowRevision:
    """Moves the window to `status` and writes `fields` with it."""
    current = locked(window, change)
    rows = MaintenanceWindow.objects.filter(pk=current.pk, status=current.status, revision=current.revision)
    fields |= _revised(current, now)
    if not move(rows, to=status, transitions=WINDOW_TRANSITIONS, field="status", **fields):
        raise _lost_race(current)
    return _write_revision(
        window, change, before=taken(current, only=TRAILED), reason=reason, translations=translations, actor=actor, now=now
    )


def retime(
    window: MaintenanceWindow,
    current: MaintenanceWindow,
    change: RevisionChange,
    *,
    times: Mapping[str, Any],
    actor: User | None,
    now: datetime,
    reason: str,
    translations: Translations = UNTRANSLATED,
) -> WindowRevision:
    """Writes new times to a row that the caller holds locked in its own transaction."""
    before = {name: getattr(current, name) for name in times}
    if before == times:
        raise WindowError(
            _("Nothing would change: “%(title)s” already has these times."), code="unchanged", params={"title": current}
        )
    rows = MaintenanceWindow.objects.filter(pk=current.pk, status=current.status, revision=current.revision)
    if not rows.update(**times, **_revised(current, now)):
        raise _lost_race(current)
    was = {name: str(value) for name, value in before.items()}
    return _write_revision(
        window,
        change,
        before=taken(current, only=TRAILED),
        reason=reason,
        translations=translations,
        actor=actor,
        now=now,
        was=was,
    )


def _revised(current: MaintenanceWindow, now: datetime) -> dict[str, Any]:
    return {"revision": current.revision + 1, "content_changed_at": now, "updated_at": now}


def _lost_race(current: MaintenanceWindow) -> WindowError:
    return WindowError(
        _("“%(title)s” was changed at this very moment. Please look at it again first."), params={"title": current}
    )


def _write_revision(
    window: MaintenanceWindow,
    change: RevisionChange,
    *,
    before: State,
    reason: str,
    translations: Translations,
    actor: User | None,
    now: datetime,
    was: Mapping[str, str] | None = None,
) -> WindowRevision:
    window.refresh_from_db()
    revision = WindowRevision.objects.create(
        window=window,
        number=window.revision,
        change=change,
        status=window.status,
        time_zone=window.time_zone,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        announced_ends_at=window.announced_ends_at,
        reason=reason.strip(),
        reason_translations=further_words(translations, window),
        changed_at=now,
        changed_by=actor,
    )
    said = {"reason": revision.reason, "reason_translations": words_for_the_trail(revision.reason_translations)}
    detail = {"revision": revision.number, **said, **times_detail(window), "was": dict(was or {})}
    record_change(f"window.{change}", subject=window, before=before, actor=actor, now=now, **detail)
    return revision


def further_words(translations: Translations, window: MaintenanceWindow) -> dict[str, str]:
    """What was really typed, in languages of the installation that are not the window's own."""
    known = {code for code, _name in settings.LANGUAGES} - {window.language}
    return {language: text.strip() for language, text in translations.items() if language in known and text.strip()}


def words_for_the_trail(translations: Translations) -> list[str]:
    return [f"{language}: {text}" for language, text in sorted(translations.items())]


def times_detail(window: MaintenanceWindow) -> dict[str, str]:
    """The times as the audit trail keeps them."""
    names = ("starts_at", "ends_at", "announced_ends_at", "time_zone")
    return {name: str(getattr(window, name)) for name in names}
