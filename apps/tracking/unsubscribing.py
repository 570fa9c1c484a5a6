"""What a recipient stops: the segment of the message at hand, on the kind of address that it went to."""

from datetime import datetime

from apps.audiences import services as audiences
from apps.audiences.models import AddressKind, SuppressionReason
from apps.campaigns.addresses import address_kind
from apps.delivery.models import Delivery


def address_kind_of(delivery: Delivery) -> AddressKind | None:
    """None for a message to a place rather than to a person."""
    channel = delivery.touchpoint.channel
    return address_kind(channel) if delivery.address and not channel.is_broadcast else None


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
