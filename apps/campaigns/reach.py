"""How many people a segment reaches by a channel, and why not all: what a planner sees before anything is sent."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Q, QuerySet

from apps.audiences.models import Contact, Segment
from apps.audiences.rules import RuleError
from apps.audiences.words import fault_sentence
from apps.channels.models import Channel

from .recipients import address_of, addressed, flag, stopped_in

ColumnKey = tuple[int | None, int]  # segment, channel


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Of a segment's `people`, those who have the channel's address and may be written to."""

    people: int = 0
    without_address: int = 0
    not_to_be_used: int = 0  # unsubscribed, complained, bounced, or entered by hand
    never_to_be_used: int = 0  # those of them whom even a mandatory notice leaves out
    languages: Mapping[str, int] = field(default_factory=dict)  # of all who have the address
    is_broadcast: bool = False
    problem: str = ""  # why nobody can be counted: the segment's rule is broken

    def recipients(self, *, is_mandatory: bool) -> int:
        if self.is_broadcast:
            return 1
        left_out = self.never_to_be_used if is_mandatory else self.not_to_be_used
        return self.people - self.without_address - left_out


Counts = Mapping[ColumnKey, Reach]


def reaches(columns: Iterable[tuple[Segment | None, Channel]]) -> dict[ColumnKey, Reach]:
    """One look through the contacts for all columns, and one for the stopped addresses of each segment and kind of channel."""
    columns = list(columns)
    pairs = {(segment.pk, channel.kind): segment for segment, channel in columns if segment is not None}
    counted = _counted(pairs)
    return {
        (segment.pk if segment else None, channel.pk): (
            counted[segment.pk, channel.kind] if segment else Reach(is_broadcast=True)
        )
        for segment, channel in columns
    }


def left_out(segment: Segment, channel: Channel, *, is_mandatory: bool) -> QuerySet[Any]:
    """Whom a message to `segment` does not reach, each with the `reason`; raises RuleError where the rule is broken."""
    people = addressed(segment.contacts(), kind=channel.kind, segment_id=segment.pk, is_mandatory=is_mandatory)
    return people.exclude(reason="").order_by("name", "email", "pk")


def _counted(pairs: Mapping[tuple[int, str], Segment]) -> dict[tuple[int, str], Reach]:
    conditions, problems = {}, {}
    for segment in {segment.pk: segment for segment in pairs.values()}.values():
        try:
            conditions[segment.pk] = segment.condition
        except RuleError as error:
            problems[segment.pk] = fault_sentence(error)
    groups = _groups(conditions, kinds={kind for _pk, kind in pairs})
    return {
        (pk, kind): Reach(problem=problems[pk]) if pk in problems else _reach(segment, kind, groups)
        for (pk, kind), segment in pairs.items()
    }


@dataclass(frozen=True, kw_only=True)
class _Group:
    """People of one language who belong to the same segments and can be reached by the same kinds of channel."""

    people: int
    language: str
    segments: frozenset[int]
    kinds: frozenset[str]


def _groups(conditions: Mapping[int, Q], *, kinds: Iterable[str]) -> Sequence[_Group]:
    if not conditions:
        return []
    places = {kind: f"by_{place}" for place, kind in enumerate(sorted(kinds))}
    flags = {f"in_{pk}": flag(condition) for pk, condition in conditions.items()}
    addresses = {f"address_{place}": address_of(kind) for kind, place in places.items()}
    flags |= {place: flag(~Q(**{f"address_{place}": ""})) for place in places.values()}
    named = Contact.objects.active().filter(reduce(or_, conditions.values()))
    rows = named.annotate(**addresses).annotate(**flags).order_by().values("language", *flags).annotate(people=Count("pk"))
    return [
        _Group(
            people=row["people"],
            language=row["language"],
            segments=frozenset(pk for pk in conditions if row[f"in_{pk}"]),
            kinds=frozenset(kind for kind, place in places.items() if row[place]),
        )
        for row in rows
    ]


def _reach(segment: Segment, kind: str, groups: Iterable[_Group]) -> Reach:
    people, languages = 0, Counter[str]()
    for group in groups:
        if segment.pk in group.segments:
            people += group.people
            languages[group.language] += group.people if kind in group.kinds else 0
    stopped, for_good = stopped_in(segment.contacts(), kind=kind, segment_id=segment.pk)
    return Reach(
        people=people,
        without_address=people - languages.total(),
        not_to_be_used=stopped,
        never_to_be_used=for_good,
        languages=dict((+languages).most_common()),
    )
