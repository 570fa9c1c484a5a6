"""What a planner ticked in the matrix: cells by name, as its page posts them with script or without."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict

from apps.accounts.models import User
from apps.audiences.models import Segment
from apps.channels.models import Channel

from ..matrix.cells import Wishes
from ..matrix.moments import MomentWishes
from ..planner import CellKey
from ..reach import ColumnKey
from .moments import PostedMoment

CELL = re.compile(r"([-\w]{1,40})\.(\d{0,15})\.(\d{1,15})", re.ASCII)
COLUMN = re.compile(r"(\d{0,15})\.(\d{1,15})", re.ASCII)
MOST_COLUMNS = 100


@dataclass(frozen=True, kw_only=True)
class Posted:
    """`columns`: all that the page showed, with those that were added to it; `added`: moments that are not saved yet.

    `edited`: saved ones as they are to be.
    """

    wishes: Wishes
    columns: list[ColumnKey]
    added: Sequence[PostedMoment] = ()
    edited: Sequence[PostedMoment] = ()
    removed: frozenset[str] = frozenset()

    @property
    def moments(self) -> MomentWishes:
        added, edited = ([one.moment for one in some] for some in (self.added, self.edited))
        return MomentWishes(added=added, edited=edited, removed=self.removed)

    def with_moment(self, one: PostedMoment) -> "Posted":
        """It begins as the moment that it is like: its cells are on where those are."""
        columns = [(cell.segment_id, cell.channel_id) for cell in self.wishes.on if cell.step_key == one.moment.like]
        cells = {CellKey(one.moment.key, *column) for column in self.columns}
        on = {CellKey(one.moment.key, *column) for column in columns}
        wishes = replace(self.wishes, cells=self.wishes.cells | cells, on=self.wishes.on | on)
        return replace(self, wishes=wishes, added=[*self.added, one])

    def with_edit(self, one: PostedMoment) -> "Posted":
        """Of a moment that is saved, or is still to be; its cells stay as they are."""
        if any(other.moment.key == one.moment.key for other in self.added):
            return replace(self, added=[one if other.moment.key == one.moment.key else other for other in self.added])
        return replace(self, edited=[*_others(self.edited, one.moment.key), one])

    def value_of(self, key: str) -> str:
        """As the page holds the moment; nothing where it is as it is saved."""
        return next((one.value for one in (*self.added, *self.edited) if one.moment.key == key), "")

    def without_moment(self, key: str) -> "Posted":
        """One that is not saved yet is forgotten; one that is falls when the page is saved."""
        left = _others(self.added, key)
        is_saved = len(left) == len(self.added)
        cells, on = ({cell for cell in among if cell.step_key != key} for among in (self.wishes.cells, self.wishes.on))
        removed = self.removed | {key} if is_saved else self.removed
        wishes = replace(self.wishes, cells=cells, on=on)
        return replace(self, wishes=wishes, added=left, edited=_others(self.edited, key), removed=removed)


def _others(posted: Iterable[PostedMoment], key: str) -> list[PostedMoment]:
    return [one for one in posted if one.moment.key != key]


def read_posted(
    data: QueryDict,
    *,
    moments: Collection[str],
    people: Mapping[int, User],
    added: Sequence[PostedMoment] = (),
    edited: Sequence[PostedMoment] = (),
) -> Posted:
    """Passes over what is no cell of this plan: a moment it does not have, a column that cannot be, a person unknown to it."""
    columns = possible_columns([*data.getlist("column"), _added(data)])
    removed = frozenset(key for key in data.getlist("removed") if key in moments)
    known = {*moments, *(one.moment.key for one in added)} - removed
    shown = [moment for moment in dict.fromkeys(data.getlist("moment")) if moment in known]
    cells = {CellKey(moment, *column) for moment in shown for column in columns}
    owners = {cell: int(person) for cell, person in _owners(data) if cell in cells and int(person) in people}
    ticked = {cell for name in data.getlist("on") if (cell := _cell(name))}
    edited = [one for one in edited if one.moment.key in known]
    wishes = Wishes(cells=cells, on=ticked & cells, owners=owners)
    return Posted(wishes=wishes, columns=columns, added=added, edited=edited, removed=removed)


def possible_columns(names: Iterable[str]) -> list[ColumnKey]:
    """People by a channel that writes to each, or a place without people; twice the same is once."""
    found = [match for name in names if (match := COLUMN.fullmatch(name))][:MOST_COLUMNS]
    pairs = dict.fromkeys((int(match[1]) if match[1] else None, int(match[2])) for match in found)
    channels = Channel.objects.in_bulk({channel for _segment, channel in pairs})
    segments = Segment.objects.in_bulk({segment for segment, _channel in pairs if segment})

    def is_possible(segment: int | None, channel: int) -> bool:
        if channel not in channels:
            return False
        return segment is None if channels[channel].is_broadcast else segment in segments

    return [pair for pair in pairs if is_possible(*pair)]


def _added(data: QueryDict) -> str:
    """The column chosen to be added; a place takes no segment."""
    if "_add" not in data:
        return ""
    channel = data.get("add_channel", "")
    is_place = channel.isdecimal() and Channel.objects.filter(pk=channel[:15]).first()
    segment = "" if is_place and is_place.is_broadcast else data.get("add_segment", "")
    return f"{segment}.{channel}"


def _owners(data: QueryDict) -> Iterable[tuple[CellKey, str]]:
    """The owners as the page holds them, and the one that is being set."""
    said = dict.fromkeys(data.getlist("owner"), "")
    pairs = {cell: person for name, _equals, person in (one.partition("=") for one in said) if (cell := _cell(name))}
    chosen = _cell(data.get("detail_cell", ""))
    if "_owner" in data and chosen:
        pairs[chosen] = data.get("detail_owner", "")
    return [(cell, person) for cell, person in pairs.items() if re.fullmatch(r"\d{1,15}", person, re.ASCII)]


def _cell(name: str) -> CellKey | None:
    match = CELL.fullmatch(name)
    return CellKey(match[1], int(match[2]) if match[2] else None, int(match[3])) if match else None
