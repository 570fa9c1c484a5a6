"""The tone of what a planner types for recipients while a campaign is changed: the reason, the outcome."""

from collections.abc import Iterator, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.windows.models import MaintenanceWindow

from .sentences import tone_sentence
from .tone import typed_tones

PLACES: Mapping[str, Promise] = {"reason": _("The reason"), "outcome": _("The outcome")}


def typed_advice(window: MaintenanceWindow, typed: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each tone of each field, judged in the language of the window's texts. It hinders nothing."""
    has_range = window.announced_ends_at > window.ends_at
    for name, place in PLACES.items():
        for code, quotes in typed_tones(typed.get(name, ""), language=window.language, has_range=has_range):
            yield tone_sentence(code, place=str(place), quotes=quotes)
