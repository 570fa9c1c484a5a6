"""From a configured channel to the transport that serves it."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from apps.common.sealing import Unsealable

from .contract import Gate, Transport
from .messages import Message, TransportError
from .models import Channel, ChannelKind
from .transports.chat import ChatTransport
from .transports.email import EmailTransport
from .transports.memory import MemoryTransport
from .transports.sms import SmsTransport
from .transports.webhook import WebhookTransport

TRANSPORTS: Mapping[str, type[Transport]] = {
    transport.kind: transport for transport in (EmailTransport, SmsTransport, ChatTransport, WebhookTransport, MemoryTransport)
}


def transport_class(kind: str) -> type[Transport]:
    return TRANSPORTS[ChannelKind(kind)]


def transport_for(channel: Channel, *, answer_timeout: float | None = None) -> Transport:
    """Always a transport: that of a channel with problems refuses every message for now, with the first as its reason."""
    found = problems(channel)
    if found:
        return Unusable(found[0])
    return transport_class(channel.kind)(config=channel.config, secrets=channel.secrets, answer_timeout=answer_timeout)


def problems(channel: Channel) -> list[str]:
    """What keeps the channel from working, a whole sentence each, naming the setting; empty when it is sound."""
    if channel.kind not in TRANSPORTS:
        return [_("“%(kind)s” is not a kind of channel.") % {"kind": channel.kind}]
    if not isinstance(channel.config, dict):
        return [_("The configuration must be a JSON object.")]
    try:
        secrets = channel.secrets
    except Unsealable:
        return [
            _(
                "The secrets cannot be read with the present SECRET_KEY; add the earlier one to SECRET_KEY_FALLBACKS or enter them again."
            )
        ]
    return TRANSPORTS[channel.kind].problems(config=channel.config, secrets=secrets)


class Unusable(Transport):
    """Stands in for a transport that cannot be built; messages wait until a person has mended the channel."""

    kind = "unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(config={}, secrets={})
        self.reason = reason

    def hand_over(self, message: Message, gate: Gate) -> str:
        raise TransportError(self.reason, permanent=False, code="configuration", channel_down=True)
