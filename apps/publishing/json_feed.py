"""Updates as a JSON Feed (https://www.jsonfeed.org/version/1.1/)."""

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from .calendars import name_of
from .formats import Format
from .selections import Selection
from .updates import Update, author_name, updates_of

VERSION = 1  # of the format; see there


def render_json_feed(selection: Selection, now: datetime) -> bytes:
    """No `feed_url`: a subscriber's address is a secret."""
    language = selection.feed.language
    with translation.override(language):
        title, description = name_of(selection), _("Planned maintenance: when, what it affects and where it stands.")
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "description": description,
        "home_page_url": settings.SITE_URL + "/",
        "language": language,
        "authors": [{"name": author_name()}],
        "items": [_item(update) for update in updates_of(selection, now)],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _item(update: Update) -> dict[str, Any]:
    return {
        "id": update.id,
        "url": update.url,
        "title": update.title,
        "content_text": "\n\n".join(update.paragraphs),
        "date_published": update.published.isoformat(),
        "date_modified": update.updated.isoformat(),
        "tags": list(update.services),
        "attachments": [{"url": update.calendar_url, "mime_type": "text/calendar", "title": update.title}],
        "_preavis": {
            "about": f"{settings.SITE_URL}/",
            "window": update.window,
            "revision": update.revision,
            "status": update.status,
            "impact": update.impact,
            "start": update.starts_at.isoformat(),
            "end": update.ends_at.isoformat(),
        },
    }


FORMAT = Format(
    name="json", suffix=".json", content_type="application/feed+json; charset=utf-8", version=VERSION, render=render_json_feed
)
