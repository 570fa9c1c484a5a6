"""How many people a segment reaches by a channel, and why not all: what a planner sees before anything is sent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Lower

from apps.audiences.models import AddressKind, Contact, Segment, Suppression
from apps.audiences.rules import RuleError
from apps.audiences.words import fault_sentence
from apps.channels.models import Channel

from .addresses import address_kind

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


def reaches(columns: Iterable[tuple[Segment | None, Channel]]) -> dict[ColumnKey, Reach]:
    """One query for each segment and kind of address, however many channels and touchpoints there are."""
    counted: dict[tuple[int, str], Reach] = {}
    found: dict[ColumnKey, Reach] = {}
    for segment, channel in columns:
        if segment is None:
            found[None, channel.pk] = Reach(is_broadcast=True)
            continue
        kind = address_kind(channel)
        if (segment.pk, kind) not in counted:
            counted[segment.pk, kind] = _count(segment, kind)
        found[segment.pk, channel.pk] = counted[segment.pk, kind]
    return found


def _count(segment: Segment, kind: AddressKind) -> Reach:
    address = "email" if kind == AddressKind.EMAIL else "phone"
    missing = Q(**{address: ""})
    stopped, dead = (
        Suppression.objects.for_(kind=kind, segment=segment, is_mandatory=mandatory).filter(address=Lower(OuterRef(address)))
        for mandatory in (False, True)
    )
    try:
        chosen = segment.contacts()
    except RuleError as error:
        return Reach(problem=fault_sentence(error))
    people = Contact.objects.filter(pk__in=chosen.order_by().values("pk")).order_by()
    rows = people.values_list("language").annotate(
        people=Count("pk"),
        missing=Count("pk", filter=missing),
        stopped=Count("pk", filter=~missing & Q(Exists(stopped))),
        dead=Count("pk", filter=~missing & Q(Exists(dead))),
    )
    return _added_up(list(rows))


def _added_up(rows: Sequence[tuple[str, int, int, int, int]]) -> Reach:
    addressed = {language: people - missing for language, people, missing, _stopped, _dead in rows if people > missing}
    people, missing, stopped, dead = (sum(row[place] for row in rows) for place in range(1, 5))  # type: ignore[misc]
    return Reach(
        people=people,
        without_address=missing,
        not_to_be_used=stopped,
        never_to_be_used=dead,
        languages=dict(sorted(addressed.items(), key=lambda item: -item[1])),
    )
