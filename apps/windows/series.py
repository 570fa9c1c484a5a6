"""Windows that recur: drafted ahead from one of them, each a window of its own with its own UID."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record

from .changes import WindowError
from .models import MaintenanceWindow, WindowSeries, WindowTranslation
from .recurrence import occurrences
from .rules import FARTHEST
from .services import create_window

MOST = 60  # of one series: five years of months
COPIED = ("title", "impact", "reason", "effect", "alternatives", "language", "heavy_traffic", "starts_automatically")


@transaction.atomic
def repeat_window(
    window: MaintenanceWindow, *, rule: str, count: int, actor: User | None, now: datetime
) -> list[MaintenanceWindow]:
    """Drafts the next `count` occurrences after `window`, which becomes the first of their series."""
    current = MaintenanceWindow.objects.select_for_update().get(pk=window.pk)
    starts = occurrences(current.starts_at, zone=ZoneInfo(current.time_zone), rule=rule, count=count)
    _refuse(current, starts, count, now)
    series = WindowSeries.objects.create(rule=rule, time_zone=current.time_zone)
    rows = MaintenanceWindow.objects.filter(pk=current.pk)
    rows.update(series=series, occurs_at=current.starts_at)
    window.refresh_from_db()
    record("window.repeated", subject=window, actor=actor, now=now, rule=rule, count=count)
    return [_drafted(current, series, starts_at, actor=actor, now=now) for starts_at in starts]


def _refuse(window: MaintenanceWindow, starts: list[datetime], count: int, now: datetime) -> None:
    if window.series_id is not None:
        raise WindowError(_("“%(title)s” belongs to a series already."), code="in_a_series", params={"title": window.title})
    if not 1 <= count <= MOST:
        raise WindowError(_("A series has from 1 to %(most)s further windows."), code="count", params={"most": MOST})
    if starts[-1] > now + FARTHEST:
        raise WindowError(_("The last of these windows would be more than five years away."), code="too_far")
    if starts[0] <= now:
        raise WindowError(_("The first of these windows would be in the past."), code="in_the_past")


def _drafted(
    pattern: MaintenanceWindow, series: WindowSeries, starts_at: datetime, *, actor: User | None, now: datetime
) -> MaintenanceWindow:
    window = create_window(
        services=list(pattern.services.all()),
        starts_at=starts_at,
        ends_at=starts_at + pattern.duration,
        announced_ends_at=starts_at + (pattern.announced_ends_at - pattern.starts_at),
        time_zone=pattern.time_zone,
        actor=actor,
        now=now,
        **{name: getattr(pattern, name) for name in COPIED},
    )
    MaintenanceWindow.objects.filter(pk=window.pk).update(series=series, occurs_at=starts_at)
    for row in pattern.translations.all():
        texts = {name: getattr(row, name) for name in ("language", "title", "reason", "effect", "alternatives")}
        WindowTranslation.objects.create(window=window, **texts)
    window.refresh_from_db()
    return window
