"""What is written about answers. Each verb may be repeated: the same answer adds nothing twice."""

import hashlib
import hmac
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services import record, record_change
from apps.accounts.trail.snapshots import stored
from apps.audiences.preferences import Wishes, save_preferences
from apps.common.sealing import Unsealable, seal, unseal
from apps.common.standard_webhooks import new_secret
from apps.delivery.models import Delivery

from . import esp
from .hits import record_arrivals
from .inbox.poll import LOOKS_BACK
from .models import Event, EventType, InboxMessage, ProviderEvent, Ticket, TicketLink, TicketSource, WebhookReceipt
from .tickets import TicketFacts
from .ties import Tie, find_tie
from .unsubscribing import is_stopped, stop_segment

logger = logging.getLogger(__name__)

SECRETS_AT_ONCE = 2  # the present one and, while a help desk changes over, the one before
# What a later report may change: a tie that says less than the new one, never one that a person set.
WEAKER_TIES: Mapping[str, tuple[str, ...]] = {
    TicketLink.EXPLICIT: (TicketLink.NONE, TicketLink.CANDIDATE),
    TicketLink.CANDIDATE: (TicketLink.NONE,),
}

Outcome = Literal["recorded", "updated", "repeated"]


def unsubscribe(delivery: Delivery, *, now: datetime) -> None:
    """Stops the segment of `delivery` on its kind of address and notes that the recipient asked for it."""
    with transaction.atomic():
        stop_segment(delivery, now=now)
        _note_unsubscribing(delivery, now=now)


def choose(delivery: Delivery, wishes: Wishes, *, now: datetime) -> None:
    """Keeps what the recipient of `delivery` chose; where that ends notices like it, it is an unsubscribing all the same."""
    assert delivery.contact is not None, "who chooses is a contact"
    with transaction.atomic():
        was_stopped = is_stopped(delivery)
        save_preferences(delivery.contact, wishes, also=delivery.touchpoint.segment, now=now)
        if is_stopped(delivery) and not was_stopped:
            _note_unsubscribing(delivery, now=now)


def _note_unsubscribing(delivery: Delivery, *, now: datetime) -> None:
    event = Event(delivery=delivery, type=EventType.UNSUBSCRIBED, at=now, key=f"unsubscribe:{delivery.token.hex}", source="page")
    Event.objects.bulk_create([event], ignore_conflicts=True)
    record_arrivals([delivery], now=now)


def store_provider_event(*, provider: str, payload: dict[str, Any], now: datetime) -> None:
    report = ProviderEvent(provider=provider[:24], key=esp.key_of(provider, payload), payload=payload, received_at=now)
    ProviderEvent.objects.bulk_create([report], ignore_conflicts=True)


def receive_ticket(source: TicketSource, facts: TicketFacts, *, call_id: str, now: datetime) -> Outcome:
    """Records the ticket of one verified call; a repeat of the call does nothing. Raises BadTicket, having saved nothing."""
    with transaction.atomic():
        name = f"tickets:{source.pk}"
        call = hashlib.sha256(call_id.encode()).hexdigest()  # the caller may name it as long as it likes
        _, is_new = WebhookReceipt.objects.get_or_create(source=name, external_id=call, defaults={"received_at": now})
        TicketSource.objects.filter(pk=source.pk).update(last_seen_at=now)
        if not is_new:
            return "repeated"
        return "recorded" if record_ticket(source, facts)[1] else "updated"


def record_ticket(source: TicketSource, facts: TicketFacts) -> tuple[Ticket, bool]:
    """The ticket as it now stands, and whether it is new. A reopening or a change is the same ticket.

    Raises BadTicket when it names a campaign that is not known.
    """
    tie = find_tie(facts)
    known = {
        "subject": facts.subject,
        "status": facts.status,
        "tags": list(facts.tags),
        "requester_hash": requester_hash(facts.requester_email),
        "organisation": facts.organisation,
    }
    with transaction.atomic():
        ticket, is_new = Ticket.objects.get_or_create(
            source=source, external_id=facts.external_id, defaults={"opened_at": facts.opened_at, **known, **_tie_fields(tie)}
        )
        if not is_new:
            rows = Ticket.objects.filter(pk=ticket.pk)
            rows.update(**{name: value for name, value in known.items() if value})
            rows.filter(link_kind__in=WEAKER_TIES.get(tie.kind, ())).update(**_tie_fields(tie))
            ticket.refresh_from_db()
    return ticket, is_new


def _tie_fields(tie: Tie) -> dict[str, Any]:
    return {"campaign": tie.campaign, "delivery": tie.delivery, "link_kind": tie.kind}


def requester_hash(email: str) -> str:
    """Recognises a requester without keeping the address; useless without SECRET_KEY."""
    if not email:
        return ""
    key = f"preavis.requester:{settings.SECRET_KEY}".encode()
    return hmac.new(key, email.strip().lower().encode(), hashlib.sha256).hexdigest()


def tie_ticket(ticket: Ticket, *, campaign_id: int | None, actor: User | None, now: datetime) -> None:
    """A person's word on where the ticket belongs; `None` ties it to nothing. No later report changes it."""
    with transaction.atomic():
        before = stored(Ticket, ticket.pk, only=("campaign", "link_kind"))
        Ticket.objects.filter(pk=ticket.pk).update(campaign=campaign_id, delivery=None, link_kind=TicketLink.MANUAL)
        record_change("ticket.tied", subject=ticket, before=before, actor=actor, now=now, campaign=campaign_id)


def secrets_of(source: TicketSource) -> list[str]:
    """The signing secrets that are valid now, the newest first; those sealed with a key that is gone are lost."""
    try:
        return list(unseal(source.sealed_secrets) or [])
    except Unsealable:
        logger.warning("The secrets of ticket source %s cannot be read: SECRET_KEY was changed without a fallback.", source.pk)
        return []


def rotate_secret(source: TicketSource, *, actor: User | None, now: datetime) -> str:
    """A new signing secret, to be shown once. The one before stays valid until `retire_old_secrets`."""
    secret = new_secret()
    with transaction.atomic():
        row = TicketSource.objects.select_for_update().get(pk=source.pk)
        _keep_secrets(row, [secret, *secrets_of(row)][:SECRETS_AT_ONCE])
        record("ticket_source.secret_made", subject=row, actor=actor, now=now)
    return secret


def retire_old_secrets(source: TicketSource, *, actor: User | None, now: datetime) -> None:
    with transaction.atomic():
        row = TicketSource.objects.select_for_update().get(pk=source.pk)
        _keep_secrets(row, secrets_of(row)[:1])
        record("ticket_source.old_secrets_retired", subject=row, actor=actor, now=now)


def _keep_secrets(source: TicketSource, secrets: list[str]) -> None:
    source.sealed_secrets = seal(secrets)
    source.save(update_fields=["sealed_secrets", "updated_at"])


def forget(*, now: datetime) -> int:
    """Drops what could still point to a person after TRACKING_FORGET_AFTER_DAYS; verdicts and counts stay."""
    before = now - timedelta(days=settings.TRACKING_FORGET_AFTER_DAYS)
    forgotten = Event.objects.filter(at__lt=before).exclude(user_agent="").update(user_agent="")
    ProviderEvent.objects.filter(received_at__lt=before, handled_at__isnull=False).delete()
    WebhookReceipt.objects.filter(received_at__lt=before).delete()
    # The mailbox is searched so far back: a message must not be forgotten while it may still be found there.
    InboxMessage.objects.filter(received_at__lt=min(before, now - 2 * LOOKS_BACK)).delete()
    return forgotten
