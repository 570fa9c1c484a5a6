"""Whole calendars: which windows a feed holds, whether they changed, and their bytes.

Entries are rendered once per window and language and remembered (memory.py), so that a change of one window costs one
rendering, however many windows and readers there are.
"""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, QuerySet, Sum
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, vText

from apps.windows.calendar import maintnote
from apps.windows.calendar.events import render_event, with_account
from apps.windows.calendar.files import new_calendar, wrap
from apps.windows.models import MaintenanceWindow, Service

from .memory import Memory
from .models import Feed, FeedEdition

logger = logging.getLogger(__name__)

# Raised with every change to what an entry says, its translation included, so that nothing old is taken for a present edition.
FORMAT = 1
PAST = timedelta(days=180)  # constant: a span that shrank would empty diaries
AHEAD = timedelta(days=730)
REFRESH = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What one address of a feed holds: windows of the services `held` (none: of every one), narrowed to `service`.

    `edition` is what the address said last, None before its first reader.
    """

    feed: Feed
    held: tuple[int, ...]
    service: Service | None = None
    edition: FeedEdition | None = None

    @property
    def service_ids(self) -> tuple[int, ...]:
        return (self.service.pk,) if self.service else self.held

    def windows(self, now: datetime) -> QuerySet[MaintenanceWindow]:
        rows = MaintenanceWindow.objects.public().filter(announced_ends_at__gte=now - PAST, starts_at__lte=now + AHEAD)
        if self.service_ids:
            links = MaintenanceWindow.services.through.objects.filter(service__in=self.service_ids)
            rows = rows.filter(pk__in=links.values("maintenancewindow"))
        return rows.order_by("starts_at", "uid")


def marker_of(selection: Selection, now: datetime) -> str:
    """Changes whenever the calendar's bytes may have: with a window, with one that comes or goes, with a service's name."""
    windows = (
        selection.windows(now)
        .order_by()
        .aggregate(Count("pk"), Sum("pk"), Sum("revision"), Max("content_changed_at"), Max("updated_at"))
    )
    head = (selection.feed.language, selection.feed.name, selection.service_ids)
    facts = (windows, service_stamp(), head, FORMAT, settings.SITE_URL, settings.DEFAULT_FROM_EMAIL)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def service_stamp() -> tuple[int, datetime | None]:
    """Services are few and rarely change; when one does, every entry is rendered anew."""
    stamp = Service.objects.aggregate(Count("pk"), Max("updated_at"))
    return stamp["pk__count"], stamp["updated_at__max"]


def render_calendar(selection: Selection, now: datetime) -> bytes:
    """The whole file. An entry that cannot be rendered is left out and logged; the others must not suffer for it."""
    entries = _entries(selection.windows(now), selection.feed.language)
    return wrap(with_account(entries, selection.feed.name), head=_head(selection))


def _head(selection: Selection) -> Calendar:
    calendar = new_calendar()
    with translation.override(selection.feed.language):
        name, description = _name(selection), _("Planned maintenance: when, what it affects and where it stands.")
    for prop in ("name", "x-wr-calname"):
        calendar.add(prop, vText(name))
    for prop in ("description", "x-wr-caldesc"):
        calendar.add(prop, vText(description))
    calendar.add("color", vText("steelblue"))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vText("PT1H"))
    return calendar


def _name(selection: Selection) -> str:
    if not selection.service_ids:
        return str(_("Maintenance"))
    names = Service.objects.filter(pk__in=selection.service_ids).order_by("name").values_list("name", flat=True)
    return _("Maintenance: %(services)s") % {"services": " / ".join(maintnote.value(name) for name in names)}


_memory = Memory()


def _entries(rows: QuerySet[MaintenanceWindow], language: str) -> list[bytes]:
    stamp = (FORMAT, language, settings.SITE_URL, settings.DEFAULT_FROM_EMAIL, *service_stamp())
    facts = rows.values_list("pk", "uid", "revision", "content_changed_at", "updated_at")
    keys = {row[0]: (*row, stamp) for row in facts}
    known = _memory.get(keys.values())
    missing = [pk for pk, key in keys.items() if key not in known]
    if missing:
        fresh = {keys[window.pk]: _safe_entry(window, language) for window in _loaded(missing)}
        _memory.keep(fresh)
        known |= fresh
    return [entry for key in keys.values() if (entry := known.get(key)) is not None]


def _loaded(ids: Sequence[int]) -> Iterable[MaintenanceWindow]:
    rows = MaintenanceWindow.objects.prefetch_related("services", "translations").order_by()
    for first in range(0, len(ids), 500):
        yield from rows.filter(pk__in=ids[first : first + 500])


def _safe_entry(window: MaintenanceWindow, language: str) -> bytes | None:
    try:
        return render_event(window, language=language)
    except Exception:  # whatever it is: one window must not take the calendar from all readers
        logger.exception("Window %s cannot be shown in a calendar; it is left out.", window.pk)
        return None
