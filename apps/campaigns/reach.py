"""How many people a segment reaches by a channel, and why not all: what a planner sees before anything is sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet

from apps.audiences.models import Segment
from apps.audiences.rules import RuleError
from apps.audiences.words import fault_sentence
from apps.channels.models import Channel

from .recipients import addressed, with_address, with_stopped_address

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
    """Three queries for each segment and kind of channel, however many channels and touchpoints there are."""
    counted: dict[tuple[int, str], Reach] = {}
    found: dict[ColumnKey, Reach] = {}
    for segment, channel in columns:
        if segment is None:
            found[None, channel.pk] = Reach(is_broadcast=True)
            continue
        if (segment.pk, channel.kind) not in counted:
            counted[segment.pk, channel.kind] = _count(segment, channel.kind)
        found[segment.pk, channel.pk] = counted[segment.pk, channel.kind]
    return found


def left_out(segment: Segment, channel: Channel, *, is_mandatory: bool) -> QuerySet[Any]:
    """Whom a message to `segment` does not reach, each with the `reason`; raises RuleError where the rule is broken."""
    people = addressed(segment.contacts(), kind=channel.kind, segment_id=segment.pk, is_mandatory=is_mandatory)
    return people.exclude(reason="").order_by("name", "email", "pk")


def _count(segment: Segment, kind: str) -> Reach:
    try:
        people = segment.contacts().order_by()
    except RuleError as error:
        return Reach(problem=fault_sentence(error))
    rows = (
        with_address(people, kind=kind)
        .values_list("language")
        .annotate(all=Count("pk"), without=Count("pk", filter=Q(address="")))
    )
    by_language = {language: (number, without) for language, number, without in rows}
    addressed = {language: number - without for language, (number, without) in by_language.items() if number > without}
    chosen: dict[str, Any] = {"kind": kind, "segment_id": segment.pk}
    return Reach(
        people=sum(number for number, _without in by_language.values()),
        without_address=sum(without for _number, without in by_language.values()),
        not_to_be_used=with_stopped_address(people, is_mandatory=False, **chosen).count(),
        never_to_be_used=with_stopped_address(people, is_mandatory=True, **chosen).count(),
        languages=dict(sorted(addressed.items(), key=lambda item: -item[1])),
    )
