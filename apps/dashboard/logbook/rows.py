"""The deliveries of a campaign, a page at a time. Nothing here reads or counts all of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.expressions import Expression

from apps.campaigns.models import Touchpoint
from apps.delivery.models import Attempt, Batch, Delivery, DeliveryQuerySet, DeliveryState
from apps.delivery.searching import Search
from apps.delivery.tallies import Tally
from apps.tracking.models import Event

from .choices import Choice
from .paging import rows_after

ROWS = 50
MOST_ERRORS = 12
AT_ONCE = 2000
UNEXPLAINED = (DeliveryState.PENDING, DeliveryState.SENT)  # all others have a reason, and so an index


@dataclass(frozen=True, kw_only=True)
class Line:
    """One delivery, what was last said about it, and what came back."""

    delivery: Delivery
    said: str
    events: Sequence[Event]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Deliveries that share a reason, or to which the provider said alike."""

    key: str
    number: int


def chosen(choice: Choice, touchpoints: Collection[Touchpoint], found: Search | None) -> DeliveryQuerySet:
    """The deliveries of `touchpoints`, which the choice has narrowed already, that its other parts leave.

    `found`: whom its search names.
    """
    ids = [row.pk for row in touchpoints]
    rows = Delivery.objects.filter(touchpoint__in=ids)
    if choice.state == DeliveryState.PENDING:
        rows = rows.filter(batch__in=Batch.objects.unfinished().filter(touchpoint__in=ids), state=choice.state)
    elif choice.state:
        rows = rows if choice.state in UNEXPLAINED else rows.with_a_reason()
        rows = rows.filter(state=choice.state)
    if choice.why:
        rows = rows.with_a_reason().filter(reason=choice.why)
    if choice.error:
        rows = rows.with_a_reason().filter(Exists(_heard().filter(delivery=OuterRef("pk"), group=choice.error)))
    return found.narrow(rows) if found else rows


def page(
    rows: DeliveryQuerySet, choice: Choice, touchpoints: Mapping[int, Touchpoint], counts: Mapping[int, Tally]
) -> tuple[list[Line], str]:
    """The lines of one page, the newest first, and where the next one begins; `counts`: of each touchpoint by state."""
    read = rows_after(rows, choice, choice.narrowed(list(touchpoints.values())), counts, number=ROWS + 1)
    shown = read[:ROWS]
    lines = list(_lines(shown, touchpoints))
    return lines, str(shown[-1].pk) if len(read) > ROWS else ""


def exported(rows: DeliveryQuerySet, touchpoints: Mapping[int, Touchpoint]) -> Iterator[Line]:
    """All of them, read in pieces as they are asked for."""
    last: int | None = None
    while piece := list((rows.filter(pk__gt=last) if last else rows).select_related("contact").order_by("pk")[:AT_ONCE]):
        yield from _lines(piece, touchpoints)
        last = piece[-1].pk


def by_reason(touchpoints: Collection[Touchpoint], state: str) -> list[Group]:
    """Why deliveries are not simply sent, with how many; the most first."""
    rows = Delivery.objects.with_a_reason().filter(touchpoint__in=[row.pk for row in touchpoints])
    rows = rows.filter(state=state) if state else rows
    counted = rows.order_by().values_list("reason").annotate(number=Count("pk")).order_by("-number", "reason")
    return [Group(key=key, number=number) for key, number in counted]


def by_error(touchpoints: Collection[Touchpoint], choice: Choice) -> list[Group]:
    """What providers said about deliveries as these stand now, with how many; the most first."""
    rows = _heard().filter(~Q(delivery__reason=""), delivery__touchpoint__in=[row.pk for row in touchpoints]).exclude(group="")
    if choice.state:
        rows = rows.filter(delivery__state=choice.state)
    if choice.why:
        rows = rows.filter(delivery__reason=choice.why)
    counted = rows.order_by().values("group").annotate(number=Count("delivery", distinct=True))
    return [Group(key=row["group"], number=row["number"]) for row in counted.order_by("-number", "group")[:MOST_ERRORS]]


def _heard() -> QuerySet[Any]:
    """Attempts that led to where their delivery stands."""
    heard: QuerySet[Any] = Attempt.objects.annotate(group=_group())
    return heard.filter(outcome=F("delivery__state"))


def _group() -> Expression:
    return Case(When(gist="", then=F("text")), default=F("gist"), output_field=CharField())


def _lines(rows: Sequence[Delivery], touchpoints: Mapping[int, Touchpoint]) -> Iterator[Line]:
    ids = [row.pk for row in rows]
    said = dict(Attempt.objects.filter(delivery__in=ids).order_by("number").values_list("delivery", "text"))
    events: dict[int, list[Event]] = {}
    for event in Event.objects.filter(delivery__in=ids).order_by("at", "pk"):
        events.setdefault(event.delivery_id, []).append(event)
    for row in rows:
        row.touchpoint = touchpoints[row.touchpoint_id]
        yield Line(delivery=row, said=said.get(row.pk, ""), events=events.get(row.pk, ()))
