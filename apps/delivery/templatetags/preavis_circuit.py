"""What the engine has learned of a channel's provider, for the page of the channel, which knows nothing of sending."""

from typing import Any

from django import template
from django.utils import timezone

from apps.channels.models import Channel

from ..circuit_words import findings
from ..models import Circuit

register = template.Library()


@register.inclusion_tag("admin/delivery/circuit.html", takes_context=True)
def preavis_circuit(context: Any, channel: Channel) -> dict[str, Any]:
    circuit = Circuit.objects.filter(channel=channel).select_related("channel").first()
    return {
        "channel": channel,
        "findings": list(findings(circuit, now=timezone.now())) if circuit else [],
        "may_reset": context["request"].user.has_perm("channels.change_channel"),
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
    }
