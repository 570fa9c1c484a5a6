"""Whom a message reaches and whom it leaves out, as one query: what planners are shown is counted by what is sent by."""

from collections.abc import Iterable
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    Expression,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Lower, NullIf

from apps.audiences.models import ABSOLUTE_REASONS, AddressKind, Contact, Segment, Suppression, SuppressionReason
from apps.channels.models import ChannelKind

NO_ADDRESS = "no_address"


def addressed(people: QuerySet[Contact], *, kind: str, segment_id: int | None, is_mandatory: bool) -> QuerySet[Any]:
    """`people` with the `address` that a channel of `kind` uses, and the `reason` to leave them out (empty: none)."""
    reason = Case(
        When(address="", then=Value(NO_ADDRESS)),
        default=suppression(kind, segment_id, is_mandatory=is_mandatory),
        output_field=CharField(),
    )
    found: QuerySet[Any] = with_address(people, kind=kind).annotate(reason=reason)
    return found


def with_address(people: QuerySet[Contact], *, kind: str) -> QuerySet[Any]:
    return people.annotate(address=address_of(kind))


def stopped_in(people: QuerySet[Contact], *, kind: str, segment_id: int | None) -> tuple[int, int]:
    """Of `people` how many `addressed` would leave out for their address, and how many of these for good: one query.

    It begins with the list of such addresses, which is short where the people are many: a look-up for each takes seconds.
    """
    for_good = suppressions(kind, is_mandatory=True).filter(Q(segment__isnull=True) | Q(segment=segment_id))
    lowered: QuerySet[Any] = with_address(people, kind=kind).annotate(lowered=Lower("address")).exclude(address="").order_by()
    stopped = lowered.filter(lowered__in=_stopping(kind, segment_id, is_mandatory=False))
    grouped = stopped.annotate(for_good=flag(Exists(for_good.filter(address=OuterRef("lowered"))))).values_list("for_good")
    counted = dict(grouped.annotate(count=Count("pk")))
    return sum(counted.values()), counted.get(1, 0)


def reached_by(columns: Iterable[tuple[Segment, bool]], *, kind: str) -> QuerySet[Contact]:
    """Whom a moment reaches by one channel through several segments (each with whether its message is mandatory).

    Each once: who belongs to two of them is told by the first alone.
    """
    reached = Q(pk__in=())
    for segment, is_mandatory in columns:
        stopped = _stopping(kind, segment.pk, is_mandatory=is_mandatory)
        reached |= segment.condition & ~Q(lowered__in=stopped)
    people: QuerySet[Any] = with_address(Contact.objects.active(), kind=kind).annotate(lowered=Lower("address"))
    found: QuerySet[Contact] = people.exclude(address="").filter(reached).order_by()
    return found


def _stopping(kind: str, segment_id: int | None, *, is_mandatory: bool) -> QuerySet[Any, str]:
    """The addresses that a message to the segment leaves out."""
    rows = suppressions(kind, is_mandatory=is_mandatory).filter(Q(segment__isnull=True) | Q(segment=segment_id))
    return rows.values_list("address", flat=True)


def suppressions(kind: str, *, is_mandatory: bool) -> QuerySet[Suppression]:
    """What keeps an address from a message; a mandatory one stops at dead and blocked addresses only."""
    reasons = ABSOLUTE_REASONS if is_mandatory else SuppressionReason.values
    address_kind = AddressKind.PHONE if kind == ChannelKind.SMS else AddressKind.EMAIL
    return Suppression.objects.filter(kind=address_kind, reason__in=reasons).order_by()


def suppression(kind: str, segment_id: int | None, *, is_mandatory: bool) -> Expression:
    """Why the annotated `address` is not to be used, or nothing: two look-ups, one per unique index."""
    rows = suppressions(kind, is_mandatory=is_mandatory).filter(address=Lower(OuterRef("address")))
    found = [
        Subquery(rows.filter(segment__isnull=True).values("reason")[:1]),
        Subquery(rows.filter(segment=segment_id).values("reason")[:1]),
    ]
    return Coalesce(*found, Value(""), output_field=CharField())


def address_of(kind: str) -> Expression:
    """As a plain text: the fields of a contact have types of their own."""
    text = CharField()
    if kind == ChannelKind.EMAIL:
        return ExpressionWrapper(F("email"), output_field=text)
    if kind == ChannelKind.SMS:
        return ExpressionWrapper(F("phone"), output_field=text)
    return Coalesce(NullIf("email", Value(""), output_field=text), "phone", output_field=text)


def flag(condition: Q | Exists) -> Case:
    """1 or 0, to group by: what a database may make of a condition itself differs."""
    return Case(When(condition, then=Value(1)), default=Value(0), output_field=IntegerField())
