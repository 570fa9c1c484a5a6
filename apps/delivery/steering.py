"""Holding back and letting go: the pause of a touchpoint, a campaign or a channel, and its end.

A channel that is switched off leaves its touchpoints out for good; what is paused waits, and is told apart only by that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from django.db import transaction
from django.db.models import Count, Q

from apps.accounts.models import User
from apps.accounts.services import record
from apps.campaigns.approval.holding import LetGo
from apps.campaigns.models import (
    OPEN_STATES,
    STILL_TO_LEAVE,
    TOUCHPOINT_TRANSITIONS,
    Campaign,
    Reason,
    Touchpoint,
    TouchpointQuerySet,
    TouchpointState,
)
from apps.channels.models import Channel
from apps.common.pausing import PausableQuerySet
from apps.common.states import move

from . import policy
from .closing import Closing, close_batches, expire_past_use, finish_touchpoint
from .expand import expand_wholly
from .models import Batch, BatchQuerySet, BatchState, Delivery, DeliveryState, Expansion
from .retrying import reopen

Target = Campaign | Touchpoint | Channel


class Choice(StrEnum):
    """What becomes of that which should have left meanwhile."""

    NOW = "now"
    SKIP = "skip"  # closed, with a reason
    SPREAD = "spread"  # evenly over some minutes, while it is of use


@dataclass(frozen=True, kw_only=True)
class Overdue:
    """What one touchpoint should have sent by now."""

    touchpoint: Touchpoint
    batches: int  # 0: its recipients have not been written yet
    waiting: int | None  # messages; None: not all of them have been written yet


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a pause would hold back."""

    touchpoints: int  # that are still to leave, or on their way
    messages: int  # written and not sent yet


@dataclass(frozen=True, kw_only=True)
class Released:
    """What became of the overdue messages."""

    choice: Choice
    skipped: int = 0  # messages; a touchpoint whose recipients were not written counts as one
    cut_short: int = 0  # touchpoints written in part, of which nobody else is written to
    last_at: datetime | None = None  # of those spread

    def facts(self) -> dict[str, int | str]:
        """For the trail."""
        return {"choice": self.choice, "skipped": self.skipped, **({"cut_short": self.cut_short} if self.cut_short else {})}


