"""The people of a plan, told apart by all that decides who hears what: one look through the contacts, however many ask.

A look through a hundred thousand contacts takes longer than all else on a page. So they are counted in groups that are alike
in everything a page asks for, and each of its numbers is a sum over groups.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import add, or_
from typing import Any, TypeVar

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    Expression,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce

from apps.audiences.models import ABSOLUTE_REASONS, AddressKind, Contact, Segment, Suppression, SuppressionReason
from apps.audiences.rules import RuleError
from apps.audiences.words import fault_sentence
from apps.channels.models import Channel, ChannelKind
from apps.common.quiet_hours import QUIET_KINDS

from .recipients import address_of, stopped_kind

T = TypeVar("T")
Scope = tuple[AddressKind, int | None]  # of a suppression: its kind of address, and its segment; None: all of them
Mark = AddressKind | int  # an address that somebody has, or a segment of which they are
BITS = 60  # of a database's largest whole number, with some to spare
REASONS = tuple(SuppressionReason)
ABSOLUTE = sum(1 << REASONS.index(reason) for reason in ABSOLUTE_REASONS)
EVERY_REASON = (1 << len(REASONS)) - 1
SCOPES = BITS // len(REASONS)  # of which one number holds the reasons
ADDRESSES = {AddressKind.EMAIL: ~Q(email=""), AddressKind.PHONE: ~Q(phone="")}


@dataclass(frozen=True, kw_only=True)
class Group:
    """As many people are alike in all of this; `stops` are the reasons to leave their address out, as bits."""

    people: int
    language: str
    time_zone: str  # told apart only where quiet hours matter
    segments: frozenset[int]
    addresses: frozenset[AddressKind]
    stops: Mapping[Scope, int] = field(default_factory=dict)

    def has_address(self, kind: str) -> bool:
        """One that a channel of `kind` writes to."""
        if kind == ChannelKind.EMAIL:
            return AddressKind.EMAIL in self.addresses
        return AddressKind.PHONE in self.addresses if kind == ChannelKind.SMS else bool(self.addresses)

    def is_left_out(self, kind: str, segment: int, *, is_mandatory: bool) -> bool:
        """Its address is not to be used for a message to `segment`."""
        stopped = stopped_kind(kind)
        reasons = self.stops.get((stopped, None), 0) | self.stops.get((stopped, segment), 0)
        return bool(reasons & ABSOLUTE if is_mandatory else reasons)


@dataclass(frozen=True, kw_only=True)
class Headcount:
    """`problems`: why nobody of a segment can be counted, by segment."""

    groups: Sequence[Group] = ()
    problems: Mapping[int, str] = field(default_factory=dict)

    def of(self, segment: int) -> Iterator[Group]:
        return (group for group in self.groups if segment in group.segments)

    def told(self, parts: Collection[tuple[int, bool]], *, kind: str) -> int:
        """How many a moment reaches by one kind of channel through several segments, each with whether its message is
        mandatory. Whoever belongs to two of them is told by the first alone, and counted once."""
        return sum(group.people for group in self.groups if group.has_address(kind) and _is_told(group, parts, kind))


def _is_told(group: Group, parts: Collection[tuple[int, bool]], kind: str) -> bool:
    return any(
        segment in group.segments and not group.is_left_out(kind, segment, is_mandatory=is_mandatory)
        for segment, is_mandatory in parts
    )


def count_heads(columns: Iterable[tuple[Segment | None, Channel]], *, beside: Iterable[Segment] = ()) -> Headcount:
    """The contacts of the segments of `columns`; one query. `beside`: segments to which some of them may belong, too."""
    pairs = [(segment, channel.kind) for segment, channel in columns if segment is not None]
    problems: dict[int, str] = {}
    own = dict(_conditions({segment.pk: segment for segment, _kind in pairs}.values(), problems))
    if not own:
        return Headcount(problems=problems)
    further = dict(_conditions((segment for segment in beside if segment.pk not in own), {}))
    look = _Look(own=own, further=further, kinds={kind for _segment, kind in pairs})
    return Headcount(groups=look.groups(), problems=problems)


def _conditions(segments: Iterable[Segment], problems: dict[int, str]) -> Iterator[tuple[int, Q]]:
    for segment in segments:
        try:
            yield segment.pk, segment.condition
        except RuleError as error:
            problems[segment.pk] = fault_sentence(error)


@dataclass(frozen=True, kw_only=True)
class _Look:
    """Packs what is asked of each contact into a few whole numbers: to group by dozens of columns takes a database far longer."""

    own: Mapping[int, Q]
    further: Mapping[int, Q]
    kinds: Collection[str]

    @cached_property
    def asked(self) -> list[tuple[Mark, Q]]:
        """Who is of a plan's only segment is known without being asked."""
        own = self.own.items() if len(self.own) > 1 else ()
        return [*ADDRESSES.items(), *own, *self.further.items()]

    @cached_property
    def scopes(self) -> list[int | None]:
        return [None, *self.own]

    @cached_property
    def stopping(self) -> list[AddressKind]:
        return sorted({stopped_kind(kind) for kind in self.kinds})

    def groups(self) -> list[Group]:
        conditions = [condition for _mark, condition in self.asked]
        keys = {f"marks_{number}": _marks(piece) for number, piece in enumerate(_pieces(conditions, BITS))}
        for kind in self.stopping:
            keys |= {f"{kind}_{number}": _stops(kind, piece) for number, piece in enumerate(_pieces(self.scopes, SCOPES))}
        zone = ["time_zone"] if any(kind in QUIET_KINDS for kind in self.kinds) else []
        named: QuerySet[Any] = Contact.objects.active().filter(reduce(or_, self.own.values()))
        rows = named.alias(email_used=address_of(ChannelKind.MEMORY), phone_used=F("phone")).annotate(**keys).order_by()
        return [self._group(row) for row in rows.values("language", *zone, *keys).annotate(people=Count("pk"))]

    def _group(self, row: Mapping[str, Any]) -> Group:
        marks = {mark for place, (mark, _q) in enumerate(self.asked) if row[f"marks_{place // BITS}"] >> place % BITS & 1}
        marks |= self.own.keys() if len(self.own) == 1 else set()
        return Group(
            people=row["people"],
            language=row["language"],
            time_zone=row.get("time_zone", ""),
            segments=frozenset(pk for pk in (*self.own, *self.further) if pk in marks),
            addresses=frozenset(kind for kind in ADDRESSES if kind in marks),
            stops=dict(self._stops_of(row)),
        )

    def _stops_of(self, row: Mapping[str, Any]) -> Iterator[tuple[Scope, int]]:
        for kind in self.stopping:
            for place, segment in enumerate(self.scopes):
                bits = row[f"{kind}_{place // SCOPES}"] >> place % SCOPES * len(REASONS)
                if reasons := bits & EVERY_REASON:
                    yield (kind, segment), reasons


