"""From what a plan would be to the matrix that shows it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from apps.accounts.models import User

from ..board import ANCHOR_ORDER, LEAVING, Column, Spot, columns_of, order_of, planned_spot
from ..models import Anchor, Urgency
from ..moments import instant_words, moment_words, utc_words
from ..planner import CellKey, PlannedTouchpoint, PlanStep, PlanWindow
from ..reach import ColumnKey, Counts
from .cells import HandMade, is_on, is_on_by_playbook
from .table import Matrix, MatrixCell, MatrixRow


@dataclass(frozen=True, kw_only=True)
class Draft:
    """All that the matrix is painted from."""

    steps: Sequence[PlanStep]
    saved_steps: Sequence[PlanStep]
    saved: Mapping[CellKey, HandMade]
    decided: Mapping[CellKey, HandMade]
    spots: Sequence[Spot]
    locks: Mapping[CellKey, str]
    window: PlanWindow | None
    owner: User | None
    now: datetime
    is_released: bool
    empty: Sequence[PlanStep] = ()  # stands for a moment that says nothing to anybody yet
    removed: Mapping[str, PlanStep] = field(default_factory=dict)  # a step of each moment that is taken away, by its key
    stays: frozenset[str] = frozenset()  # the keys of added moments that can neither be edited nor taken away any more
    edited: frozenset[str] = frozenset()  # the keys of saved ones that are to be others than they are

    def matrix(self, further: Iterable[ColumnKey], counted: Counts) -> Matrix:
        playbook = {step.cell: step for step in self.steps}
        shown = [step.column for step in self.steps]
        shown += [(one.cell.segment_id, one.cell.channel_id) for one in self.decided.values() if one.is_on]
        columns = columns_of(list(dict.fromkeys([*shown, *further])), counted=counted)
        owners = {one.owner_id for one in self.decided.values()} | {step.owner_id for step in self.steps}
        people = User.objects.in_bulk({pk for pk in owners if pk})
        moments = [self._spots_of(key) for key in dict.fromkeys(step.key for step in (*self.steps, *self.empty))]
        rows = sorted(moments, key=order_of if self.window else _order_of_anchors)
        painter = _Painter(draft=self, playbook=playbook, columns=list(columns.values()), people=people)
        as_saved = {step.cell: step for step in self.saved_steps}
        saved = frozenset(
            cell for cell in (*as_saved, *self.saved, *self.decided) if is_on(cell, as_saved, self.saved.get(cell), self.window)
        )
        return Matrix(
            columns=list(columns.values()),
            rows=[painter.row(spots) for spots in rows],
            saved=saved,
            removed=[" ".join(filter(None, row_words(step))) for step in self.removed.values()],
        )

    def _spots_of(self, key: str) -> list[Spot]:
        """What the moment is made of; where the plan has nothing of it, its first step says what it is."""
        found = [spot for spot in self.spots if spot.step_key == key]
        return found or [unplanned_spot(self.step_of(key))]

    def step_of(self, key: str) -> PlanStep:
        """One that says what the moment is."""
        return next(step for step in (*self.steps, *self.empty) if step.key == key)

    def is_urgent(self, key: str) -> bool:
        """All of it; a moment that is urgent for some alone says so in their previews."""
        return all(step.urgency == Urgency.URGENT for step in (*self.steps, *self.empty) if step.key == key)


def _order_of_anchors(moment: Sequence[Spot]) -> tuple[int, float]:
    first = moment[0]
    return ANCHOR_ORDER[Anchor(first.anchor)], first.offset_days * 86_400 + first.offset.total_seconds()


@dataclass(frozen=True, kw_only=True)
class _Painter:
    draft: Draft
    playbook: Mapping[CellKey, PlanStep]
    columns: Sequence[Column]
    people: Mapping[int, User]

    def row(self, spots: Sequence[Spot]) -> MatrixRow:
        key = spots[0].step_key
        step = self.draft.step_of(key)
        moment, anchor = row_words(step)
        to_come = [spot.due_at for spot in spots if spot.due_at and spot.state in LEAVING]
        due_at = min(to_come or [spot.due_at for spot in spots if spot.due_at], default=None)
        by_column: dict[ColumnKey, list[Spot]] = {}
        for spot in sorted(spots, key=lambda spot: spot.occurrence):
            by_column.setdefault(spot.column, []).append(spot)
        words = " ".join(filter(None, (moment, anchor)))
        return MatrixRow(
            step_key=key,
            is_own=step.is_own,
            is_new=step.is_own and step.step_id is None,
            is_edited=key in self.draft.edited,
            is_urgent=self.draft.is_urgent(key),
            stays=key in self.draft.stays,
            moment=moment,
            anchor=anchor,
            time=self._time(due_at, is_next=bool(to_come)),
            utc=utc_words(due_at) if due_at and not self._is_at_once(due_at, is_next=bool(to_come)) else "",
            cells=[
                self._cell(CellKey(key, *column.key), column, words, by_column.get(column.key, []), due_at)
                for column in self.columns
            ],
        )

    def _is_at_once(self, due_at: datetime, *, is_next: bool) -> bool:
        return is_next and due_at <= self.draft.now

    def _time(self, due_at: datetime | None, *, is_next: bool) -> str:
        window = self.draft.window
        if due_at is None or window is None:
            return ""
        if self._is_at_once(due_at, is_next=is_next):
            return _("at once, when this is saved") if self.draft.is_released else _("as soon as it is scheduled")
        return instant_words(due_at, window.time_zone)

    def _cell(self, key: CellKey, column: Column, moment: str, spots: Sequence[Spot], row_due_at: datetime | None) -> MatrixCell:
        draft, decided, step = self.draft, self.draft.decided.get(key), self.playbook.get(key)
        on = is_on(key, self.playbook, decided, draft.window)
        by_playbook = is_on_by_playbook(key, self.playbook, draft.window)
        of_step = self._person(step.owner_id) if step and draft.window else None
        otherwise = of_step or draft.owner
        own = self._person(decided.owner_id) if decided else None
        to_come = [spot.due_at for spot in spots if spot.due_at and spot.state in LEAVING]
        due_at = min(to_come or [spot.due_at for spot in spots if spot.due_at], default=None)
        return MatrixCell(
            key=key,
            column=column,
            moment=moment,
            is_on=on,
            on_by_playbook=by_playbook,
            is_changed=self._is_new(step) or self._says(draft.decided.get(key)) != self._says(draft.saved.get(key)),
            is_by_hand=on != by_playbook,
            lock=draft.locks.get(key, ""),
            owner_id=own.pk if own else None,
            owner=_person_words(own or otherwise),
            owner_otherwise=_person_words(otherwise),
            decided=decided,
            spots=spots,
            time=self._time(due_at, is_next=bool(to_come)) if due_at != row_due_at else "",
        )

    def _is_new(self, step: PlanStep | None) -> bool:
        return step is not None and step.is_own and step.step_id is None

    def _says(self, one: HandMade | None) -> tuple[bool | None, int | None]:
        return (one.is_on, one.owner_id) if one else (None, None)

    def _person(self, pk: int | None) -> User | None:
        return self.people.get(pk) if pk else None


def row_words(step: PlanStep) -> tuple[str, str]:
    """What the moment is, and to what it is tied; of one that repeats, all of it together."""
    if step.anchor == Anchor.DURING:
        return (_("Updates") if step.repeats else _("Update")), _("while it runs")
    return moment_words(step.key, 0, step.anchor, step.offset_days, step.offset, step.label)


def _person_words(person: User | None) -> str:
    return (person.get_full_name() or person.get_username()) if person else ""


def unplanned_spot(step: PlanStep) -> Spot:
    row = PlannedTouchpoint(
        step=step,
        occurrence=0,
        state="skipped" if step.is_taken_out else "planned",
        reason="",
        due_at=None,
        expand_at=None,
        useful_until=None,
    )
    return planned_spot(row)
