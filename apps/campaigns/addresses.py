from apps.audiences.models import AddressKind
from apps.channels.models import Channel, ChannelKind


def address_kind(channel: Channel) -> AddressKind:
    """Which of a contact's addresses `channel` writes to; without meaning for broadcast channels."""
    return AddressKind.PHONE if channel.kind == ChannelKind.SMS else AddressKind.EMAIL
