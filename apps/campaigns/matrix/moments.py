"""Moments that a planner adds by hand to the plan of one campaign or edits there, and what they are made of. Pure."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from ..planner import CellKey, PlanStep
from .cells import ChannelTraits, HandMade, nearest

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class NewMoment:
    """A moment as it is wanted. It says what the moment `like` says, or else `content_key` to everybody.

    Of one that is saved already both may be empty: then it goes on saying what it says.
    """

    key: str
    anchor: str
    offset_days: int
    offset: timedelta
    like: str = ""
    content_key: str = ""
    label: str = ""
    urgency: str = ""  # empty: that of what it says

    @property
    def lead(self) -> timedelta:
        """How long after its anchor it is; negative before it."""
        return timedelta(days=self.offset_days) + self.offset

    @property
    def speaks_of_the_start(self) -> bool:
        return self.anchor == "start" and self.lead < timedelta(0)

    @property
    def says_something_else(self) -> bool:
        return bool(self.like or self.content_key)


@dataclass(frozen=True, kw_only=True)
class MomentWishes:
    """What a planner wants of the moments that no playbook has; `edited` and `removed` are saved ones, these by their keys."""

    added: Sequence[NewMoment] = ()
    edited: Sequence[NewMoment] = ()
    removed: Set[str] = frozenset()

    def without_touching(self, keys: Set[str]) -> "MomentWishes":
        """The same, with the saved moments of `keys` as they are."""
        edited = [moment for moment in self.edited if moment.key not in keys]
        return replace(self, edited=edited, removed=self.removed - keys)

    def asked(self, steps: Sequence[PlanStep], on: Set[CellKey], channels: Mapping[int, ChannelTraits]) -> list[PlanStep]:
        """`steps` with those of the added moments whose cells are `on`, the edited ones, and without the removed ones.

        What is added or edited may be like one that is removed. `channels`: of the `on` and of the edited ones.
        """
        wanted = {moment.key: moment for moment in self.edited}
        kept = [
            edited_step(step, wanted[step.key], steps, channels) if step.is_own and step.key in wanted else step
            for step in steps
            if not (step.is_own and step.key in self.removed)
        ]
        added = [
            step
            for moment in self.added
            for step in steps_of(moment, [cell for cell in _in_order(on) if cell.step_key == moment.key], steps, channels)
        ]
        return kept + added

    def empty(self, steps: Sequence[PlanStep], cells: Set[CellKey], channels: Mapping[int, ChannelTraits]) -> list[PlanStep]:
        """For each added moment that says nothing to anybody, what it would say in the first of its `cells`."""
        spoken = {step.key for step in steps}
        silent = [moment for moment in self.added if moment.key not in spoken]
        return [
            step
            for moment in silent
            for step in steps_of(moment, [cell for cell in _in_order(cells) if cell.step_key == moment.key], steps, channels)[:1]
        ]

    def kept(self, decided: Iterable[HandMade]) -> list[HandMade]:
        """What was decided about cells that stay."""
        return [one for one in decided if one.cell.step_key not in self.removed]


def _in_order(cells: Iterable[CellKey]) -> list[CellKey]:
    return sorted(cells, key=lambda cell: (cell.segment_id is None, cell.segment_id, cell.channel_id))


def steps_of(
    moment: NewMoment, cells: Iterable[CellKey], steps: Sequence[PlanStep], channels: Mapping[int, ChannelTraits]
) -> list[PlanStep]:
    """What `moment` is made of: a step for each of `cells` whose channel there is."""
    return [
        _step(moment, cell, nearest(cell._replace(step_key=moment.like), steps), channels[cell.channel_id])
        for cell in cells
        if cell.channel_id in channels
    ]


def edited_step(step: PlanStep, moment: NewMoment, steps: Sequence[PlanStep], channels: Mapping[int, ChannelTraits]) -> PlanStep:
    """A saved `step` of the moment as it is wanted now: the same row, for the same people, of the same owner."""
    if moment.says_something_else and step.channel_id in channels:
        sibling = nearest(step.cell._replace(step_key=moment.like), steps)
        fresh = _step(moment, step.cell, sibling, channels[step.channel_id])
        return replace(fresh, step_id=step.step_id, owner_id=step.owner_id)
    return replace(
        step,
        label=moment.label,
        anchor=moment.anchor,
        offset_days=moment.offset_days,
        offset=moment.offset,
        urgency=moment.urgency or step.urgency,
        only_unconfirmed=step.only_unconfirmed and moment.anchor == "end",
        **_usefulness(moment),
    )


def edited_steps(before: Iterable[PlanStep], after: Iterable[PlanStep]) -> list[tuple[PlanStep, PlanStep]]:
    """The steps of saved moments that are others than before, each with what it was."""
    saved = {step.step_id: step for step in before if step.is_own}
    return [(saved[step.step_id], step) for step in after if step.step_id in saved and step != saved[step.step_id]]


def _step(moment: NewMoment, cell: CellKey, sibling: PlanStep | None, channel: ChannelTraits) -> PlanStep:
    is_mail = cell.segment_id is not None and channel.writes_mail
    same_channel = sibling is not None and sibling.channel_id == cell.channel_id and cell.segment_id is not None
    return PlanStep(
        key=moment.key,
        label=moment.label,
        anchor=moment.anchor,
        offset_days=moment.offset_days,
        offset=moment.offset,
        repeats_by_cadence=False,
        repeat_every=None,
        segment_id=cell.segment_id,
        channel_id=cell.channel_id,
        channel_enabled=channel.enabled,
        channel_has_quiet_hours=channel.has_quiet_hours,
        content_key=sibling.content_key if sibling else moment.content_key,
        urgency=moment.urgency or (sibling.urgency if sibling else "routine"),
        is_mandatory=bool(sibling and sibling.is_mandatory),
        invites=bool(sibling and sibling.invites and is_mail),
        attaches_maintnote=bool(sibling and sibling.attaches_maintnote and is_mail),
        otherwise=sibling.otherwise if sibling and same_channel else "",
        min_duration=None,
        only_unconfirmed=bool(sibling and sibling.only_unconfirmed and moment.anchor == "end"),
        is_own=True,
        is_by_hand=True,
        **_usefulness(moment),
    )


def _usefulness(moment: NewMoment) -> dict[str, Any]:
    return {
        "useful_for": useful_for(moment),
        "useful_until_before_start": min(5 * MINUTE, -moment.lead / 2) if moment.speaks_of_the_start else None,
        "when_late": "collapse" if moment.speaks_of_the_start else "send",
    }


def useful_for(moment: NewMoment) -> timedelta:
    """How late it may still go: like the steps of the playbooks that come along."""
    if moment.speaks_of_the_start:
        return min(DAY, max(-moment.lead / 4, 15 * MINUTE))
    if moment.anchor == "start" or moment.lead < timedelta(0):
        return 30 * MINUTE
    return DAY if moment.lead >= DAY else 6 * HOUR
