"""What became of a campaign's messages, for the pages of campaigns, which know nothing of deliveries themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django import template
from django.db.models import Max

from apps.campaigns.consequences import Consequences
from apps.campaigns.models import Campaign, Touchpoint
from apps.campaigns.reach import ColumnKey
from apps.delivery.models import Delivery, DeliveryState, Expansion
from apps.delivery.tallies import tallies

register = template.Library()

LEFT_OUT = (DeliveryState.SUPPRESSED, DeliveryState.EXPIRED, DeliveryState.SUPERSEDED, DeliveryState.CANCELLED)
IN_DOUBT = (DeliveryState.IN_DOUBT, DeliveryState.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Of one touchpoint's deliveries; `total` are those meant to be sent."""

    states: Mapping[str, int]
    is_in_part: bool = False  # there are more people for whom nothing has been written yet

    def of(self, states: Sequence[str]) -> int:
        return sum(self.states.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        return sum(self.states.values()) - self.left_out

    @property
    def sent(self) -> int:
        return self.of([DeliveryState.SENT])

    @property
    def failed(self) -> int:
        return self.of([DeliveryState.FAILED])

    @property
    def in_doubt(self) -> int:
        return self.of(IN_DOUBT)

    @property
    def left_out(self) -> int:
        return self.of(LEFT_OUT)


@register.simple_tag
def campaign_counts(campaign: Campaign) -> dict[int, Counts]:
    """Four queries, none of which reads what was simply sent."""
    ids = list(Touchpoint.objects.filter(campaign=campaign).order_by().values_list("pk", flat=True))
    in_part = set(Expansion.objects.under_way().filter(touchpoint__in=ids).values_list("touchpoint", flat=True))
    return {pk: Counts(states=found, is_in_part=pk in in_part) for pk, found in tallies(ids).items()}


@register.filter
def of_touchpoint(counts: dict[int, Counts] | str, pk: int) -> Counts | None:
    """Nothing where no delivery of the touchpoint was written yet, or nobody asked for counts."""
    return counts.get(pk) if isinstance(counts, dict) else None


@register.simple_tag
def told_people(campaign: Campaign, foreseen: Consequences) -> dict[ColumnKey, int]:
    """How many in each column that is corrected were last told something that is no longer true."""
    return _told(campaign, foreseen)


@register.simple_tag
def invited_people(campaign: Campaign) -> int:
    """How many hold the window in their calendar by an invitation of ours."""
    rows = Delivery.objects.invited().told().filter(touchpoint__campaign=campaign).order_by()
    return rows.values("contact").distinct().count()


@register.simple_tag
def messages_at_once(campaign: Campaign, foreseen: Consequences | None) -> int:
    """What a deed sends as soon as it is done: corrections to those who were told, and what falls due by it."""
    if foreseen is None:
        return 0
    corrections = _told(campaign, foreseen) if foreseen.corrected else {}
    return sum(corrections.values()) + foreseen.at_once


@register.filter
def of_column(counts: Mapping[ColumnKey, int] | str, column: ColumnKey) -> int:
    return counts.get(column, 0) if isinstance(counts, Mapping) else 0


def _told(campaign: Campaign, foreseen: Consequences) -> dict[ColumnKey, int]:
    """As audience.told_otherwise chooses them when the correction is written: by the last that each was told."""
    return {column: _told_by(campaign, column, foreseen.false_revisions) for column in foreseen.corrected_columns}


def _told_by(campaign: Campaign, column: ColumnKey, false_now: Sequence[int]) -> int:
    segment, channel = column
    places = Touchpoint.objects.filter(campaign=campaign, segment=segment, channel=channel).values_list("pk", flat=True)
    told = Delivery.objects.told().filter(touchpoint__in=list(places)).order_by()
    last = told.values("contact").annotate(last=Max("revision")).filter(last__in=false_now)
    return last.count()  # a place has no contact, and is one row
