"""How many of those targeted a campaign reached, step by step. Computed from figures already counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from apps.channels.models import ChannelKind

from ..stats import Rate
from .engagement import Engagement, Level, Seen
from .touchpoints import TouchpointFigures

SHOWS_OPENS = (ChannelKind.EMAIL,)  # others have no picture that could be fetched: not measurable, not “unseen”


class FunnelStep(StrEnum):
    TARGETED = "targeted"
    HANDED_OVER = "handed_over"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step with its rate of an earlier one; `rate` is `None` where no channel of the campaign can tell."""

    step: FunnelStep
    count: int
    rate: Rate | None


@dataclass(frozen=True, kw_only=True)
class Opens:
    """What a touchpoint's messages showed; `people` is `None` where its channel cannot tell."""

    people: Rate | None
    clicks: Rate | None
    machine: int
    prefetch: int
    undecided: int


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """Of messages to people; posts to a place (chat, webhook) are not part of it."""

    stages: Sequence[Stage]
    opens: Mapping[int, Opens]  # by touchpoint
    machine: int
    prefetch: int
    undecided: int


def funnel(figures: Sequence[TouchpointFigures], seen: Engagement, *, bounced: Mapping[int, int]) -> Funnel:
    """`bounced` are by touchpoint the messages that were accepted and came back."""
    personal = [row for row in figures if not row.is_broadcast]
    accepted = {row.id: row.sent + bounced.get(row.id, 0) for row in personal}
    opens = {row.id: _opens(row, seen.of(row.id), accepted[row.id]) for row in personal}
    targeted, handed_over = sum(row.targeted for row in personal), sum(row.handed_over for row in personal)
    all_accepted = sum(accepted.values())
    confirming = _kinds_that_confirm(personal, seen)
    delivered = [(seen.of(row.id).confirmed, accepted[row.id]) for row in personal if row.channel_kind in confirming]
    return Funnel(
        stages=(
            Stage(step=FunnelStep.TARGETED, count=targeted, rate=Rate(count=targeted, n=targeted)),
            Stage(step=FunnelStep.HANDED_OVER, count=handed_over, rate=Rate(count=handed_over, n=targeted)),
            Stage(step=FunnelStep.ACCEPTED, count=all_accepted, rate=Rate(count=all_accepted, n=handed_over)),
            _stage(FunnelStep.DELIVERED, (Rate(count=count, n=n) for count, n in delivered)),
            _stage(FunnelStep.OPENED, (row.people for row in opens.values())),
            _stage(FunnelStep.CLICKED, (row.clicks for row in opens.values())),
        ),
        opens=opens,
        machine=sum(row.machine for row in opens.values()),
        prefetch=sum(row.prefetch for row in opens.values()),
        undecided=sum(row.undecided for row in opens.values()),
    )


def _kinds_that_confirm(rows: Iterable[TouchpointFigures], seen: Engagement) -> set[str]:
    """Kinds of channel that have reported at least one arrival here: only they can tell."""
    return {row.channel_kind for row in rows if seen.of(row.id).confirmed}


def _opens(row: TouchpointFigures, seen: Seen, accepted: int) -> Opens:
    can_tell = row.channel_kind in SHOWS_OPENS or seen.at_least(Level.MACHINE) > 0
    return Opens(
        people=Rate(count=seen.at_least(Level.OPENED), n=accepted) if can_tell else None,
        clicks=Rate(count=seen.at_least(Level.CLICKED), n=accepted) if can_tell else None,
        machine=seen.exactly(Level.MACHINE),
        prefetch=seen.exactly(Level.PREFETCH),
        undecided=seen.exactly(Level.UNDECIDED),
    )


def _stage(step: FunnelStep, rates: Iterable[Rate | None]) -> Stage:
    known = [rate for rate in rates if rate is not None]
    total = Rate(count=sum(rate.count for rate in known), n=sum(rate.n for rate in known))
    return Stage(step=step, count=total.count, rate=total if known else None)
