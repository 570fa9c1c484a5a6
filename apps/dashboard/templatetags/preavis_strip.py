from collections.abc import Iterator
from typing import Any

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.channels.models import Channel, ChannelKind
from apps.channels.registry import problems
from apps.delivery import health

register = template.Library()

# Django's e-mail backends from which nothing leaves the machine.
UNSENT = ("console", "locmem", "dummy", "filebased")


@register.inclusion_tag("admin/parts/strip.html")
def preavis_strip() -> dict[str, Any]:
    """Says on every page what is wrong with the machinery, and nothing while all is well. Three queries."""
    return {"problems": [*health.check(now=timezone.now()).problems, *_channel_problems()]}


def _channel_problems() -> Iterator[str]:
    channels = list(Channel.objects.enabled())
    backends = {
        str(channel.config.get("backend") or settings.EMAIL_BACKEND) for channel in channels if channel.kind == ChannelKind.EMAIL
    }
    for backend in sorted(backends):
        if any(f".{name}." in backend for name in UNSENT):
            yield _("E-mail does not leave this machine: it goes to “%(backend)s”.") % {"backend": backend.rsplit(".", 2)[-2]}
    for channel in channels:
        for problem in problems(channel)[:1]:
            yield _("The channel “%(name)s” cannot send: %(problem)s") % {"name": channel, "problem": problem}