@transaction.atomic
def pause(target: Target, *, reason: str, actor: User | None, now: datetime) -> bool:
    """Nothing more of `target` is marked once this has been committed; False when it was paused already, or is closed.

    It takes the locks of the engine's marks, so that a batch is either marked before the pause or refused after it. What
    was marked before is seen and stopped by its worker (see stillness.py).
    """
    rows = _rows(target).filter(paused_at__isnull=True)
    if isinstance(target, Touchpoint):
        rows = rows.filter(state__in=STILL_TO_LEAVE)
    if not rows.update(paused_at=now, paused_by=actor, pause_reason=reason):
        return False
    held = Touchpoint.objects.filter(pk__in=_touchpoints_of(target).filter(state__in=OPEN_STATES).values("pk"))
    list(held.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    record(f"{target._meta.model_name}.paused", subject=target, actor=actor, now=now, reason=reason)
    return True


def resume(
    target: Target, *, choice: Choice, over: timedelta = timedelta(0), actor: User | None, now: datetime
) -> Released | None:
    """Lets `target` go on, and what is overdue as chosen; None when it was not paused (any more), or lacks its approval."""
    expire_past_use(now)  # while it can be said that it was paused
    write_overdue(held_back_by(target), choice=choice, now=now)
    with transaction.atomic():
        ended = _rows(target).filter(paused_at__isnull=False)
        if isinstance(target, Campaign):
            ended = ended.filter(unapproved_since__isnull=True)
        if not ended.update(paused_at=None, paused_by=None, pause_reason=""):
            return None
        released = release(held_back_by(target), batches_held_back_by(target), choice=choice, over=over, now=now)
        minutes = round(over.total_seconds() / 60)
        detail = released.facts() | ({"minutes": minutes} if choice is Choice.SPREAD else {})
        record(f"{target._meta.model_name}.resumed", subject=target, actor=actor, now=now, **detail)
    return released


def let_go(campaign: Campaign, actor: User, now: datetime) -> LetGo:
    """After a new approval: it goes on by itself, unless something is overdue, which a person has to decide about."""
    late = overdue(held_back_by(campaign), batches_held_back_by(campaign), now=now)
    if not late:
        resume(campaign, choice=Choice.NOW, actor=actor, now=now)
    return LetGo(overdue=len(late))


def overdue(touchpoints: TouchpointQuerySet, batches: BatchQuerySet, *, now: datetime) -> list[Overdue]:
    """What would leave at once if it were let go, by touchpoint, the longest overdue first."""
    counts = (
        batches.overdue(now)
        .order_by()
        .values_list("touchpoint")
        .annotate(
            number=Count("pk", distinct=True),
            messages=Count("deliveries", filter=Q(deliveries__state=DeliveryState.PENDING)),
        )
    )
    partly = set(_partly_written(touchpoints, now).values_list("pk", flat=True))
    written: dict[int, tuple[int, int | None]] = {
        touchpoint: (number, None if touchpoint in partly else messages) for touchpoint, number, messages in counts
    }
    unwritten = _unwritten(touchpoints, now).values("pk")
    rows = Touchpoint.objects.filter(Q(pk__in=[*written, *partly]) | Q(pk__in=unwritten))
    return [
        Overdue(touchpoint=row, batches=written.get(row.pk, (0, None))[0], waiting=written.get(row.pk, (0, None))[1])
        for row in rows.select_related("campaign__window", "segment", "channel", "step").order_by("due_at", "pk")
    ]


def held_back_by(target: Target) -> TouchpointQuerySet:
    """Its touchpoints that nothing else holds back."""
    rows = _touchpoints_of(target)
    if not isinstance(target, Touchpoint):
        rows = rows.filter(paused_at__isnull=True)
    if not isinstance(target, Campaign):
        rows = rows.filter(campaign__paused_at__isnull=True)
    if not isinstance(target, Channel):
        rows = rows.filter(channel__paused_at__isnull=True)
    return rows


def batches_held_back_by(target: Target) -> BatchQuerySet:
    """Its batches that nothing else holds back."""
    rows = batches_of(target)
    if not isinstance(target, Channel):
        rows = rows.exclude(channel__in=Channel.objects.paused())
    if not isinstance(target, Campaign):
        rows = rows.exclude(touchpoint__in=Touchpoint.objects.filter(campaign__in=Campaign.objects.paused()))
    if not isinstance(target, Touchpoint):
        rows = rows.exclude(touchpoint__in=Touchpoint.objects.paused())
    return rows


def batches_of(target: Target) -> BatchQuerySet:
    """Those of a channel are what leaves by it, whichever channel their touchpoint was planned for."""
    if isinstance(target, Channel):
        return Batch.objects.filter(channel=target)
    return Batch.objects.filter(touchpoint__in=_touchpoints_of(target))


def outlook(target: Target) -> Outlook:
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING, batch__in=batches_of(target).exclude(state=BatchState.DONE))
    coming = _touchpoints_of(target).filter(state__in=STILL_TO_LEAVE)
    return Outlook(touchpoints=coming.count(), messages=waiting.count())


def write_overdue(touchpoints: TouchpointQuerySet, *, choice: Choice, now: datetime) -> None:
    """Writes the recipients of what should have left and is to be spread, which is done by the batch."""
    if choice is not Choice.SPREAD:
        return
    unwritten = [rows.values_list("pk", flat=True) for rows in (_unwritten(touchpoints, now), _partly_written(touchpoints, now))]
    for pk in sorted({*unwritten[0], *unwritten[1]}):
        expand_wholly(pk, now=now, also_held_back=True)


def release(
    touchpoints: TouchpointQuerySet, batches: BatchQuerySet, *, choice: Choice, over: timedelta, now: datetime
) -> Released:
    """Disposes of what is overdue; what is not goes on at its time in any case. In the caller's transaction."""
    match choice:
        case Choice.SKIP:
            return _skip(touchpoints, batches, now)
        case Choice.SPREAD:
            return Released(choice=choice, last_at=_spread(batches, over, now))
    return Released(choice=choice)


