"""The rows of a batch that wait to be sent, each with what its message says of its recipient: one cheap read per batch."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import CharField, Expression, QuerySet, Value

from . import audience
from .models import Batch, Delivery, DeliveryState, Invitation


class Recipient(NamedTuple):
    """What a message may say of a contact, under the names the contact has for it."""

    pk: int
    name: str
    organisation: str
    language: str
    time_zone: str
    archived_at: datetime | None
    is_internal: bool


class WaitingRow(NamedTuple):
    """A delivery as its worker needs it; a tuple, because model instances take longer to make than their messages."""

    pk: int
    token: UUID
    address: str
    attempts: int
    composed_at: datetime | None
    sent_at: datetime | None  # when it may have been handed over before: it is being repeated
    contact: Recipient | None  # None: broadcast
    invitation: str = Invitation.NONE
    suppression: str = ""  # why the address is not to be used, by what is known now

    @property
    def contact_id(self) -> int | None:
        return self.contact.pk if self.contact else None


OWN = ("pk", "token", "address", "attempts", "composed_at", "sent_at", "invitation", "suppression", "contact_id")
_NOT_ASKED = Value("", output_field=CharField())
THEIRS = tuple(f"contact__{name}" for name in Recipient._fields if name != "pk")


def waiting_rows(batch: Batch) -> Sequence[WaitingRow]:
    """What of `batch` is still to be sent, in the order in which it was written."""
    waiting = Delivery.objects.filter(batch=batch.pk, state=DeliveryState.PENDING)
    return rows_of(waiting, suppression=audience.suppression_now(batch.touchpoint))


def rows_of(deliveries: QuerySet[Delivery], *, suppression: Expression | Value = _NOT_ASKED) -> Sequence[WaitingRow]:
    """Without `suppression` nothing is asked about addresses."""
    rows = deliveries.annotate(suppression=suppression).order_by("pk").values_list(*OWN, *THEIRS)
    return [
        WaitingRow(pk, token, address, attempts, composed_at, sent_at, contact and Recipient(contact, *theirs), part, reason)
        for pk, token, address, attempts, composed_at, sent_at, part, reason, contact, *theirs in rows
    ]
