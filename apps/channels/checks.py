"""What `manage.py check` finds before a message does: an e-mail backend that cannot be loaded, channels that cannot send."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from .models import Channel
from .registry import problems
from .transports.email_options import backend_problems


@register()
def email_backend_can_be_used(**_options: Any) -> list[CheckMessage]:
    hint = "The variable EMAIL_BACKEND names the Python path of a Django e-mail backend; ANYMAIL holds what a provider's needs."
    return [Error(problem, hint=hint, id="channels.E001") for problem in backend_problems(settings.EMAIL_BACKEND)]


@register(Tags.database)
def enabled_channels_can_send(*, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """With `check --database default`. Warnings, because `migrate` runs this too: one bad channel must not stop an upgrade."""
    return [message for alias in databases or () for message in _channel_problems(alias)]


def _channel_problems(alias: str) -> list[CheckMessage]:
    try:
        channels = list(Channel.objects.using(alias).enabled())
    except DatabaseError:  # before the first migration
        return []
    return [
        Warning(f"Channel “{channel}”: {problem}", hint="It sends nothing until this is mended.", id="channels.W001")
        for channel in channels
        for problem in problems(channel)
    ]