def _pieces(things: Sequence[T], size: int) -> list[Sequence[T]]:
    return [things[first : first + size] for first in range(0, len(things), size)]


def _whole(number: int) -> Value:
    return Value(number, output_field=BigIntegerField())


def _marks(conditions: Sequence[Q]) -> Expression:
    return reduce(add, (Case(When(each, then=_whole(1 << bit)), default=_whole(0)) for bit, each in enumerate(conditions)))


def _stops(kind: AddressKind, segments: Sequence[int | None]) -> Expression:
    """Why the address is not to be used, a bit for each reason in each of `segments`. As no reason stands there twice, their
    sum is what they are together.

    Addresses are compared as they are stored, in lower case: to make sure of it for each contact takes longer than to look
    for it. Whether there is a reason at all is looked up in a table of the few that have one, which reasons only for these.
    """
    of_all = Q(segment__isnull=True) if None in segments else Q()
    rows = Suppression.objects.filter(of_all | Q(segment__in=[pk for pk in segments if pk]), kind=kind).order_by()
    stopping = rows.filter(address=OuterRef(f"{kind}_used"))
    places = {segment: _whole(1 << place * len(REASONS)) for place, segment in enumerate(segments)}
    scope = Case(*(When(Q(segment=pk) if pk else Q(segment__isnull=True), then=bit) for pk, bit in places.items()))
    reason = Case(*(When(reason=reason, then=_whole(1 << bit)) for bit, reason in enumerate(REASONS)))
    weight = Cast(scope, BigIntegerField()) * reason
    summed = stopping.values("address").annotate(bits=Cast(Sum(weight), BigIntegerField())).values("bits")
    reasons = Coalesce(Subquery(summed), _whole(0), output_field=BigIntegerField())
    return Case(When(Exists(stopping), then=reasons), default=_whole(0), output_field=BigIntegerField())
