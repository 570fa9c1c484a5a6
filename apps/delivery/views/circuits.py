from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.channels.models import Channel

from .. import circuits
from ..clock import database_now


@require_POST
def reset_circuit(request: HttpRequest, channel_id: int) -> HttpResponseRedirect:
    """For the page of the channel: a person has reason to think that its provider is there."""
    channel = get_object_or_404(Channel, pk=channel_id)
    if not request.user.has_perm("channels.change_channel"):
        raise PermissionDenied
    actor: Any = request.user
    circuits.reset_circuit(channel, actor=actor, now=database_now())
    messages.success(request, _("What waits for this channel is tried now, at its full pace."))
    return redirect("admin:channels_channel_change", channel.pk)
