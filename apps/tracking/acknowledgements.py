"""Answers to invitations become acknowledgements: one per recipient, the newest. Repeating a reply changes nothing."""

import logging
import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower

from apps.campaigns.models import Campaign
from apps.delivery.models import Delivery
from apps.windows.calendar.addresses import spellings

from .hits import record_arrivals
from .models import Acknowledgement
from .replies import Reply, parse_replies

logger = logging.getLogger(__name__)


def accept_reply(calendar: bytes, *, now: datetime) -> bool:
    """Takes up what a `text/calendar` part with METHOD:REPLY answers; False where it is none, or nobody's who was invited.

    An older reply is taken, and changes nothing: what counts is the invitation answered last (SEQUENCE), then the time.
    """
    taken = [_accept(reply, now=now) for reply in parse_replies(calendar)]
    return any(taken)


def _accept(reply: Reply, *, now: datetime) -> bool:
    campaign = _campaign(reply.uid)
    delivery = _invited(campaign, reply) if campaign else None
    if campaign is None or delivery is None:
        logger.info(
            "A reply to the calendar entry %.60r comes from somebody who was not invited to it; it is left out.", reply.uid
        )
        return False
    latest = campaign.window.revision
    sequence = delivery.revision if reply.sequence is None else min(reply.sequence, latest)
    answered_at = min(reply.stamped_at or now, now)  # a clock that is ahead would shut out every later answer
    with transaction.atomic():
        _keep(campaign, reply, delivery=delivery, sequence=sequence, answered_at=answered_at, received_at=now)
        record_arrivals([delivery], now=now)
    return True


def _campaign(uid: str) -> Campaign | None:
    try:
        return Campaign.objects.select_related("window").filter(window__uid=uuid.UUID(uid)).first()
    except ValueError:
        return None


def _invited(campaign: Campaign, reply: Reply) -> Delivery | None:
    """The delivery whose invitation is answered: the last one handed over that is not newer than the reply."""
    sent = (
        Delivery.objects.invited()
        .annotate(mailbox=Lower("address"))
        .filter(touchpoint__campaign=campaign, mailbox__in=spellings(reply.attendee), sent_at__isnull=False)
    )
    rows = list(sent.order_by("-revision", "-sent_at", "-pk")[:50])
    answered = [row for row in rows if reply.sequence is None or row.revision <= reply.sequence]
    return next(iter(answered or rows), None)


def _keep(campaign: Campaign, reply: Reply, *, sequence: int, answered_at: datetime, **fields: Any) -> None:
    said = {"answer": reply.answer, "comment": reply.comment, "sequence": sequence, "answered_at": answered_at, **fields}
    row, is_new = Acknowledgement.objects.get_or_create(campaign=campaign, address=reply.attendee, defaults=said)
    if not is_new:
        older = Q(sequence__lt=sequence) | Q(sequence=sequence, answered_at__lt=answered_at)
        Acknowledgement.objects.filter(older, pk=row.pk).update(**said)
