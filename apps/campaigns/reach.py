"""How many people a segment reaches by a channel, and why not all: what a planner sees before anything is sent."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from apps.audiences.models import Segment
from apps.channels.models import Channel

from .headcount import Headcount, count_heads
from .recipients import addressed

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
    """One look through the contacts for all columns."""
    columns = list(columns)
    heads = count_heads(columns)
    return {(segment.pk if segment else None, channel.pk): reach_of(segment, channel, heads) for segment, channel in columns}


def reach_of(segment: Segment | None, channel: Channel, heads: Headcount) -> Reach:
    if segment is None:
        return Reach(is_broadcast=True)
    if problem := heads.problems.get(segment.pk):
        return Reach(problem=problem)
    people, languages, stopped = 0, Counter[str](), Counter[bool]()
    for group in heads.of(segment.pk):
        people += group.people
        if group.has_address(channel.kind):
            languages[group.language] += group.people
            for is_mandatory in (True, False):
                is_left_out = group.is_left_out(channel.kind, segment.pk, is_mandatory=is_mandatory)
                stopped[is_mandatory] += group.people if is_left_out else 0
    return Reach(
        people=people,
        without_address=people - languages.total(),
        not_to_be_used=stopped[False],
        never_to_be_used=stopped[True],
        languages=dict(languages.most_common()),
    )


def left_out(segment: Segment, channel: Channel, *, is_mandatory: bool) -> QuerySet[Any]:
    """Whom a message to `segment` does not reach, each with the `reason`; raises RuleError where the rule is broken."""
    people = addressed(segment.contacts(), kind=channel.kind, segment_id=segment.pk, is_mandatory=is_mandatory)
    return people.exclude(reason="").order_by("name", "email", "pk")
