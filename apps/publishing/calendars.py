"""Whole calendars (iCal), byte for byte.

Entries are rendered once per window, language and detail and remembered (memory.py), so that a change of one window costs
one rendering, however many windows and readers there are.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
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
from .models import Detail
from .narrowing import Entry, Narrowed, narrowed, ranked
from .selections import Selection, names_of
from .team import team_entries

logger = logging.getLogger(__name__)

VERSION = 2  # of the format; see there
MOST_BYTES = 1_000_000  # Google refuses more than 1 MB
LARGEST_HEAD = 5_000
LONGEST_NAME = 200
LOT = 250  # entries fetched or rendered together
REFRESH = timedelta(hours=1)


def render_calendar(selection: Selection, now: datetime) -> bytes:
    feed = selection.feed
    reminders = [alarm_ending(before, language=feed.language) for before in feed.reminds_before]
    return whole_file(selection, now, further=team_entries(selection, now), to_come_ending=b"".join(reminders))


def whole_file(selection: Selection, now: datetime, *, further: Sequence[Entry] = (), to_come_ending: bytes = b"") -> bytes:
    """The selection's windows and `further` entries; `to_come_ending` is added to windows that are still to begin.

    An entry that cannot be rendered is left out and logged; the others must not suffer for it.
    """
    today, windows = now.date(), _Windows(selection, now, to_come_ending)
    wanted = ranked([*windows.entries(), *further], today=today)
    cut = narrowed(wanted, windows.rendered(wanted), room=MOST_BYTES - LARGEST_HEAD, today=today)
    shown = sorted(cut.entries, key=lambda entry: (entry.starts_at, entry.body))  # which begins with the UID
    return wrap((entry.body for entry in shown), head=_head(selection, cut))


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


class _Windows:
    """The entries of a selection's windows: listed at once, rendered in lots, as far as they are asked for."""

    _FACTS = ("pk", "uid", "revision", "updated_at")

    def __init__(self, selection: Selection, now: datetime, to_come_ending: bytes) -> None:
        self.feed = selection.feed
        self.to_come_ending = to_come_ending
        rows = selection.windows(now)
        self.rows = list(rows.values_list(*self._FACTS, "status", "starts_at", "announced_ends_at"))
        self.notes = notes_of(rows, language=self.feed.language) if self.feed.is_internal else {}
        self.is_brief = self.feed.detail == Detail.PUBLIC
        stamp = (VERSION, self.feed.language, self.is_brief, settings.SITE_URL, settings.DEFAULT_FROM_EMAIL)
        self.keys = {row[0]: (*row[:4], self.notes.get(row[0], ()), stamp) for row in self.rows}

    def entries(self) -> Iterator[Entry]:
        for pk, *_facts, starts_at, ends_at in self.rows:
            yield Entry(starts_at=starts_at, ends_at=ends_at, window_id=pk)

    def rendered(self, wanted: Sequence[Entry]) -> Iterator[Entry]:
        """In that order, each with the lines that only this reader gets; what has a body already is left as it is."""
        endings = self._endings()
        for first in range(0, len(wanted), LOT):
            lot = wanted[first : first + LOT]
            bodies = self._bodies([entry.window_id for entry in lot if not entry.body])
            for entry in lot:
                if entry.body:
                    yield entry
                elif body := bodies.get(entry.window_id):
                    yield replace(entry, body=with_ending(body, endings[entry.window_id]))

    def _endings(self) -> Mapping[int, bytes]:
        """By window: nobody is reminded of what is cancelled, under way or over."""
        account = account_ending(self.feed.name)
        to_come = account + self.to_come_ending
        return {row[0]: to_come if row[4] == WindowStatus.SCHEDULED else account for row in self.rows}

    def _bodies(self, ids: Sequence[int]) -> dict[int, bytes | None]:
        """What readers share of each entry; what nobody has asked for yet is rendered."""
        keys = {pk: self.keys[pk] for pk in ids}
        known = _memory.get(keys.values())
        if missing := [pk for pk, key in keys.items() if key not in known]:
            fresh = {keys[window.pk]: self._safe_entry(window) for window in _loaded(missing)}
            _memory.keep(fresh)
            known |= fresh
        return {pk: known.get(key) for pk, key in keys.items()}

    def _safe_entry(self, window: MaintenanceWindow) -> bytes | None:
        try:
            notes = self.notes.get(window.pk, ())
            return render_event(window, language=self.feed.language, is_brief=self.is_brief, notes=notes)
        except Exception:  # whatever it is: one window must not take the calendar from all readers
            logger.exception("Window %s cannot be shown in a calendar; it is left out.", window.pk)
            return None


def _loaded(ids: Sequence[int]) -> QuerySet[MaintenanceWindow]:
    return MaintenanceWindow.objects.prefetch_related("services", "translations").order_by().filter(pk__in=ids)


FORMAT = Format(
    name="calendar", suffix=".ics", content_type="text/calendar; charset=utf-8", version=VERSION, render=render_calendar
)
