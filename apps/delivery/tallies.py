"""How many deliveries of each touchpoint stand in which state, without reading those that were simply sent.

A touchpoint may have a million of these. Their number is on record since they were written (`Expansion`); what is still
waiting is found by its batches, and all else by its reason, so that what is left over was sent.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import CharField, Count, F, QuerySet, Sum, Value

from .models import Batch, Delivery, DeliveryState, Expansion

WRITTEN = "written"  # stands for no state: all there are
Tally = Mapping[str, int]


def tallies(touchpoints: Collection[int]) -> dict[int, Tally]:
    """By touchpoint the number of deliveries in each state. Two statements."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    # One statement sees one moment: what is settled meanwhile is counted once.
    for touchpoint, state, number in _written(touchpoints).union(_explained(touchpoints), _waiting(touchpoints), all=True):
        found[touchpoint][state] += number
    on_record = {pk: _with_the_sent(tally) for pk, tally in found.items() if WRITTEN in tally}
    on_record = {pk: tally for pk, tally in on_record.items() if tally[DeliveryState.SENT] >= 0}
    return {pk: +tally for pk, tally in on_record.items()} | _counted([pk for pk in touchpoints if pk not in on_record])


def _with_the_sent(tally: Counter[str]) -> Counter[str]:
    """All that were written, less those known to stand elsewhere."""
    rest = Counter({state: number for state, number in tally.items() if state not in (WRITTEN, DeliveryState.SENT)})
    rest[DeliveryState.SENT] = tally[WRITTEN] - rest.total()
    return rest


def _written(touchpoints: Collection[int]) -> QuerySet[Any, Any]:
    rows = Expansion.objects.filter(touchpoint__in=touchpoints).order_by()
    return rows.values("touchpoint").annotate(number=Sum("recipients")).values_list("touchpoint", _as_text(WRITTEN), "number")


def _explained(touchpoints: Collection[int]) -> QuerySet[Any, Any]:
    return _by_state(Delivery.objects.with_a_reason().filter(touchpoint__in=touchpoints))


def _waiting(touchpoints: Collection[int]) -> QuerySet[Any, Any]:
    batches = Batch.objects.unfinished().filter(touchpoint__in=touchpoints)
    return _by_state(Delivery.objects.filter(batch__in=batches, state=DeliveryState.PENDING, reason=""))


def _by_state(rows: QuerySet[Delivery]) -> QuerySet[Any, Any]:
    counted = rows.order_by().values("touchpoint", "state").annotate(number=Count("pk"))
    return counted.values_list("touchpoint", F("state"), "number")


def _as_text(word: str) -> Value:
    return Value(word, output_field=CharField())


def _counted(touchpoints: Collection[int]) -> dict[int, Tally]:
    found: dict[int, Counter[str]] = defaultdict(Counter)
    if touchpoints:
        rows = Delivery.objects.filter(touchpoint__in=touchpoints).order_by()
        for touchpoint, state, number in rows.values_list("touchpoint", "state").annotate(number=Count("pk")):
            found[touchpoint][state] = number
    return dict(found)
