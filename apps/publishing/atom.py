"""Updates as an Atom feed (RFC 4287), by Django's own writer."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, cast

from django.conf import settings
from django.utils import translation
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import linebreaks
from django.utils.translation import gettext as _

from .calendars import name_of
from .formats import Format
from .selections import Selection
from .updates import Update, author_name, feed_id, updates_of

VERSION = 1  # of the format; see there
EVENTS = "http://purl.org/rss/1.0/modules/event/"  # start and end, as the RSS event module names them


def render_atom(selection: Selection, now: datetime) -> bytes:
    with translation.override(selection.feed.language):
        title = name_of(selection)
    service = selection.service.slug if selection.service else ""
    return atom_document(
        updates_of(selection, now),
        title=title,
        language=selection.feed.language,
        guid=feed_id("feeds", selection.feed.pk, service),
        link=settings.SITE_URL + "/",
        begun_at=selection.feed.created_at,
    )


def atom_document(updates: Sequence[Update], *, title: str, language: str, guid: str, link: str, begun_at: datetime) -> bytes:
    """The same bytes for the same updates. No link to itself: a subscriber's address is a secret."""
    with translation.override(language):
        description = _("Planned maintenance: when, what it affects and where it stands.")
    feed = _Feed(
        title=title,
        link=link,
        description="",
        subtitle=description,
        language=language,
        author_name=author_name(),
        feed_guid=guid,
        begun_at=begun_at,
    )
    for update in updates:
        feed.add_item(
            title=update.title,
            link=update.url,
            description=linebreaks("\n\n".join(update.paragraphs), autoescape=True),
            unique_id=update.id,
            pubdate=update.published,
            updateddate=update.updated,
            categories=update.services,
            preavis=update,
        )
    written = BytesIO()
    feed.write(written, "utf-8")
    return written.getvalue()


class _Feed(Atom1Feed):
    """With what is said of an event, and an `updated` that no clock moves."""

    def root_attributes(self) -> dict[str, Any]:
        return super().root_attributes() | {"xmlns:ev": EVENTS}

    def latest_post_date(self) -> datetime:
        dates = (item["preavis"].updated for item in self.items)
        return cast(datetime, max(dates, default=self.feed["begun_at"]))

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        update: Update = item["preavis"]
        handler.addQuickElement("link", "", {"rel": "related", "type": "text/calendar", "href": update.calendar_url})
        status = {"scheme": settings.SITE_URL + "/status", "term": update.status, "label": update.status_label}
        handler.addQuickElement("category", "", status)
        handler.addQuickElement("ev:startdate", update.starts_at.isoformat())
        handler.addQuickElement("ev:enddate", update.ends_at.isoformat())


FORMAT = Format(
    name="atom", suffix=".atom", content_type="application/atom+xml; charset=utf-8", version=VERSION, render=render_atom
)
