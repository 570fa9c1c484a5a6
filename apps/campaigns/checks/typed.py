"""What a planner types for recipients while a campaign is changed: its tone, and whether all of them can read it."""

from collections.abc import Iterator, Mapping

from django.conf import settings
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.windows.models import MaintenanceWindow

from ..languages import language_name
from .sentences import tone_sentence
from .tone import typed_tones

PLACES: Mapping[str, Promise] = {"reason": gettext_lazy("The reason"), "outcome": gettext_lazy("The outcome")}


def field_in(name: str, language: str) -> str:
    """The field for the same in a further language."""
    return f"{name}_{language}"


def typed_advice(window: MaintenanceWindow, typed: Mapping[str, str], *, readers: Mapping[str, int]) -> Iterator[str]:
    """A sentence for each tone of each field, in its own language, and for each language that is missing. It hinders nothing.

    `readers`: how many people read which language.
    """
    for name, place in PLACES.items():
        yield from _tones(window, typed.get(name, ""), window.language, str(place))
        for language, _name in settings.LANGUAGES:
            if language == window.language:
                continue
            text = typed.get(field_in(name, language), "")
            words = {"place": place, "language": language_name(language)}
            yield from _tones(window, text, language, _("%(place)s in %(language)s") % words)
            if typed.get(name, "").strip() and not text.strip() and readers.get(language):
                yield _missing(str(place), language, instead=window.language, count=readers[language])


def _tones(window: MaintenanceWindow, text: str, language: str, place: str) -> Iterator[str]:
    has_range = window.announced_ends_at > window.ends_at
    for code, quotes in typed_tones(text, language=language, has_range=has_range):
        yield tone_sentence(code, place=place, quotes=quotes)


def _missing(place: str, language: str, *, instead: str, count: int) -> str:
    words = ngettext(
        "%(place)s is missing in %(language)s: %(count)s person of the audience reads %(language)s and gets it in %(instead)s.",
        "%(place)s is missing in %(language)s: %(count)s people of the audience read %(language)s and get it in %(instead)s.",
        count,
    )
    values = {"place": place, "language": language_name(language), "instead": language_name(instead)}
    return words % (values | {"count": number_format(count, force_grouping=True)})
