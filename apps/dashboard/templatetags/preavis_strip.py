from collections.abc import Iterator
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.channels.models import Channel
from apps.channels.registry import problems
from apps.channels.unsent import stays_here
from apps.delivery import health
from apps.delivery.models import Alarm
from apps.delivery.pauses import pauses

register = template.Library()


@register.inclusion_tag("admin/parts/strip.html", takes_context=True)
def preavis_strip(context: Context) -> dict[str, Any]:
    """Says on every page what is wrong with the machinery, and what is paused; nothing while all is well. Six queries."""
    found = health.check(now=timezone.now())
    faults = (problem for problem in found.problems if problem != found.halt)
    problems = [*faults, *found.notices, *_unheard_alarms(), *_channel_problems()]
    reader = {"user": context["user"], "perms": context["perms"]}
    is_fault = found.halt in found.problems
    return {"halt": found.halt, "is_fault": is_fault, "problems": problems, "pauses": pauses(), **reader}


def _unheard_alarms() -> Iterator[str]:
    """Work under way of which people were promised a word, and whose owner cannot be reached."""
    for alarm in Alarm.objects.unheard().select_related("campaign__window"):
        yield _("A word that was promised on “%(window)s” is about to be missing, and nobody could be alarmed. %(why)s") % {
            "window": alarm.campaign,
            "why": alarm.error,
        }


def _channel_problems() -> Iterator[str]:
    channels = list(Channel.objects.enabled())
    for backend in sorted({stays_here(channel) for channel in channels} - {""}):
        yield _("E-mail does not leave this machine: it goes to “%(backend)s”.") % {"backend": backend}
    for channel in channels:
        for problem in problems(channel)[:1]:
            yield _("The channel “%(name)s” cannot send: %(problem)s") % {"name": channel, "problem": problem}
