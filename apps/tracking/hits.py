"""Buffered hits become events, in sets: a fixed number of queries for any number of hits."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from django.db import transaction

from apps.delivery import services as delivery
from apps.delivery.models import Delivery, DeliveryState, Link

from . import scoring
from .buffer import Hit
from .models import Event, EventType

# In doubt, for good or not, or waiting to be repeated because of a doubt.
AWAITS_EVIDENCE = (DeliveryState.IN_DOUBT, DeliveryState.UNKNOWN, DeliveryState.PENDING)
# Nobody answers, leaves or complains of what did not arrive.
SIGNS_OF_ARRIVAL = (
    EventType.DELIVERED,
    EventType.OPENED,
    EventType.CLICKED,
    EventType.COMPLAINED,
    EventType.UNSUBSCRIBED,
    EventType.AUTORESPONDED,
)


def write_hits(hits: Sequence[Hit], *, now: datetime) -> int:
    """Writes those of `hits` that belong to a delivery and are not yet written; returns how many were tried.

    A burst that ends here also corrects the events before it that belong to it.
    """
    deliveries = {row.token: row for row in Delivery.objects.filter(token__in={uuid.UUID(hit.token) for hit in hits})}
    links = _links(deliveries.values())
    events = [_event(hit, deliveries[token], links) for hit in hits if (token := uuid.UUID(hit.token)) in deliveries]
    earlier = [event for event in scoring.neighbours(events) if event.key not in {new.key for new in events}]
    changed = scoring.judge([*events, *earlier], arrived=scoring.arrivals(deliveries.values()))
    corrected = [event for event in changed if event.pk and event.rule == "burst"]
    with transaction.atomic():
        Event.objects.bulk_create(events, ignore_conflicts=True)
        Event.objects.bulk_update(corrected, ["verdict", "rule", "detail"])
    record_arrivals([event.delivery for event in events], now=now)
    return len(events)


def record_arrivals(deliveries: Sequence[Delivery], *, now: datetime) -> None:
    """Whatever reacts has arrived, be it a machine: deliveries in doubt among these were sent after all."""
    for row in {row.pk: row for row in deliveries if row.state in AWAITS_EVIDENCE}.values():
        delivery.record_evidence(row, outcome="sent", reason="", now=now)


def _links(deliveries: Iterable[Delivery]) -> dict[tuple[int, int], Link]:
    touchpoints = {row.touchpoint_id for row in deliveries}
    return {(link.touchpoint_id, link.number): link for link in Link.objects.filter(touchpoint__in=touchpoints)}


def _event(hit: Hit, row: Delivery, links: dict[tuple[int, int], Link]) -> Event:
    detail = {"method": hit.method, "purpose": hit.purpose}
    return Event(
        delivery=row,
        type=EventType.OPENED if hit.link is None else EventType.CLICKED,
        at=datetime.fromtimestamp(hit.at, tz=UTC),
        link=None if hit.link is None else links.get((row.touchpoint_id, hit.link)),
        key=hit.key,
        source="pixel" if hit.link is None else "redirect",
        user_agent=hit.user_agent,
        detail={name: value for name, value in detail.items() if value},
    )
