"""Whom a message reaches and whom it leaves out, as one query: what planners are shown is counted by what is sent by."""

from typing import Any

from django.db.models import Case, CharField, Expression, ExpressionWrapper, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Lower, NullIf

from apps.audiences.models import ABSOLUTE_REASONS, AddressKind, Contact, Suppression, SuppressionReason
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


def suppressions(kind: str, *, is_mandatory: bool) -> QuerySet[Suppression]:
    """What keeps an address from a message; a mandatory one stops at dead and blocked addresses only."""
    reasons = ABSOLUTE_REASONS if is_mandatory else SuppressionReason.values
    return Suppression.objects.filter(kind=stopped_kind(kind), reason__in=reasons).order_by()


def stopped_kind(kind: str) -> AddressKind:
    """Among which suppressions the address is looked for that a channel of `kind` uses."""
    return AddressKind.PHONE if kind == ChannelKind.SMS else AddressKind.EMAIL


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
