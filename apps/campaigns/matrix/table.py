"""The matrix as it is shown: moments down, segment × channel across, each cell on or off, and what that leads to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..board import LEAVING, STYLES, Column, Spot, recipients_of
from ..models import TouchpointState
from ..moments import reason_words
from ..planner import CellKey
from ..reach import ColumnKey
from .cells import HandMade


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
    is_own: bool = False  # a person added it to this campaign alone
    is_new: bool = False  # and has not saved it yet
    is_edited: bool = False  # it is saved, and is to be another one
    is_urgent: bool = False
    stays: bool = False  # something of it has left, so it can neither be edited nor taken away any more

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
    removed: Sequence[str] = ()  # moments that are taken away, in words

    @property
    def cells(self) -> list[MatrixCell]:
        return [cell for row in self.rows for cell in row.cells]

    @property
    def changed(self) -> list[MatrixCell]:
        return [cell for cell in self.cells if cell.is_changed]

    @property
    def added(self) -> list[MatrixRow]:
        return [row for row in self.rows if row.is_new]

    @property
    def edited(self) -> list[MatrixRow]:
        return [row for row in self.rows if row.is_edited]

    @property
    def differs(self) -> bool:
        """Whether saving would change anything."""
        return bool(self.changed or self.added or self.edited or self.removed)

    @property
    def messages(self) -> int:
        return sum(recipients_of(spot, cell.column) or 0 for cell in self.cells for spot in cell.spots if spot.state in LEAVING)

    @property
    def summary(self) -> str:
        """“1 moment is added. 3 cells change: 2 switched on, 1 switched off.”"""
        return " ".join(filter(None, (*self._moments(), self._cells()))) or _("Nothing has been changed.")

    def _moments(self) -> Iterator[str]:
        added, edited, removed = len(self.added), len(self.edited), len(self.removed)
        if added:
            yield ngettext("%(n)s moment is added.", "%(n)s moments are added.", added) % {"n": number_format(added)}
        if edited:
            yield ngettext("%(n)s moment is edited.", "%(n)s moments are edited.", edited) % {"n": number_format(edited)}
        if removed:
            yield ngettext("%(n)s moment is taken away.", "%(n)s moments are taken away.", removed) % {
                "n": number_format(removed)
            }

    def _cells(self) -> str:
        switched_on = sum(cell.is_on and cell.key not in self.saved for cell in self.changed)
        switched_off = sum(not cell.is_on and cell.key in self.saved for cell in self.changed)
        owners = len(self.changed) - switched_on - switched_off
        if not self.changed:
            return ""
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
