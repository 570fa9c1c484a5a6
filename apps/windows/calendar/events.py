"""One window as one calendar entry (VEVENT) in one language. The rules stand in docs/calendar.md."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import vCalAddress
from icalendar.parser import Contentline

from apps.common.text import clean_text, one_line
from apps.common.times import format_duration, format_instant, format_period

from ..links import notice_url
from ..models import LIVE_STATUSES, Impact, MaintenanceWindow, WindowStatus, WindowText
from . import maintnote
from .addresses import calendar_address
from .lines import duration_value, encoded, instant_line, text_line

BEGIN = "BEGIN:VEVENT"
END = b"END:VEVENT\r\n"


def render_event(
    window: MaintenanceWindow, *, language: str, is_brief: bool = False, notes: Sequence[str] = (), organizer: str = ""
) -> bytes:
    """The entry's bytes, the same for the same window and every reader.

    `is_brief` leaves out what the window says about itself but its title; `notes` are further lines of the description.
    `organizer`, of an invitation, is from whom its e-mail comes; it is then no maintnote, for one that bounces or is
    answered would come back as if a provider had sent it.
    """
    with translation.override(language):
        text = window.text_in(language)
        lines = [BEGIN, *_properties(window, text, _description(window, text, language, is_brief, notes))]
        lines.append(organizer_line(organizer or settings.DEFAULT_FROM_EMAIL))
        if not organizer:
            lines += (text_line(name, value) for name, value in maintnote.properties(window, provider=provider()))
        return encoded(lines) + END


def with_ending(entry: bytes, ending: bytes) -> bytes:
    """The entry with what concerns one reader, so that what all readers share is rendered once."""
    return entry.removesuffix(END) + ending + END


def account_ending(account: str) -> bytes:
    """The reader's name, which maintnote asks for."""
    return encoded([text_line("X-MAINTNOTE-ACCOUNT", maintnote.value(account))])


def alarm_ending(before: timedelta, *, language: str) -> bytes:
    """A reminder on the screen, for those who asked for one; no sound, no mail."""
    with translation.override(language):
        words = _("Maintenance begins in %(time)s.") % {"time": format_duration(before, language=language)}
    trigger = f"TRIGGER:{duration_value(-before)}"
    return encoded(["BEGIN:VALARM", "ACTION:DISPLAY", trigger, text_line("DESCRIPTION", words), "END:VALARM"])


def provider() -> str:
    """The site's host name: unique, as the standard asks."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def ends_at(window: MaintenanceWindow) -> datetime:
    """The end that a diary should show: the latest announced, or the real one once it is known."""
    if window.actual_ended_at and window.actual_ended_at > window.starts_at:
        return window.actual_ended_at
    return window.announced_ends_at


def _properties(window: MaintenanceWindow, text: WindowText, description: Iterable[str]) -> Iterator[str]:
    yield f"UID:{window.uid}"
    yield f"SEQUENCE:{window.revision}"
    yield instant_line("DTSTAMP", window.content_changed_at)
    yield instant_line("LAST-MODIFIED", window.content_changed_at)
    yield instant_line("CREATED", window.scheduled_at or window.content_changed_at)
    yield instant_line("DTSTART", window.starts_at)
    yield instant_line("DTEND", ends_at(window))
    yield text_line("SUMMARY", _summary(window, text))
    yield text_line("DESCRIPTION", "\n".join(description))
    yield f"STATUS:{maintnote.EVENT_STATUSES[window.status]}"
    yield "TRANSP:TRANSPARENT"  # a notice must not block the reader's day
    yield "X-MICROSOFT-CDO-BUSYSTATUS:FREE"
    yield "CLASS:PUBLIC"
    yield text_line("CATEGORIES", _("Maintenance"), *(one_line(service.name) for service in window.services.all()))
    yield f"URL:{notice_url(window)}"


def _summary(window: MaintenanceWindow, text: WindowText) -> str:
    title = one_line(text.title)
    # Some calendars go on showing a cancelled entry like any other.
    return _("Cancelled: %(title)s") % {"title": title} if window.status == WindowStatus.CANCELLED else title


def _description(
    window: MaintenanceWindow, text: WindowText, language: str, is_brief: bool, notes: Sequence[str]
) -> Iterator[str]:
    zone = window.time_zone
    yield format_period(window.starts_at, ends_at(window), zone=zone, language=language)
    if window.status in LIVE_STATUSES and window.announced_ends_at > window.ends_at:
        planned = format_instant(window.ends_at, zone=zone, language=language)
        yield _("The work may be over earlier: its planned end is %(time)s.") % {"time": planned}
    yield _("Status: %(status)s") % {"status": WindowStatus(window.status).label}
    yield _("Impact: %(impact)s") % {"impact": Impact(window.impact).label}
    for words in () if is_brief else (text.effect, text.reason, text.alternatives, text.outcome):
        if words.strip():
            yield ""
            yield clean_text(words).strip()
    if notes:
        yield ""
        yield from map(one_line, notes)
    yield ""
    yield notice_url(window)


@lru_cache(maxsize=8)
def organizer_line(from_email: str) -> str:
    name, address = parseaddr(from_email)
    organizer = vCalAddress(calendar_address(address))
    if name:
        organizer.params["CN"] = one_line(name)
    return str(Contentline.from_parts("ORGANIZER", organizer.params, organizer))
