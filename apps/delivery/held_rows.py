"""What becomes of each touchpoint when something is paused, before it is. Counts no recipients, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.campaigns.consequences import consequences, held_alone
from apps.campaigns.fates import EffectRow
from apps.campaigns.models import STILL_TO_LEAVE, Campaign, Touchpoint, TouchpointQuerySet
from apps.channels.models import Channel

from .steering import Target, held_back_by

MOST_TOUCHPOINTS = 50  # of a channel, the nearest ones: it may have those of every window to come


@dataclass(frozen=True, kw_only=True)
class HeldRows:
    """`more`: how many touchpoints are held as well and not shown."""

    rows: Sequence[EffectRow]
    more: int = 0


def held_rows(target: Target, *, now: datetime) -> HeldRows:
    """All touchpoints of the plan; for a channel, those of every window that it holds. What is paused already stays so."""
    waiting = held_back_by(target).filter(state__in=STILL_TO_LEAVE)
    match target:
        case Channel():
            return _of_a_channel(waiting, now)
        case Campaign():
            campaign = target
        case Touchpoint():
            campaign = target.campaign
    held = set(waiting.values_list("pk", flat=True))
    return HeldRows(rows=consequences(campaign, (), held=held, now=now).rows)


def _of_a_channel(waiting: TouchpointQuerySet, now: datetime) -> HeldRows:
    rows = waiting.select_related("campaign__window", "step__channel", "step__fallback_channel", "segment", "channel")
    nearest = list(rows[:MOST_TOUCHPOINTS])
    more = waiting.count() - len(nearest) if len(nearest) == MOST_TOUCHPOINTS else 0
    return HeldRows(rows=held_alone(nearest, now=now), more=more)
