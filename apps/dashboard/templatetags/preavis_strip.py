from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.channels.models import Channel
from apps.channels.registry import problems
from apps.channels.unsent import stays_here
from apps.common.times import format_instant
from apps.delivery import health
from apps.delivery.alarms import unalarmed
from apps.delivery.halts import halt_sentence
from apps.delivery.models import Alarm, Installation
from apps.delivery.pauses import pauses

register = template.Library()


@register.inclusion_tag("admin/parts/strip.html", takes_context=True)
def preavis_strip(context: Context) -> dict[str, Any]:
    """Says on every page what is wrong with the machinery, and what is paused; nothing while all is well. Six queries."""
    now = timezone.now()
    found = health.check(now=now)
    faults = (problem for problem in found.problems if problem != found.halt)
    unheard = _unalarmed(now, context["user"].time_zone) if found.halt else _unheard_alarms()
    problems = [*faults, *found.notices, *unheard, *_channel_problems()]
    reader = {"user": context["user"], "perms": context["perms"]}
    is_fault = found.halt in found.problems
    return {"halt": found.halt, "is_fault": is_fault, "problems": problems, "pauses": pauses(), **reader}


@register.inclusion_tag("admin/parts/halted.html")
def preavis_halted() -> dict[str, Any]:
    """Before anybody has signed in: that nothing leaves and nobody is alarmed. Says how many windows, and never which."""
    halt = halt_sentence(Installation.objects.first())
    return {"halt": halt, "waiting": len(unalarmed(timezone.now())) if halt else 0}


def _unalarmed(now: datetime, zone: str) -> Iterator[str]:
    for campaign, expected in unalarmed(now):
        by = format_instant(expected.by, zone=zone, language=get_language() or "en")
        yield _("A word on “%(window)s” is promised by %(by)s. While this installation is halted its owner is not alarmed.") % {
            "window": campaign,
            "by": by,
        }


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
