"""What planners decided by hand, laid over the steps of a playbook before the plan is made. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from ..planner import CellKey, PlanStep, PlanWindow, is_too_short


@dataclass(frozen=True, kw_only=True)
class HandMade:
    """A `campaigns.HandMadeCell` in plain values; `is_on` None: as the playbook says."""

    cell: CellKey
    is_on: bool | None
    owner_id: int | None
    decided_at: datetime
    decided_by_id: int | None = None

    @property
    def says_nothing(self) -> bool:
        return self.is_on is None and self.owner_id is None


@dataclass(frozen=True, kw_only=True)
class ChannelTraits:
    """What a step knows of its channel, for a cell that the playbook has no step for."""

    enabled: bool
    has_quiet_hours: bool
    writes_mail: bool


def adjusted(steps: Sequence[PlanStep], hand_made: Iterable[HandMade], channels: Mapping[int, ChannelTraits]) -> list[PlanStep]:
    """`steps` as the hand-made cells want them.

    What was switched off stays, so that the plan says why it does not leave. A cell that the playbook lacks is like the
    nearest step of its moment; it falls out with the last one of them.
    """
    decided = {one.cell: one for one in hand_made}
    found = [_decided(step, decided.pop(step.cell, None)) for step in steps]
    added = [_added(one, steps, channels) for one in decided.values() if one.is_on]
    return found + [step for step in added if step]


def is_on(cell: CellKey, playbook: Mapping[CellKey, PlanStep], decided: HandMade | None, window: PlanWindow | None) -> bool:
    """Whether the plan wants `cell`; without a window no step is too long for it."""
    if decided is not None and decided.is_on is not None:
        return decided.is_on
    return is_on_by_playbook(cell, playbook, window)


def is_on_by_playbook(cell: CellKey, playbook: Mapping[CellKey, PlanStep], window: PlanWindow | None) -> bool:
    step = playbook.get(cell)
    return step is not None and not (window and is_too_short(window, step))


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a planner wants of the cells on the page: those that are on, and whose are whose."""

    cells: Set[CellKey]
    on: Set[CellKey]
    owners: Mapping[CellKey, int]

    def without_switching(
        self,
        locked: Collection[CellKey],
        playbook: Mapping[CellKey, PlanStep],
        decided: Mapping[CellKey, HandMade],
        *,
        window: PlanWindow | None,
    ) -> "Wishes":
        """The same, with the `locked` cells as they are."""
        stay = {cell for cell in locked if is_on(cell, playbook, decided.get(cell), window)}
        return replace(self, on={cell for cell in self.on if cell not in locked} | stay)

    def decide(
        self,
        playbook: Mapping[CellKey, PlanStep],
        decided: Mapping[CellKey, HandMade],
        *,
        window: PlanWindow | None,
        actor_id: int | None,
        now: datetime,
    ) -> list[HandMade]:
        """The hand-made cells that make it so: as few as possible, and those untouched as they were."""
        kept = {cell: one for cell, one in decided.items() if cell not in self.cells}
        for cell in self.cells:
            before, wanted = decided.get(cell), cell in self.on
            by_playbook = is_on_by_playbook(cell, playbook, window)
            says = before.is_on if before else None
            if wanted != (says if says is not None else by_playbook):
                says = None if wanted == by_playbook else wanted
            after = HandMade(cell=cell, is_on=says, owner_id=self.owners.get(cell), decided_at=now, decided_by_id=actor_id)
            kept[cell] = before if before and _same(before, after) else after
        return [one for one in kept.values() if not one.says_nothing]


def _same(before: HandMade, after: HandMade) -> bool:
    return (before.is_on, before.owner_id) == (after.is_on, after.owner_id)


def _decided(step: PlanStep, one: HandMade | None) -> PlanStep:
    if one is None:
        return step
    step = replace(step, owner_id=one.owner_id or step.owner_id, is_by_hand=step.is_own or one.is_on is not None)
    if one.is_on is None:
        return step
    if not one.is_on:
        return replace(step, is_taken_out=True)
    return replace(step, min_duration=None, since=one.decided_at)


def _added(one: HandMade, steps: Sequence[PlanStep], channels: Mapping[int, ChannelTraits]) -> PlanStep | None:
    sibling, channel = nearest(one.cell, steps), channels.get(one.cell.channel_id)
    if sibling is None or channel is None:
        return None
    same_channel, speaks_to_people = sibling.channel_id == one.cell.channel_id, one.cell.segment_id is not None
    is_mail = speaks_to_people and channel.writes_mail
    return replace(
        sibling,
        segment_id=one.cell.segment_id,
        channel_id=one.cell.channel_id,
        channel_enabled=channel.enabled,
        channel_has_quiet_hours=channel.has_quiet_hours,
        min_duration=None,
        invites=sibling.invites and is_mail,
        attaches_maintnote=sibling.attaches_maintnote and is_mail,
        otherwise=sibling.otherwise if same_channel and speaks_to_people else "",
        owner_id=one.owner_id,
        is_by_hand=True,
        since=one.decided_at,
    )


def nearest(cell: CellKey, steps: Iterable[PlanStep]) -> PlanStep | None:
    """The step of the cell's moment that is most like it: by the same channel, else for the same people, else the first."""
    siblings = [step for step in steps if step.key == cell.step_key]

    def distance(step: PlanStep) -> tuple[bool, bool, bool]:
        is_place = (step.segment_id is None) != (cell.segment_id is None)
        return is_place, step.channel_id != cell.channel_id, step.segment_id != cell.segment_id

    return min(siblings, key=distance, default=None)
