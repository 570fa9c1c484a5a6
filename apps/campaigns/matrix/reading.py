"""The plan as a matrix to edit: moments down, segment × channel across, each cell on or off, and what that leads to.

A campaign's matrix shows the plan as it would be with what is wished, made by the same rules that would carry it out; a
playbook's has no window, and so no times.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.windows.models import WindowStatus

from ..board import (
    ANCHOR_ORDER,
    LEAVING,
    STYLES,
    Column,
    Spot,
    columns_of,
    order_of,
    planned_spot,
    recipients_of,
    touchpoint_spot,
)
from ..foresight import foresee_cells
from ..models import Anchor, Campaign, Playbook, Touchpoint, TouchpointState
from ..moments import instant_words, moment_words, reason_words, utc_words
from ..planner import CellKey, PlannedTouchpoint, PlanStep, PlanWindow, plan
from ..plans import hand_made, playbook_steps, window_of_plan, with_hand_made
from ..reach import ColumnKey, Counts
from ..replanning import Change, Kind
from .cells import HandMade, Wishes, is_on, is_on_by_playbook
from .locks import BESIDE_THE_PLAN, locks


@dataclass(frozen=True, kw_only=True)
class MatrixCell:
    key: CellKey
    column: Column
    moment: str
    is_on: bool
    on_by_playbook: bool
    is_changed: bool  # other than what is saved
    is_by_hand: bool
    lock: str  # why nobody can switch it any more
    owner_id: int | None  # its own, by hand
    owner: str
    owner_otherwise: str  # who it would be without one of its own
    decided: HandMade | None
    spots: Sequence[Spot]
    time: str  # only where it differs from the row's

    @property
    def name(self) -> str:
        return name_of(self.key)

    @property
    def column_words(self) -> str:
        return column_words(self.column)

    @property
    def leaves(self) -> bool:
        return any(spot.state in LEAVING for spot in self.spots)

    @property
    def goes(self) -> bool:
        """It is to leave, at a time or after a fact, or has left."""
        return self.spot is not None and self.spot.state in (*LEAVING, TouchpointState.HELD, TouchpointState.SENT)

    @property
    def spot(self) -> Spot | None:
        """What of it leaves next, or else what says why nothing does."""
        return next((spot for spot in self.spots if spot.state in LEAVING), self.spots[-1] if self.spots else None)

    @property
    def recipients(self) -> int | None:
        return recipients_of(self.spot, self.column) if self.spot else None

    @property
    def times(self) -> int:
        """How often it is said."""
        return sum(spot.state in LEAVING for spot in self.spots)

    @property
    def state(self) -> str:
        return str(TouchpointState(self.spot.state).label) if self.spot else ""

    @property
    def style(self) -> str:
        return STYLES.get(TouchpointState(self.spot.state), "") if self.spot else ""

    @property
    def is_plain(self) -> bool:
        """It is just going to leave: the number of its recipients says it all."""
        return self.spot is not None and self.spot.state == TouchpointState.PLANNED

    @property
    def reason(self) -> str:
        return reason_words(self.spot.reason) if self.spot else ""


@dataclass(frozen=True, kw_only=True)
class MatrixRow:
    step_key: str
    moment: str
    anchor: str
    time: str
    utc: str
    cells: Sequence[MatrixCell]

    @property
    def words(self) -> str:
        return " ".join(filter(None, (self.moment, self.anchor)))

    @property
    def has_own(self) -> bool:
        """Something of it is not as the playbook says."""
        return any(cell.is_by_hand or cell.owner_id for cell in self.cells)


@dataclass(frozen=True, kw_only=True)
class Matrix:
    columns: Sequence[Column]
    rows: Sequence[MatrixRow]
    saved: frozenset[CellKey]  # those that are on as it is saved

    @property
    def cells(self) -> list[MatrixCell]:
        return [cell for row in self.rows for cell in row.cells]

    @property
    def changed(self) -> list[MatrixCell]:
        return [cell for cell in self.cells if cell.is_changed]

    @property
    def messages(self) -> int:
        return sum(recipients_of(spot, cell.column) or 0 for cell in self.cells for spot in cell.spots if spot.state in LEAVING)

    @property
    def summary(self) -> str:
        """“3 cells change: 2 switched on, 1 switched off.”"""
        switched_on = sum(cell.is_on and cell.key not in self.saved for cell in self.changed)
        switched_off = sum(not cell.is_on and cell.key in self.saved for cell in self.changed)
        owners = len(self.changed) - switched_on - switched_off
        if not self.changed:
            return _("Nothing has been changed.")
        counted = (
            (switched_on, ngettext("%(n)s switched on", "%(n)s switched on", switched_on)),
            (switched_off, ngettext("%(n)s switched off", "%(n)s switched off", switched_off)),
            (owners, ngettext("%(n)s gets another owner", "%(n)s get another owner", owners)),
        )
        cells = ngettext("%(n)s cell changes: %(how)s.", "%(n)s cells change: %(how)s.", len(self.changed))
        how = ", ".join(words % {"n": number_format(number)} for number, words in counted if number)
        return cells % {"n": number_format(len(self.changed)), "how": how}


def name_of(cell: CellKey) -> str:
    return f"{cell.step_key}.{cell.segment_id or ''}.{cell.channel_id}"


def column_name(column: ColumnKey) -> str:
    return f"{column[0] or ''}.{column[1]}"


def column_words(column: Column) -> str:
    return f"{column.segment}, {column.channel}" if column.segment else str(column.channel)


def campaign_matrix(
    campaign: Campaign,
    *,
    wishes: Wishes | None = None,
    further: Iterable[ColumnKey] = (),
    counted: Counts = MappingProxyType({}),
    actor: User,
    now: datetime,
) -> tuple[Matrix, list[Change]]:
    """The plan with `wishes`, and what they would change about touchpoints that stand.

    `further`: columns to be shown, too. `counted`: what is known of the reach of columns already.
    """
    window, steps, saved = window_of_plan(campaign, now=now), playbook_steps(campaign.playbook), hand_made(campaign.window)
    playbook, decided_before = {step.cell: step for step in steps}, {one.cell: one for one in saved}
    touchpoints = list(campaign.touchpoints.select_related("step__channel", "step__fallback_channel", "segment", "channel"))
    locked, decided = locks(touchpoints), saved
    if wishes is not None:
        asked = wishes.without_switching(locked, playbook, decided_before, window=window)
        decided = asked.decide(playbook, decided_before, window=window, actor_id=actor.pk, now=now)
    changes: list[Change] = []
    if campaign.released_at is None:
        spots = [planned_spot(row) for row in plan(window, with_hand_made(steps, decided), now=now)]
    else:
        changes = foresee_cells(campaign, decided, now=now) if campaign.window.status != WindowStatus.CANCELLED else []
        spots = _afterwards(touchpoints, changes)
    draft = _Draft(
        steps=steps,
        saved=decided_before,
        decided={one.cell: one for one in decided},
        spots=spots,
        locks=locked,
        window=window,
        owner=campaign.owner,
        now=now,
        is_released=campaign.released_at is not None,
    )
    return draft.matrix(further, counted), changes


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
    draft = _Draft(
        steps=steps,
        saved=_owned(steps, now),
        decided={one.cell: one for one in decided} if wishes is not None else _owned(steps, now),
        spots=[_unplanned_spot(step) for step in after],
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


def _unplanned_spot(step: PlanStep) -> Spot:
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


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """All that the matrix is painted from."""

    steps: Sequence[PlanStep]
    saved: Mapping[CellKey, HandMade]
    decided: Mapping[CellKey, HandMade]
    spots: Sequence[Spot]
    locks: Mapping[CellKey, str]
    window: PlanWindow | None
    owner: User | None
    now: datetime
    is_released: bool

    def matrix(self, further: Iterable[ColumnKey], counted: Counts) -> Matrix:
        playbook = {step.cell: step for step in self.steps}
        shown = [step.column for step in self.steps]
        shown += [(one.cell.segment_id, one.cell.channel_id) for one in self.decided.values() if one.is_on]
        columns = columns_of(list(dict.fromkeys([*shown, *further])), counted=counted)
        owners = {one.owner_id for one in self.decided.values()} | {step.owner_id for step in self.steps}
        people = User.objects.in_bulk({pk for pk in owners if pk})
        moments = [self._spots_of(key) for key in dict.fromkeys(step.key for step in self.steps)]
        rows = sorted(moments, key=order_of if self.window else _order_of_anchors)
        painter = _Painter(draft=self, playbook=playbook, columns=list(columns.values()), people=people)
        saved = frozenset(
            cell for cell in (*playbook, *self.saved, *self.decided) if is_on(cell, playbook, self.saved.get(cell), self.window)
        )
        return Matrix(columns=list(columns.values()), rows=[painter.row(spots) for spots in rows], saved=saved)

    def _spots_of(self, key: str) -> list[Spot]:
        """What the moment is made of; where the plan has nothing of it, its first step says what it is."""
        found = [spot for spot in self.spots if spot.step_key == key]
        return found or [_unplanned_spot(next(step for step in self.steps if step.key == key))]


def _order_of_anchors(moment: Sequence[Spot]) -> tuple[int, float]:
    first = moment[0]
    return ANCHOR_ORDER[Anchor(first.anchor)], first.offset_days * 86_400 + first.offset.total_seconds()


@dataclass(frozen=True, kw_only=True)
class _Painter:
    draft: _Draft
    playbook: Mapping[CellKey, PlanStep]
    columns: Sequence[Column]
    people: Mapping[int, User]

    def row(self, spots: Sequence[Spot]) -> MatrixRow:
        key = spots[0].step_key
        step = next(step for step in self.draft.steps if step.key == key)
        moment, anchor = row_words(step)
        to_come = [spot.due_at for spot in spots if spot.due_at and spot.state in LEAVING]
        due_at = min(to_come or [spot.due_at for spot in spots if spot.due_at], default=None)
        by_column: dict[ColumnKey, list[Spot]] = {}
        for spot in sorted(spots, key=lambda spot: spot.occurrence):
            by_column.setdefault(spot.column, []).append(spot)
        words = " ".join(filter(None, (moment, anchor)))
        return MatrixRow(
            step_key=key,
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
            is_changed=self._says(draft.decided.get(key)) != self._says(draft.saved.get(key)),
            is_by_hand=on != by_playbook,
            lock=draft.locks.get(key, ""),
            owner_id=own.pk if own else None,
            owner=_person_words(own or otherwise),
            owner_otherwise=_person_words(otherwise),
            decided=decided,
            spots=spots,
            time=self._time(due_at, is_next=bool(to_come)) if due_at != row_due_at else "",
        )

    def _says(self, one: HandMade | None) -> tuple[bool | None, int | None]:
        return (one.is_on, one.owner_id) if one else (None, None)

    def _person(self, pk: int | None) -> User | None:
        return self.people.get(pk) if pk else None


def row_words(step: PlanStep) -> tuple[str, str]:
    """What the moment is, and to what it is tied; of one that repeats, all of it together."""
    if step.anchor == Anchor.DURING:
        return (_("Updates") if step.repeats else _("Update")), _("while it runs")
    return moment_words(step.key, 0, step.anchor, step.offset_days, step.offset)


def _person_words(person: User | None) -> str:
    return (person.get_full_name() or person.get_username()) if person else ""
