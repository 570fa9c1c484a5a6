"""What is due, and when the next thing will be: all that the clock needs to know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, Q, QuerySet

from apps.campaigns.models import OPEN_STATES, Touchpoint, TouchpointState, Urgency
from apps.channels.models import Channel
from apps.common.statements import Repeated
from apps.windows.models import MaintenanceWindow, WindowStatus

from .models import Batch, BatchState, Circuit, CircuitState, Expansion, RehearsalMessage, RehearsedState
from .policy import PORTION_SIGN_OF_LIFE, URGENT_PRIORITIES

PACED_SIGN_OF_LIFE = timedelta(seconds=60)  # one claim hands over for half of it
MOST_AT_ONCE = 16  # hints of a kind per look; the next look is a second away at most
MOST_LOOKED_AT = 1000  # touchpoints to be written, of which each look gives hints of some


@dataclass(frozen=True, kw_only=True)
class Due:
    to_expand: Sequence[tuple[int, bool]]  # touchpoints, and whether each is urgent
    urgent_batches: int
    bulk_batches: int
    has_windows_to_start: bool
    has_rehearsals: bool
    next_at: datetime | None  # when something else becomes due


def due(now: datetime) -> Due:
    priorities = [priority for (priority,) in _claimable(now)]
    urgent = sum(priority in URGENT_PRIORITIES for priority in priorities)
    return Due(
        # Those of which somebody left off in the middle first: others of their people have been told.
        to_expand=[(pk, urgency == Urgency.URGENT) for pk, urgency in _in_turn([*_stalled(now), *_planned(now)], now)],
        urgent_batches=urgent,
        bulk_batches=len(priorities) - urgent,
        has_windows_to_start=bool(_to_start(now)),
        has_rehearsals=bool(_rehearsals(now)),
        next_at=min((at for rows in _NEXT for (at,) in rows(now)), default=None),
    )


def _in_turn(rows: Sequence[Any], now: datetime) -> Sequence[Any]:
    """Of many, others at each look: so those that cannot be written, whatever the cause, keep nobody waiting for good."""
    start = int(now.timestamp()) * MOST_AT_ONCE % len(rows) if len(rows) > MOST_AT_ONCE else 0
    return [*rows[start:], *rows[:start]][:MOST_AT_ONCE]


def _first(rows: QuerySet[Any], field: str) -> QuerySet[Any, Any]:
    return rows.order_by(field).values_list(field)[:1]


def stalled(now: datetime) -> QuerySet[Touchpoint]:
    """Touchpoints that are written in part and free, and nobody goes on with them."""
    left = Expansion.objects.to_finish(now).filter(written_at__lte=now - PORTION_SIGN_OF_LIFE)
    return Touchpoint.objects.going().filter(pk__in=left.values("touchpoint")).order_by("due_at", "pk")


def oldest_due_at(now: datetime) -> datetime | None:
    """Since when the longest-waiting row has been due; None when nothing waits.

    A touchpoint that was planned shortly before its time is written late, and is not late for that. What a person holds
    back does not wait: it is shown as paused. Nor does what takes its turn behind messages that leave at their channel's
    pace. A rehearsal keeps nobody waiting but its planner.
    """
    batches = Batch.objects.overdue(now).free().exclude(channel__in=_moving_at_their_pace(now))
    unwritten = [rows.order_by().values_list("due_at") for rows in (Touchpoint.objects.due_for_expansion(now), stalled(now))]
    oldest = unwritten[0].union(unwritten[1], all=True).order_by("due_at")[:1]
    windows = MaintenanceWindow.objects.due_to_start(now)
    return _earliest(
        batches.aggregate(at=Min("not_before"))["at"],
        *(at for (at,) in oldest if at and at <= now),
        windows.aggregate(at=Min("starts_at"))["at"],
    )


def _moving_at_their_pace(now: datetime) -> QuerySet[Channel, Any]:
    """Channels with a pace, or one that their provider asked for, of which something left a moment ago or rests till later."""
    moving = Batch.objects.filter(touchpoint__state__in=OPEN_STATES, marked_at__gt=now - PACED_SIGN_OF_LIFE)
    resting = Circuit.objects.filter(state=CircuitState.CLOSED, not_before__gt=now)
    paced = Q(pace__isnull=False) | Q(circuit__slowed_to__isnull=False)
    return Channel.objects.filter(paced & Q(pk__in=moving.values("channel")) | Q(pk__in=resting.values("channel"))).values("pk")


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((instant for instant in instants if instant), default=None)


# Asked each second, and for each message that is to leave on time.
_claimable = Repeated(lambda now: Batch.objects.claimable(now).values_list("priority")[:MOST_AT_ONCE])
_stalled = Repeated(lambda now: stalled(now).values_list("pk", "urgency")[:MOST_LOOKED_AT])
_planned = Repeated(
    lambda now: (
        Touchpoint.objects.due_for_expansion(now)
        .filter(useful_until__gt=now)
        .order_by("expand_at", "pk")
        .values_list("pk", "urgency")[:MOST_LOOKED_AT]
    )
)
_to_start = Repeated(lambda now: MaintenanceWindow.objects.due_to_start(now).order_by().values_list("pk")[:1])
_rehearsals = Repeated(lambda now: RehearsalMessage.objects.due(now).order_by().values_list("pk")[:1])
_NEXT = (
    Repeated(lambda now: _first(Batch.objects.filter(state=BatchState.READY, not_before__gt=now), "not_before")),
    Repeated(lambda now: _first(RehearsalMessage.objects.filter(state=RehearsedState.WAITING, due_at__gt=now), "due_at")),
    Repeated(lambda now: _first(Circuit.objects.filter(not_before__gt=now), "not_before")),
    Repeated(lambda now: _first(Touchpoint.objects.filter(state=TouchpointState.PLANNED, expand_at__gt=now), "expand_at")),
    Repeated(
        lambda now: _first(
            MaintenanceWindow.objects.filter(status=WindowStatus.SCHEDULED, starts_automatically=True, starts_at__gt=now),
            "starts_at",
        )
    ),
)
