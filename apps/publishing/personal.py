"""Calendar feeds that were made for a person: a feed is named after its reader, so it is found by e-mail or name."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.audiences.models import Contact
from apps.audiences.personal import Fact, Holder, bears

from .models import Feed


def _feeds(contact: Contact) -> "QuerySet[Feed]":
    """Customers' feeds only; a colleague's belongs to their account. A name alone counts when it is the whole name."""
    named = bears("name__icontains", contact.email) | bears("name__iexact", contact.name)
    return Feed.objects.filter(named, owner__isnull=True)


def _facts(contact: Contact) -> Iterator[Fact]:
    for feed in _feeds(contact).order_by("pk"):
        yield {
            "name": feed.name,
            "language": feed.language,
            "made_at": feed.created_at,
            "last_fetched_at": feed.last_used_at,
            "last_fetched_by": feed.last_client,
            "ended_at": feed.revoked_at,
        }


def _erase(contact: Contact, now: datetime) -> None:
    for feed in _feeds(contact):
        rows = Feed.objects.filter(pk=feed.pk)
        rows.update(name=f"#{feed.pk}", last_client="", revoked_at=feed.revoked_at or now, updated_at=now)


FEEDS = Holder(
    name="calendar-feeds",
    title=_("Calendar feeds"),
    export=_facts,
    erase=_erase,
    goes=_("Feeds that bear the person's e-mail or whole name: they end, and lose that name."),
)
