"""A mark that tells whether a feed may say something else than it did, at a fraction of what saying it costs."""

import hashlib
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Sum

from apps.common.stamps import Ticks

from .insight import facts_of
from .selections import Selection, names_of
from .team import facts_of_team

STAMP = {"count": Count("pk"), "members": Sum("pk"), "ticks": Sum(Ticks("updated_at"))}


def marker_of(selection: Selection, now: datetime) -> str:
    """Changes whenever the feed's bytes may have: with a window, with one that comes or goes, with the name of a service that
    it names, and with the day, by which a large calendar is cut. What only the team reads is compared row by row."""
    feed = selection.feed
    facts = (
        selection.windows(now).order_by().aggregate(**STAMP),
        (facts_of(selection.windows(now)), facts_of_team(selection, now)) if feed.is_internal else (),
        (feed.language, feed.name, feed.detail, feed.reminders, feed.has_meetings, feed.has_touchpoints),
        (names_of(selection), selection.segments),
        (now.date(), selection.format.version, settings.SITE_URL, settings.DEFAULT_FROM_EMAIL),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()