def _skip(touchpoints: TouchpointQuerySet, batches: BatchQuerySet, now: datetime) -> Released:
    late = Touchpoint.objects.filter(pk__in=_unwritten(touchpoints, now).values("pk"))
    ended = {"reason": Reason.SKIPPED_BY_HAND, "settled_at": now}
    skipped = move(late, to=TouchpointState.SKIPPED, transitions=TOUCHPOINT_TRANSITIONS, field="state", **ended)
    cut_short = _cut_short(touchpoints, now)
    begun = {*cut_short, *batches.overdue(now).order_by().values_list("touchpoint", flat=True).distinct()}
    skipped += close_batches(batches.overdue(now), Closing.SKIPPED, now=now)
    for pk in sorted(begun):
        finish_touchpoint(pk, now=now)
    return Released(choice=Choice.SKIP, skipped=skipped, cut_short=len(cut_short))


def _cut_short(touchpoints: TouchpointQuerySet, now: datetime) -> list[int]:
    """Nobody else of those written in part is written to; returns which.

    A portion that is just being written takes their locks at its end: it is there before this, and then its batches are
    closed with the others, or it finds that it was overtaken.
    """
    partly = Touchpoint.objects.filter(pk__in=_partly_written(touchpoints, now).values("pk"))
    locked = {row.pk: row for row in partly.select_for_update(no_key=True).order_by("pk")}
    rest = Expansion.objects.to_finish(now).filter(touchpoint__in=locked)
    ids = sorted(rest.values_list("touchpoint", flat=True))
    Expansion.objects.filter(pk__in=rest.values("pk")).update(skipped_at=now)
    for pk in ids:
        reopen(locked[pk])  # what a worker that knows of no portions has closed ends anew, with this reason
    return ids


def _spread(batches: BatchQuerySet, over: timedelta, now: datetime) -> datetime | None:
    """Each touchpoint over the time that is left of its own use."""
    rows = batches.overdue(now).select_related("touchpoint").select_for_update(of=("self",), skip_locked=True)
    chosen = list(rows.order_by("touchpoint", "priority", "not_before", "pk"))
    waiting = Delivery.objects.filter(batch__in=chosen, state=DeliveryState.PENDING).order_by()
    weights = dict(waiting.values_list("batch").annotate(Count("pk")))
    for touchpoint, group in groupby(chosen, key=lambda batch: batch.touchpoint):
        _space_out(list(group), weights, over, now, touchpoint.useful_until or now)
    Batch.objects.bulk_update(chosen, ["not_before"], batch_size=500)
    return max((batch.not_before for batch in chosen), default=None)


def _space_out(
    batches: Sequence[Batch], weights: Mapping[int, int], over: timedelta, now: datetime, useful_until: datetime
) -> None:
    sizes = [weights.get(batch.pk, 0) for batch in batches]
    times = policy.spread(sizes, over=over, now=now, useful_until=useful_until)
    for batch, not_before in zip(batches, times, strict=True):
        batch.not_before = not_before


def _unwritten(touchpoints: TouchpointQuerySet, now: datetime) -> TouchpointQuerySet:
    """Planned, and their time has come."""
    return touchpoints.filter(state=TouchpointState.PLANNED, due_at__lte=now)


def _partly_written(touchpoints: TouchpointQuerySet, now: datetime) -> TouchpointQuerySet:
    return touchpoints.filter(pk__in=Expansion.objects.to_finish(now).values("touchpoint"), due_at__lte=now)


def _touchpoints_of(target: Target) -> TouchpointQuerySet:
    match target:
        case Campaign():
            return Touchpoint.objects.filter(campaign=target)
        case Channel():
            return Touchpoint.objects.filter(channel=target)
        case Touchpoint():
            return Touchpoint.objects.filter(pk=target.pk)


def _rows(target: Target) -> PausableQuerySet[Target]:
    rows: PausableQuerySet[Target] = type(target)._default_manager.filter(pk=target.pk)
    return rows
