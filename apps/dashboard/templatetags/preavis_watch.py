"""What a window under way asks of its planner, for the pages of campaigns, which know nothing of alarms themselves."""

from django import template
from django.utils import timezone

from apps.campaigns.models import Campaign

from .. import watching
from ..watching import Watch

register = template.Library()


@register.simple_tag
def watch_of(campaign: Campaign) -> Watch:
    return watching.watch(campaign, now=timezone.now())


@register.filter
def alarm_words(watch: Watch, zone: str) -> str:
    return watch.alarm_words(zone)
