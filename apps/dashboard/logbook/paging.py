"""Which rows stand on a page of the log, the newest first, whatever else has been written since.

In the order of their own numbers PostgreSQL would go through the deliveries of all campaigns from the newest on until enough are of this
one: a million for a touchpoint of last month. So a page goes from touchpoint to touchpoint, and within one by the index that keeps its
recipients apart. What the choice leaves few of is sorted instead.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from django.db.models import Case, Value, When

from apps.campaigns.models import Touchpoint
from apps.delivery.models import Delivery, DeliveryQuerySet, DeliveryState
from apps.delivery.searching import newest_first
from apps.delivery.tallies import Tally

from .choices import Choice

FEW = 1000  # of so many rows at most, several touchpoints are read and sorted together
ALWAYS = datetime.min.replace(tzinfo=UTC)


def rows_after(
    rows: DeliveryQuerySet, choice: Choice, touchpoints: Iterable[Touchpoint], counts: Mapping[int, Tally], *, number: int
) -> list[Delivery]:
    """The first `number` of `rows`, those of `touchpoints` that the choice leaves, behind the one at which the page before ended."""
    rows = rows.select_related("contact")
    if choice.q or choice.why or choice.error or choice.state not in ("", DeliveryState.SENT):
        found = rows.filter(pk__lt=int(choice.before)) if choice.before else rows
        is_recent = choice.state == DeliveryState.PENDING and not choice.q
        return list((found.order_by("-pk") if is_recent else newest_first(found))[:number])
    last = Delivery.objects.filter(pk=int(choice.before)).first() if choice.before else None
    read: list[Delivery] = []
    newest = sorted(touchpoints, key=lambda row: (row.expanded_at or row.due_at or ALWAYS, row.pk), reverse=True)
    for piece in _pieces(rows, _sizes(choice, newest, counts), last):
        read += piece[: number - len(read)]
        if len(read) == number:
            break
    return read


def _sizes(choice: Choice, touchpoints: Iterable[Touchpoint], counts: Mapping[int, Tally]) -> dict[int, int]:
    """How many rows there are of each touchpoint, in the order of the page."""
    tallies = {row.pk: counts.get(row.pk, {}) for row in touchpoints}
    return {pk: tally.get(choice.state, 0) if choice.state else sum(tally.values()) for pk, tally in tallies.items()}


def _pieces(rows: DeliveryQuerySet, sizes: Mapping[int, int], last: Delivery | None) -> Iterator[DeliveryQuerySet]:
    """One after the other they are all the rows in their order; each is read by an index, or is short.

    The touchpoint of `last` keeps its place though it may have no such row any more: what was sent can still fail.
    """
    order = list(sizes)
    if last is not None and last.touchpoint_id in sizes:
        order = order[order.index(last.touchpoint_id) + 1 :]
        rest = rows.filter(touchpoint=last.touchpoint_id).order_by("-revision", "-contact_id")
        if last.contact_id is not None:
            yield rest.filter(revision=last.revision, contact__lt=last.contact_id)
        yield rest.filter(revision__lt=last.revision)
    for group in _together([pk for pk in order if sizes[pk]], sizes):
        places = Case(*(When(touchpoint=pk, then=Value(place)) for place, pk in enumerate(group)))
        ordered = ("-revision", "-contact_id") if len(group) == 1 else (places, "-revision", "-contact_id")
        yield rows.filter(touchpoint__in=group).order_by(*ordered)


def _together(order: Sequence[int], sizes: Mapping[int, int]) -> Iterator[list[int]]:
    group: list[int] = []
    for pk in order:
        if group and sum(sizes[each] for each in group) + sizes[pk] > FEW:
            yield group
            group = []
        group.append(pk)
    if group:
        yield group
