"""What a mail provider reported takes effect: an event, perhaps a suppression, perhaps evidence for the ledger."""

import logging
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import DatabaseError, transaction

from apps.audiences import services as audiences
from apps.audiences.models import SuppressionReason
from apps.delivery import services as delivery
from apps.delivery.models import Delivery, Link

from . import esp, hits, scoring
from .models import Event, EventType, ProviderEvent
from .unsubscribing import address_kind_of, stop_segment

logger = logging.getLogger(__name__)

NO_MATCH = "It names no delivery of ours."
NOT_UNDERSTOOD = "It could not be handled; the log has the reason."
# These prove that a delivery did not arrive; the code is what its row keeps as the reason.
FAILURES: Mapping[EventType, str] = {
    EventType.BOUNCED: "bounced",
    EventType.REJECTED: "rejected",
    EventType.FAILED: "provider_failed",
}


def handle_provider_events(*, now: datetime, at_most: int = 500) -> int:
    """Handles the reports that wait, oldest first, each in its own transaction; returns how many."""
    waiting = list(ProviderEvent.objects.waiting()[:at_most])
    return sum(_handle(report, now=now) for report in waiting)


def _handle(report: ProviderEvent, *, now: datetime) -> bool:
    try:
        with transaction.atomic():
            return _claim(report, now=now) and _take_effect(report, now=now)
    except DatabaseError:
        raise  # passes, or is a bug: the report goes on waiting
    except Exception:
        logger.exception("Report %s of %s cannot be handled.", report.pk, report.provider)
        ProviderEvent.objects.filter(pk=report.pk).update(handled_at=now, note=NOT_UNDERSTOOD)
        return True


def _claim(report: ProviderEvent, *, now: datetime) -> bool:
    return ProviderEvent.objects.filter(pk=report.pk, handled_at=None).update(handled_at=now) == 1


def _take_effect(report: ProviderEvent, *, now: datetime) -> bool:
    row = _find_delivery(report.payload)
    if row is None:
        ProviderEvent.objects.filter(pk=report.pk).update(note=NO_MATCH)
        return True
    event = _event(report, row)
    if event.type in scoring.READER_TYPES:
        scoring.judge([event], arrived=scoring.arrivals([row]))
    Event.objects.bulk_create([event], ignore_conflicts=True)
    _suppress(event, report, now=now)
    _record_evidence(event, now=now)
    return True


def _find_delivery(payload: Mapping[str, Any]) -> Delivery | None:
    """By the token in our metadata, else by the provider's id, else by the token in our Message-ID; never by address."""
    rows = Delivery.objects.select_related("touchpoint__segment", "touchpoint__channel")
    for token in _tokens(payload["metadata"].get("delivery", "")):
        return rows.filter(token=token).first()
    message_id = payload["message_id"]
    if not message_id:
        return None
    names = {message_id, message_id.strip("<>")}
    by_provider = list(rows.filter(provider_id__in=names)[:2])
    if len(by_provider) == 1:  # all messages of one call may have one name
        return by_provider[0]
    return next((rows.filter(token=token).first() for token in _tokens(message_id)), None)


def _tokens(text: str) -> Iterator[uuid.UUID]:
    """The delivery token at the head of `text`, as metadata and Message-IDs carry it."""
    try:
        yield uuid.UUID(text.strip("<>").partition("@")[0])
    except ValueError:
        return


def _event(report: ProviderEvent, row: Delivery) -> Event:
    payload = report.payload
    kind = esp.TYPES[payload["type"]]
    detail = {
        "description": payload["description"][:300],
        "response": payload["response"][:500],
        "bounce": esp.bounce_of(report.provider, payload).value if kind in FAILURES else "",
        "flagged": kind in scoring.READER_TYPES and esp.is_machine(report.provider, payload),
    }
    return Event(
        delivery=row,
        type=kind,
        at=esp.happened_at(payload, otherwise=report.received_at),
        link=Link.objects.filter(touchpoint=row.touchpoint_id, url=payload["url"]).first() if payload["url"] else None,
        key=f"esp:{report.key}",
        source=report.provider,
        user_agent=payload["user_agent"][:300],
        detail={name: value for name, value in detail.items() if value},
    )


def _suppress(event: Event, report: ProviderEvent, *, now: datetime) -> None:
    kind = address_kind_of(event.delivery)
    if kind is None:
        return
    note = (event.detail.get("response") or event.detail.get("description") or report.provider)[:250]
    if event.type == EventType.UNSUBSCRIBED:
        stop_segment(event.delivery, note=note, now=now)
    elif event.type == EventType.COMPLAINED:
        reason = SuppressionReason.COMPLAINT
        audiences.suppress(kind=kind, address=event.delivery.address, reason=reason, note=note, now=now)
    elif event.type in (EventType.BOUNCED, EventType.REJECTED) and event.detail.get("bounce") == esp.Bounce.HARD:
        reason = SuppressionReason.HARD_BOUNCE
        audiences.suppress(kind=kind, address=event.delivery.address, reason=reason, note=note, now=now)


def _record_evidence(event: Event, *, now: datetime) -> None:
    if event.type in hits.SIGNS_OF_ARRIVAL:
        hits.record_arrivals([event.delivery], now=now)
    elif reason := FAILURES.get(EventType(event.type)):
        delivery.record_evidence(event.delivery, outcome="failed", reason=reason, now=now)
