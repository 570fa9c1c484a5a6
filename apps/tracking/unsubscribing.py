"""What a recipient stops: the segment of the message at hand, on the kind of address that it went to."""

from datetime import datetime

from apps.audiences import services as audiences
from apps.audiences.models import AddressKind, SuppressionReason
from apps.channels.models import ChannelKind
from apps.delivery.models import Delivery

ADDRESS_KINDS = {ChannelKind.EMAIL: AddressKind.EMAIL, ChannelKind.MEMORY: AddressKind.EMAIL, ChannelKind.SMS: AddressKind.PHONE}


def address_kind_of(delivery: Delivery) -> AddressKind | None:
    """None for a message to a place rather than to a person."""
    return ADDRESS_KINDS.get(ChannelKind(delivery.touchpoint.channel.kind)) if delivery.address else None


def stop_segment(delivery: Delivery, *, note: str = "", now: datetime) -> None:
    """Repeating it does no harm. A message to no segment stops every one: nothing less would keep the promise."""
    kind = address_kind_of(delivery)
    if kind is None:
        return
    audiences.suppress(
        kind=kind,
        address=delivery.address,
        reason=SuppressionReason.UNSUBSCRIBED,
        segment=delivery.touchpoint.segment,
        note=note,
        now=now,
    )
