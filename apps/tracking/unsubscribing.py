"""What a recipient stops: the segment of the message at hand, on the kind of address that it went to."""

from datetime import datetime

from apps.audiences import services as audiences
from apps.audiences.addresses import normal_address
from apps.audiences.models import AddressKind, Suppression, SuppressionReason
from apps.campaigns.addresses import address_kind
from apps.delivery.models import Delivery


def address_kind_of(delivery: Delivery) -> AddressKind | None:
    """None for a message to a place rather than to a person."""
    channel = delivery.touchpoint.channel
    return address_kind(channel) if delivery.address and not channel.is_broadcast else None


def is_still_theirs(delivery: Delivery) -> bool:
    """Whether the address a message went to is still that of its recipient, so that its holder speaks for them."""
    contact = delivery.contact
    if contact is None or contact.archived_at is not None:
        return False
    kind = address_kind_of(delivery)
    present = {AddressKind.EMAIL: contact.email, AddressKind.PHONE: contact.phone}
    return kind is not None and bool(present[kind]) and normal_address(kind, delivery.address) == present[kind]


def is_stopped(delivery: Delivery) -> bool:
    """Whether routine notices of the message's segment no longer go to its address, by the recipient's own word."""
    kind = address_kind_of(delivery)
    rows = Suppression.objects.for_(kind=kind or "", segment=delivery.touchpoint.segment, is_mandatory=False)
    return rows.filter(address=normal_address(kind or "", delivery.address), reason=SuppressionReason.UNSUBSCRIBED).exists()


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
