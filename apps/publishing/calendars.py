"""Whole calendars (iCal), byte for byte.

Entries are rendered once per window, language and detail and remembered (memory.py), so that a change of one window costs
one rendering, however many windows and readers there are.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, vText

from apps.common.times import format_day
from apps.windows.calendar import maintnote
from apps.windows.calendar.events import account_ending, alarm_ending, render_event, with_ending
from apps.windows.calendar.files import new_calendar, wrap
from apps.windows.models import MaintenanceWindow, WindowStatus

from .formats import Format
from .insight import notes_of
from .memory import Memory
from .models import Detail, Feed
from .narrowing import Entry, Narrowed, narrowed
from .selections import Selection, names_of
from .team import team_entries

logger = logging.getLogger(__name__)

VERSION = 2  # of the format; see there
MOST_BYTES = 1_000_000  # Google refuses more than 1 MB
LARGEST_HEAD = 5_000
LONGEST_NAME = 200
REFRESH = timedelta(hours=1)


def render_calendar(selection: Selection, now: datetime) -> bytes:
    """The whole file. An entry that cannot be rendered is left out and logged; the others must not suffer for it."""
    entries = window_entries(selection, now, endings=_endings(selection.feed))
    if team := team_entries(selection, now) if selection.feed.is_internal else []:
        entries = sorted([*entries, *team], key=lambda entry: (entry.starts_at, entry.body))
    return whole_file(selection, entries, now)


def whole_file(selection: Selection, entries: Sequence[Entry], now: datetime) -> bytes:
    cut = narrowed(entries, room=MOST_BYTES - LARGEST_HEAD, today=now.date())
    return wrap((entry.body for entry in cut.entries), head=_head(selection, cut))


def _head(selection: Selection, cut: Narrowed) -> Calendar:
    calendar = new_calendar()
    with translation.override(selection.feed.language):
        name, description = name_of(selection), " ".join(_description(cut, selection.feed.language))
    for prop in ("name", "x-wr-calname"):
        calendar.add(prop, vText(name))
    for prop in ("description", "x-wr-caldesc"):
        calendar.add(prop, vText(description))
    calendar.add("color", vText("steelblue"))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vText("PT1H"))
    return calendar


def _description(cut: Narrowed, language: str) -> Iterator[str]:
    yield _("Planned maintenance: when, what it affects and where it stands.")
    if cut.over_until:
        day = format_day(cut.over_until, language=language)
        yield _("To stay under 1 MB it leaves out windows that were over by %(date)s.") % {"date": day}
    if cut.none_from:
        day = format_day(cut.none_from, language=language)
        yield _("To stay under 1 MB it leaves out windows from %(date)s on.") % {"date": day}


def name_of(selection: Selection) -> str:
    """What the feed is called, in the language that is active."""
    names = names_of(selection)
    if not names:
        return str(_("Maintenance"))
    return _("Maintenance: %(services)s") % {"services": " / ".join(maintnote.value(name) for name in names)[:LONGEST_NAME]}


_memory = Memory()


def window_entries(selection: Selection, now: datetime, *, endings: tuple[bytes, bytes]) -> list[Entry]:
    """In the order of the selection, each with the lines that only this reader gets; see `_endings`."""
    names = ("pk", "uid", "revision", "content_changed_at", "updated_at", "status", "starts_at", "announced_ends_at")
    rows = list(selection.windows(now).values_list(*names))
    notes = notes_of(selection.windows(now), language=selection.feed.language) if selection.feed.is_internal else {}
    bodies = _bodies({row[0]: row[:5] for row in rows}, notes, selection.feed)
    ended, to_come = endings
    return [
        Entry(
            starts_at=starts_at, ends_at=ends_at, body=with_ending(body, to_come if status == WindowStatus.SCHEDULED else ended)
        )
        for pk, *_facts, status, starts_at, ends_at in rows
        if (body := bodies.get(pk)) is not None
    ]


def _endings(feed: Feed) -> tuple[bytes, bytes]:
    """Of entries in general, and of those that are still to begin: nobody is reminded of what is cancelled or over."""
    account = account_ending(feed.name)
    return account, account + b"".join(alarm_ending(before, language=feed.language) for before in feed.reminds_before)


def _bodies(windows: Mapping[int, tuple[Any, ...]], notes: Mapping[int, tuple[str, ...]], feed: Feed) -> dict[int, bytes | None]:
    """The part of each window's entry that readers share; what nobody has asked for yet is rendered."""
    is_brief = feed.detail == Detail.PUBLIC
    stamp = (VERSION, feed.language, is_brief, settings.SITE_URL, settings.DEFAULT_FROM_EMAIL)
    keys = {pk: (*facts, notes.get(pk, ()), stamp) for pk, facts in windows.items()}
    known = _memory.get(keys.values())
    if missing := [pk for pk, key in keys.items() if key not in known]:
        look: dict[str, Any] = {"language": feed.language, "is_brief": is_brief}
        fresh = {keys[row.pk]: _safe_entry(row, notes=notes.get(row.pk, ()), **look) for row in _loaded(missing)}
        _memory.keep(fresh)
        known |= fresh
    return {pk: known.get(key) for pk, key in keys.items()}


def _loaded(ids: Sequence[int]) -> Iterable[MaintenanceWindow]:
    rows = MaintenanceWindow.objects.prefetch_related("services", "translations").order_by()
    for first in range(0, len(ids), 500):
        yield from rows.filter(pk__in=ids[first : first + 500])


def _safe_entry(window: MaintenanceWindow, **look: Any) -> bytes | None:
    try:
        return render_event(window, **look)
    except Exception:  # whatever it is: one window must not take the calendar from all readers
        logger.exception("Window %s cannot be shown in a calendar; it is left out.", window.pk)
        return None


FORMAT = Format(
    name="calendar", suffix=".ics", content_type="text/calendar; charset=utf-8", version=VERSION, render=render_calendar
)
