"""The plan as a matrix to edit: moments down, segment × channel across, each cell on or off, and what that leads to.

A campaign's matrix shows the plan as it would be with what is wished, made by the same rules that would carry it out; a
playbook's has no window, and so no times.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from apps.accounts.models import User
from apps.windows.models import WindowStatus

from ..board import Spot, planned_spot, touchpoint_spot
from ..foresight import foresee_steps
from ..models import Campaign, Playbook, Touchpoint, TouchpointState
from ..planner import CellKey, PlanStep, PlanWindow, plan
from ..plans import hand_made, plan_steps, playbook_steps, traits_of, window_of_plan, with_hand_made
from ..reach import ColumnKey, Counts
from ..replanning import Change, Kind
from .cells import HandMade, Wishes
from .locks import BESIDE_THE_PLAN, have_left, locks
from .moments import MomentWishes, edited_steps
from .painting import Draft, unplanned_spot
from .table import Matrix


@dataclass(frozen=True, kw_only=True)
class Look:
    """A plan as it would be: `asked` of the planner, `changes` about touchpoints that stand."""

    matrix: Matrix
    asked: Sequence[PlanStep]
    changes: Sequence[Change]


def campaign_matrix(
    campaign: Campaign,
    *,
    wishes: Wishes | None = None,
    moments: MomentWishes | None = None,
    further: Iterable[ColumnKey] = (),
    counted: Counts = MappingProxyType({}),
    actor: User,
    now: datetime,
) -> Look:
    """The plan with `wishes` about its cells and `moments` that no playbook has.

    `further`: columns to be shown, too. `counted`: what is known of the reach of columns already.
    """
    window, decided = window_of_plan(campaign, now=now), hand_made(campaign.window)
    saved, saved_steps = {one.cell: one for one in decided}, plan_steps(campaign.playbook, campaign.window)
    touchpoints = list(campaign.touchpoints.select_related("step__channel", "step__fallback_channel", "segment", "channel"))
    locked, gone = locks(touchpoints), have_left(touchpoints)
    moments, steps, empty = (moments or MomentWishes()).without_touching(gone), saved_steps, []
    if wishes is not None:
        steps = with_moments(saved_steps, wishes, moments)
        playbook, known = {step.cell: step for step in steps}, {one.cell: one for one in moments.kept(decided)}
        asked = wishes.without_switching(locked, playbook, known, window=window)
        decided = asked.decide(playbook, known, window=window, actor_id=actor.pk, now=now)
        traits = traits_of({cell.channel_id for cell in wishes.cells} if moments.added else ())
        empty = moments.empty([*saved_steps, *steps], wishes.cells, traits)
    edited = frozenset(step.key for _was, step in edited_steps(saved_steps, steps))
    after, changes = with_hand_made(steps, decided), list[Change]()
    if campaign.released_at is None:
        spots = [planned_spot(row) for row in plan(window, after, now=now)]
    else:
        changes = foresee_steps(campaign, after, anew=edited, now=now) if campaign.window.status != WindowStatus.CANCELLED else []
        spots = _afterwards(touchpoints, changes)
    draft = Draft(
        steps=steps,
        saved_steps=saved_steps,
        saved=saved,
        decided={one.cell: one for one in decided},
        spots=[*spots, *_silent_spots(window, empty, now)],
        locks=locked,
        window=window,
        owner=campaign.owner,
        now=now,
        is_released=campaign.released_at is not None,
        empty=empty,
        removed={step.key: step for step in saved_steps if step.is_own and step.key in moments.removed},
        stays=gone,
        edited=edited,
    )
    return Look(matrix=draft.matrix(further, counted), asked=after, changes=changes)


def with_moments(steps: Sequence[PlanStep], wishes: Wishes, moments: MomentWishes) -> list[PlanStep]:
    """`steps` with the moments that are added, as far as their cells are on, the edited ones, and without the removed ones."""
    added, edited = ({moment.key for moment in some} for some in (moments.added, moments.edited))
    on = {cell for cell in wishes.on if cell.step_key in added}
    channels = {cell.channel_id for cell in on} | {step.channel_id for step in steps if step.key in edited}
    return moments.asked(steps, on, traits_of(channels))


def _silent_spots(window: PlanWindow, empty: Sequence[PlanStep], now: datetime) -> Iterator[Spot]:
    """When a moment would be of which nothing leaves yet."""
    for row in plan(window, empty, now=now):
        yield replace(planned_spot(row), state=TouchpointState.SKIPPED, reason="")


def playbook_matrix(
    playbook: Playbook,
    *,
    wishes: Wishes | None = None,
    further: Iterable[ColumnKey] = (),
    counted: Counts = MappingProxyType({}),
    now: datetime,
) -> Matrix:
    """The steps of a playbook as a matrix; what is decided about it becomes steps when it is saved."""
    steps = playbook_steps(playbook)
    decided = []
    if wishes is not None:
        decided = wishes.decide({step.cell: step for step in steps}, _owned(steps, now), window=None, actor_id=None, now=now)
    after = with_hand_made(steps, decided)
    draft = Draft(
        steps=steps,
        saved_steps=steps,
        saved=_owned(steps, now),
        decided={one.cell: one for one in decided} if wishes is not None else _owned(steps, now),
        spots=[unplanned_spot(step) for step in after],
        locks={},
        window=None,
        owner=None,
        now=now,
        is_released=False,
    )
    return draft.matrix(further, counted)


def _owned(steps: Iterable[PlanStep], now: datetime) -> dict[CellKey, HandMade]:
    """The owners of a playbook's own steps, in the form in which a planner changes them."""
    return {
        step.cell: HandMade(cell=step.cell, is_on=None, owner_id=step.owner_id, decided_at=now) for step in steps if step.owner_id
    }


def _afterwards(touchpoints: Iterable[Touchpoint], changes: Sequence[Change]) -> list[Spot]:
    """The touchpoints of the plan as they would stand once `changes` are made."""
    by_row = {change.standing.touchpoint_id: change for change in changes if change.standing}
    kept = [_changed(touchpoint_spot(row), by_row.get(row.pk)) for row in touchpoints if row.audience not in BESIDE_THE_PLAN]
    return kept + [planned_spot(change.planned) for change in changes if change.kind == Kind.CREATE and change.planned]


def _changed(spot: Spot, change: Change | None) -> Spot:
    if change is None or change.planned is None:
        return spot
    after = planned_spot(change.planned)
    return replace(spot, state=after.state, reason=after.reason, due_at=after.due_at, useful_until=after.useful_until)
