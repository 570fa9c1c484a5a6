"""What is paused, for the pages of campaigns and channels, which know nothing of the engine themselves."""

from collections.abc import Sequence

from django import template
from django.db.models import Model

from apps.campaigns.models import Campaign
from apps.channels.models import Channel
from apps.delivery import pauses
from apps.delivery.pauses import Pause

register = template.Library()


@register.simple_tag
def pauses_of(subject: Model | None) -> Sequence[Pause]:
    """What keeps back messages of a campaign, or of a channel."""
    match subject:
        case Campaign():
            return pauses.pauses_of(subject)
        case Channel() if subject.paused_at:
            return [Pause(target=subject)]
    return []


@register.filter
def pause_words(pause: Pause, zone: str) -> str:
    return pause.sentence(zone)
