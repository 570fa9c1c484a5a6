"""What has become known of windows, update by update, for feeds that are read as news: Atom and JSON Feed.

Each revision is an entry of its own, because news readers show what is new, and hardly what has changed. It says the times
and the status of its moment; the newest of a window also says how it stands in full, and is renewed with the window's texts.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from apps.common.text import clean_text, one_line
from apps.common.times import format_period
from apps.windows.calendar.events import ends_at, provider
from apps.windows.links import calendar_url, notice_url
from apps.windows.models import MaintenanceWindow, WindowRevision, WindowStatus

from .models import Detail
from .selections import Selection

MOST_UPDATES = 300


@dataclass(frozen=True, kw_only=True)
class Update:
    """`updated` is when it last said something else; `published`, when it was first known."""

    id: str
    title: str
    paragraphs: Sequence[str]
    url: str
    calendar_url: str
    published: datetime
    updated: datetime
    starts_at: datetime
    ends_at: datetime
    status: str
    status_label: str
    impact: str
    services: Sequence[str]
    window: str
    revision: int


def updates_of(selection: Selection, now: datetime) -> list[Update]:
    """The newest first."""
    rows = WindowRevision.objects.filter(window__in=selection.windows(now).order_by().values("pk"))
    return _updates(rows, language=selection.feed.language, is_brief=selection.feed.detail == Detail.PUBLIC)


def updates_of_window(window: MaintenanceWindow, *, language: str) -> list[Update]:
    return _updates(window.revisions.all(), language=language)


def author_name() -> str:
    """Who speaks: the name in the sender's address, else the site."""
    return one_line(parseaddr(settings.DEFAULT_FROM_EMAIL)[0]) or provider()


def feed_id(*parts: object) -> str:
    """The same for the same feed for ever; tells no token."""
    return uuid.uuid5(uuid.NAMESPACE_URL, "/".join([settings.SITE_URL, *map(str, parts)])).urn


def _updates(rows: QuerySet[WindowRevision], *, language: str, is_brief: bool = False) -> list[Update]:
    rows = rows.select_related("window").prefetch_related("window__services", "window__translations")
    with translation.override(language):
        newest = rows.order_by("-changed_at", "-number", "-pk")[:MOST_UPDATES]
        return [_update(row, language, is_brief) for row in newest]


def _update(row: WindowRevision, language: str, is_brief: bool) -> Update:
    window, is_newest = row.window, row.number == row.window.revision
    title = one_line(window.text_in(language).title)
    end = ends_at(window) if is_newest else row.announced_ends_at
    return Update(
        id=uuid.uuid5(window.uid, str(row.number)).urn,
        title=_("%(change)s: %(title)s") % {"change": row.get_change_display(), "title": title},
        paragraphs=list(_paragraphs(row, end, language, is_brief, is_newest)),
        url=notice_url(window),
        calendar_url=calendar_url(window),
        published=row.changed_at,
        updated=max(row.changed_at, window.content_changed_at) if is_newest else row.changed_at,
        starts_at=row.starts_at,
        ends_at=end,
        status=row.status,
        status_label=str(WindowStatus(row.status).label),
        impact=window.impact,
        services=[one_line(service.name) for service in window.services.all()],
        window=str(window.uid),
        revision=row.number,
    )


def _paragraphs(row: WindowRevision, end: datetime, language: str, is_brief: bool, is_newest: bool) -> Iterator[str]:
    window = row.window
    yield format_period(row.starts_at, end, zone=row.time_zone, language=language)
    yield _("Status: %(status)s") % {"status": WindowStatus(row.status).label}
    if is_newest:
        yield _("Impact: %(impact)s") % {"impact": window.get_impact_display()}
    if is_brief:
        return
    text = window.text_in(language)
    further: Iterable[str] = (text.effect, text.reason, text.alternatives, text.outcome) if is_newest else ()
    for words in (row.reason_in(language).text, *further):
        if words.strip():
            yield clean_text(words).strip()
