"""The rows of a batch that wait to be sent, each with what its message says of its recipient: one cheap read per batch."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import CharField, QuerySet, Value

from apps.common.statements import Repeated

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
    return _read(_waiting(audience.Stops.of(batch.touchpoint))(batch.pk))


def rows_of(deliveries: QuerySet[Delivery]) -> Sequence[WaitingRow]:
    """Without a look at what has become of their addresses since."""
    return _read(_values(deliveries.annotate(suppression=_NOT_ASKED)))


@lru_cache(maxsize=256)
def _waiting(stops: audience.Stops) -> Repeated:
    def build(batch: int) -> QuerySet[Any, Any]:
        waiting = Delivery.objects.filter(batch=batch, state=DeliveryState.PENDING)
        return _values(waiting.annotate(suppression=audience.suppression_now(stops)))

    return Repeated(build)


def _values(deliveries: QuerySet[Any]) -> QuerySet[Any, Any]:
    return deliveries.order_by("pk").values_list(*OWN, *THEIRS)


def _read(rows: Iterable[Any]) -> Sequence[WaitingRow]:
    return [
        WaitingRow(pk, token, address, attempts, composed_at, sent_at, contact and Recipient(contact, *theirs), part, reason)
        for pk, token, address, attempts, composed_at, sent_at, part, reason, contact, *theirs in rows
    ]
