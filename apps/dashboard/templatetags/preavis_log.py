from django import template

from apps.campaigns.models import Touchpoint
from apps.delivery.models import Delivery, DeliveryState
from apps.delivery.reasons import sentence

from ..logbook import words
from ..logbook.rows import Line
from ..moments import moment_label
from ..wording import language

register = template.Library()


@register.filter
def delivery_tone(state: str) -> str:
    return words.TONES.get(DeliveryState(state), "idle")


@register.filter
def reason_sentence(reason: str) -> str:
    return sentence(reason)


@register.filter
def moment_of(touchpoint: Touchpoint) -> str:
    return moment_label(touchpoint, language=language())


@register.filter
def marks_of(line: Line) -> list[tuple[str, str]]:
    """What came back, each kind once, with its tone."""
    return list(words.marks(line.events))


@register.filter
def now_what(delivery: Delivery) -> str:
    return words.what_now(delivery)
