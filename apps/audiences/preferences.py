"""What a recipient has decided: which notices, by which way, in which language and zone.

Nothing of it is kept for itself. That somebody does not want a segment's notices at an address is a suppression of that
address for that segment, which expanding a touchpoint asks for anyway, by index; language and zone are the contact's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from apps.accounts.services import record_change
from apps.accounts.trail.snapshots import stored

from .models import AddressKind, Contact, Segment, Suppression, SuppressionReason, live_counts
from .services import lift, suppress

TOLD = ("language", "time_zone")


@dataclass(frozen=True, kw_only=True)
class Way:
    """One of the contact's addresses."""

    kind: AddressKind
    address: str
    is_wanted: bool  # something may be sent there at all
    blocked_by: str = ""  # a SuppressionReason that is not the recipient's to lift


@dataclass(frozen=True, kw_only=True)
class Topic:
    segment: Segment
    wanted: frozenset[AddressKind]  # the ways by which its notices come, as far as those ways are open


@dataclass(frozen=True, kw_only=True)
class Preferences:
    contact: Contact
    ways: tuple[Way, ...]
    topics: tuple[Topic, ...]

    @property
    def open_ways(self) -> tuple[Way, ...]:
        return tuple(way for way in self.ways if not way.blocked_by)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What is wanted from now on; a topic or way that is not named is not wanted."""

    language: str
    time_zone: str
    ways: frozenset[AddressKind] = frozenset()
    topics: frozenset[tuple[int, AddressKind]] = frozenset()  # segment and way


def preferences_of(contact: Contact, *, also: Segment | None) -> Preferences:
    """The topics are the segments with a name for recipients that the contact is in, and `also`, that of a message at hand."""
    rows = list(Suppression.objects.filter(_addresses(contact)))
    ways = tuple(_way(kind, address, rows) for kind, address in _known_addresses(contact))
    topics = tuple(_topic(segment, ways, rows) for segment in _segments(contact, also))
    return Preferences(contact=contact, ways=ways, topics=topics)


@transaction.atomic
def save_preferences(contact: Contact, wishes: Wishes, *, also: Segment | None, now: datetime) -> None:
    """Changes what differs, on the recipient's own word; what is blocked for another reason stays blocked."""
    contact = Contact.objects.select_for_update().get(pk=contact.pk)
    present = preferences_of(contact, also=also)
    for way in present.open_ways:
        _want(way, None, way.kind in wishes.ways, now=now)
        for topic in present.topics:
            _want(way, topic.segment, (topic.segment.pk, way.kind) in wishes.topics, now=now)
    before = stored(Contact, contact.pk, only=TOLD)
    if (contact.language, contact.time_zone) != (wishes.language, wishes.time_zone):
        contact.language, contact.time_zone = wishes.language, wishes.time_zone
        contact.save(update_fields=[*TOLD, "updated_at"])
        record_change("contact.chose", subject=contact, before=before, actor=None, now=now)


def _want(way: Way, segment: Segment | None, is_wanted: bool, *, now: datetime) -> None:
    if not is_wanted:
        reason = SuppressionReason.UNSUBSCRIBED
        suppress(kind=way.kind, address=way.address, reason=reason, segment=segment, note="", now=now)
        return
    rows = Suppression.objects.filter(kind=way.kind, address=way.address, reason=SuppressionReason.UNSUBSCRIBED, segment=segment)
    for row in rows:
        lift(row, actor=None, now=now)


def _known_addresses(contact: Contact) -> Sequence[tuple[AddressKind, str]]:
    both = ((AddressKind.EMAIL, contact.email), (AddressKind.PHONE, contact.phone))
    return [(kind, address) for kind, address in both if address]


def _addresses(contact: Contact) -> Q:
    found = Q(pk__in=())
    for kind, address in _known_addresses(contact):
        found |= Q(kind=kind, address=address)
    return found


def _way(kind: AddressKind, address: str, rows: Sequence[Suppression]) -> Way:
    reasons = [row.reason for row in rows if row.kind == kind and row.segment_id is None]
    blocked_by = next((reason for reason in reasons if reason != SuppressionReason.UNSUBSCRIBED), "")
    return Way(kind=kind, address=address, is_wanted=not reasons, blocked_by=blocked_by)


def _topic(segment: Segment, ways: Sequence[Way], rows: Sequence[Suppression]) -> Topic:
    stopped = {row.kind for row in rows if row.segment_id == segment.pk}
    return Topic(segment=segment, wanted=frozenset(way.kind for way in ways if way.kind not in stopped))


def _segments(contact: Contact, also: Segment | None) -> list[Segment]:
    named = list(Segment.objects.filter(archived_at__isnull=True).exclude(public_names={}))
    counts = live_counts(named, among=Contact.objects.filter(pk=contact.pk))
    found = [segment for segment in named if counts[segment.pk] or segment == also]
    return found if also is None or also in found else [also, *found]
