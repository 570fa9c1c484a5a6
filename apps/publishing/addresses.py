"""From a feed's address to what it stands for, in one query for the usual poll."""

from django.db.models import Exists, OuterRef

from apps.common.tokens import token_hash
from apps.windows.models import Service

from .calendars import Selection
from .models import Feed, FeedEdition


def find_selection(token: str, service_slug: str | None) -> Selection | None:
    """None for a wrong, damaged or revoked token, and for a service that the feed does not hold."""
    through = Feed.services.through.objects.filter(feed=OuterRef("feed"))
    editions = FeedEdition.objects.select_related("feed__owner").annotate(has_services=Exists(through))
    edition = editions.filter(feed__token_hash=token_hash(token), service_slug=service_slug or "").first()
    feed = edition.feed if edition else Feed.objects.select_related("owner").filter(token_hash=token_hash(token)).first()
    if feed is None or not feed.is_active:
        return None
    held = () if edition and not edition.has_services else tuple(feed.services.order_by("pk").values_list("pk", flat=True))
    if service_slug is None:
        return Selection(feed=feed, held=held, edition=edition)
    service = Service.objects.filter(slug=service_slug).first()
    if service is None or (held and service.pk not in held):
        return None
    return Selection(feed=feed, held=held, service=service, edition=edition)
