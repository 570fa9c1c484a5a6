"""One window as one calendar entry (VEVENT) in one language. The rules stand in docs/calendar.md."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import cast
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Event, vCalAddress, vText

from apps.common.text import clean_text, one_line
from apps.common.times import format_instant, format_period

from ..links import notice_url
from ..models import LIVE_STATUSES, MaintenanceWindow, WindowStatus, WindowText
from . import maintnote

BEGIN = b"BEGIN:VEVENT\r\n"
END = b"END:VEVENT\r\n"


def render_event(window: MaintenanceWindow, *, language: str) -> bytes:
    """The entry's bytes, the same for the same window and every reader."""
    with translation.override(language):
        return cast(bytes, _event(window, window.text_in(language), language).to_ical(sorted=False))


def with_account(entries: Iterable[bytes], account: str) -> list[bytes]:
    """The entries with their reader's name, which maintnote asks for, so that what all readers share is rendered once."""
    line = Event()
    line.add("x-maintnote-account", vText(maintnote.value(account)))
    ending: bytes = line.to_ical().removeprefix(BEGIN)
    return [entry.removesuffix(END) + ending for entry in entries]


def provider() -> str:
    """The site's host name: unique, as the standard asks."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def ends_at(window: MaintenanceWindow) -> datetime:
    """The end that a diary should show: the latest announced, or the real one once it is known."""
    if window.actual_ended_at and window.actual_ended_at > window.starts_at:
        return window.actual_ended_at
    return window.announced_ends_at


def _event(window: MaintenanceWindow, text: WindowText, language: str) -> Event:
    # Built empty: Event.new() would invent a UID and the present moment, and every poll would be a change.
    event = Event()
    event.add("uid", str(window.uid))
    event.add("sequence", window.revision)
    for name in ("dtstamp", "last-modified"):
        event.add(name, window.content_changed_at.astimezone(UTC))
    event.add("created", (window.scheduled_at or window.content_changed_at).astimezone(UTC))
    event.add("dtstart", window.starts_at.astimezone(UTC))
    event.add("dtend", ends_at(window).astimezone(UTC))
    event.add("summary", _summary(window, text))
    event.add("description", "\n".join(_description(window, text, language)))
    event.add("status", maintnote.EVENT_STATUSES[window.status])
    event.add("transp", "TRANSPARENT")  # a notice must not block the reader's day
    event.add("x-microsoft-cdo-busystatus", vText("FREE"))
    event.add("class", "PUBLIC")
    event.add("categories", [_("Maintenance"), *(one_line(service.name) for service in window.services.all())])
    event.add("url", notice_url(window))
    event.add("organizer", _organizer())
    for name, value in maintnote.properties(window, provider=provider()):
        event.add(name, vText(value))
    return event


def _summary(window: MaintenanceWindow, text: WindowText) -> str:
    title = one_line(text.title)
    # Some calendars go on showing a cancelled entry like any other.
    return _("Cancelled: %(title)s") % {"title": title} if window.status == WindowStatus.CANCELLED else title


def _description(window: MaintenanceWindow, text: WindowText, language: str) -> Iterator[str]:
    zone = window.time_zone
    yield format_period(window.starts_at, ends_at(window), zone=zone, language=language)
    if window.status in LIVE_STATUSES and window.announced_ends_at > window.ends_at:
        planned = format_instant(window.ends_at, zone=zone, language=language)
        yield _("The work may be over earlier: its planned end is %(time)s.") % {"time": planned}
    yield _("Status: %(status)s") % {"status": window.get_status_display()}
    yield _("Impact: %(impact)s") % {"impact": window.get_impact_display()}
    for words in (text.effect, text.reason, text.alternatives, window.outcome):
        if words.strip():
            yield ""
            yield clean_text(words).strip()
    yield ""
    yield notice_url(window)


def _organizer() -> vCalAddress:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    organizer = vCalAddress(f"mailto:{address}")
    if name:
        organizer.params["CN"] = one_line(name)
    return organizer
