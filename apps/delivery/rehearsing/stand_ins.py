"""As whom the planner reads: for each segment and language one of its people, by whose name and zone the text is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models.functions import Length

from apps.audiences.models import Contact, ContactQuerySet, Segment
from apps.audiences.rules import RuleError
from apps.campaigns.content import language_of
from apps.windows.models import MaintenanceWindow

from .script import Line

LONGEST = "longest"  # whoever has the longest name: what a layout is least ready for
MOST_PEOPLE = 10  # to choose from

Reading = tuple[str, Contact | None]  # a language, and as whom


@dataclass(kw_only=True)
class StandIns:
    """`chosen`: by segment the number of a contact, LONGEST, or nothing for the first of it."""

    window: MaintenanceWindow
    chosen: Mapping[int, str]
    every_language: bool
    _found: dict[tuple[int, str], Contact | None] = field(default_factory=dict)

    def readings(self, line: Line) -> list[Reading]:
        """The message of a line once, or once in each language of its people, the one most of them read first."""
        return [(language, self._stand_in(line.column.segment, language)) for language in self.languages(line)]

    def languages(self, line: Line) -> list[str]:
        """That of whoever was picked comes first."""
        read = list(line.column.reach.languages) or [language_of(None, self.window)]
        segment = line.column.segment
        picked = self._picked(segment) if segment else None
        if picked:
            read.sort(key=lambda code: code != picked.language)
        return read if self.every_language else read[:1]

    def _picked(self, segment: Segment) -> Contact | None:
        number = self.chosen.get(segment.pk, "")
        if not number.isdecimal():
            return None
        if (segment.pk, number) not in self._found:
            self._found[segment.pk, number] = _people(segment).filter(pk=int(number)).first()
        return self._found[segment.pk, number]

    def _stand_in(self, segment: Segment | None, language: str) -> Contact | None:
        if segment is None:
            return None
        picked = self._picked(segment)
        if picked and picked.language == language:
            return picked
        if (segment.pk, language) not in self._found:
            readers = _people(segment).filter(language=language)
            self._found[segment.pk, language] = readers.order_by(*self._order(segment)).first()
        return self._found[segment.pk, language]

    def _order(self, segment: Segment) -> Sequence[Any]:
        return (Length("name").desc(), "pk") if self.chosen.get(segment.pk) == LONGEST else ("pk",)


def people_to_choose(segment: Segment) -> list[Contact]:
    return list(_people(segment).order_by("pk")[:MOST_PEOPLE])


def _people(segment: Segment) -> ContactQuerySet:
    """Nobody where the segment's rule is broken, which the board says in words."""
    try:
        return segment.contacts()
    except RuleError:
        return Contact.objects.none()
