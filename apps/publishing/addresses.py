"""From a feed's address to what it stands for, in one query for the usual poll."""

from django.db.models import Exists, OuterRef

from apps.accounts.models import User
from apps.common.tokens import token_hash
from apps.windows.models import Service

from . import atom, calendars, json_feed, maintnotes
from .formats import Format
from .models import Feed, FeedEdition
from .selections import Selection

# The longer ending first where one ends with another.
FORMATS: tuple[Format, ...] = (maintnotes.FORMAT, calendars.FORMAT, atom.FORMAT, json_feed.FORMAT)
# Of an owner a poll asks only whether they are still of the team.
OF_NO_USE = [field.name for field in User._meta.concrete_fields if field.name not in ("id", "is_active", "is_staff")]
# Put together once: that costs a poll more than asking.
EDITIONS = (
    FeedEdition.objects.select_related("feed__owner")
    .defer(*(f"feed__owner__{name}" for name in OF_NO_USE))
    .annotate(
        has_services=Exists(Feed.services.through.objects.filter(feed=OuterRef("feed"))),
        has_segments=Exists(Feed.segments.through.objects.filter(feed=OuterRef("feed"))),
    )
)


def find_selection(name: str, service_slug: str | None) -> Selection | None:
    """None for a wrong, damaged or revoked token, an unknown ending, and a service that the feed does not hold."""
    asked = next((each for each in FORMATS if name.endswith(each.suffix)), None)
    if asked is None:
        return None
    hashed = token_hash(name.removesuffix(asked.suffix))
    edition, has_services, has_segments = _edition(hashed, asked, service_slug or "")
    feed = edition.feed if edition else Feed.objects.select_related("owner").filter(token_hash=hashed).first()
    if feed is None or not feed.is_active:
        return None
    held = tuple(feed.services.order_by("pk").values_list("pk", flat=True)) if has_services else ()
    segments = tuple(feed.segments.order_by("pk").values_list("pk", flat=True)) if has_segments else ()
    service = None
    if service_slug is not None:
        service = Service.objects.filter(slug=service_slug).first()
        if service is None or (held and service.pk not in held):
            return None
    return Selection(feed=feed, format=asked, held=held, segments=segments, service=service, edition=edition)


def find_feed(token: str) -> Feed | None:
    """None as above."""
    feed = Feed.objects.select_related("owner").filter(token_hash=token_hash(token)).first()
    return feed if feed and feed.is_active else None


def _edition(hashed: str, asked: Format, service_slug: str) -> tuple[FeedEdition | None, bool, bool]:
    """With its feed, and whether that names services and segments; where there is no edition yet, it may."""
    rows = EDITIONS.filter(feed__token_hash=hashed, format=asked.name, service_slug=service_slug)
    return next(((row, row.has_services, row.has_segments) for row in rows), (None, True, True))
