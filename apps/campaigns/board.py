"""The plan as a planner reads it: moments down, segment × channel across, in each cell what goes to how many, or why not.

It is filled from a plan that nobody saved yet or from the touchpoints of a campaign; both give the same picture.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.audiences.models import Segment
from apps.channels.models import MAIL_KINDS, Channel
from apps.common.times import format_duration

from . import capacity
from .capacity import Departure, Span
from .headcount import Headcount, count_heads
from .languages import language_name
from .matrix.cells import HandMade
from .models import STILL_TO_LEAVE, Anchor, Audience, Campaign, Touchpoint, TouchpointState, Urgency
from .moments import instant_words, moment_words, reason_words, span_words, utc_words
from .planner import CellKey, PlannedTouchpoint
from .plans import hand_made
from .reach import ColumnKey, Counts, Reach, reach_of, reaches

LEAVING = (TouchpointState.PLANNED, TouchpointState.DUE, TouchpointState.SENDING)
STYLES = {
    TouchpointState.PLANNED: "info",
    TouchpointState.DUE: "info",
    TouchpointState.SENDING: "warn running",
    TouchpointState.SENT: "ok",
    TouchpointState.MISSED: "bad",
}
ANCHOR_ORDER = {anchor: number for number, anchor in enumerate(Anchor)}


@dataclass(frozen=True, kw_only=True)
class Spot:
    """One touchpoint of either source, in the values the board needs."""

    step_key: str
    occurrence: int
    anchor: str  # empty for what the engine itself added
    offset_days: int
    offset: timedelta
    label: str  # what planners call its moment
    column: ColumnKey
    content_key: str
    state: str
    reason: str
    due_at: datetime | None
    useful_until: datetime | None
    is_mandatory: bool
    invites: bool = False
    attaches_maintnote: bool = False
    otherwise: str = ""  # the channel for those whom this one cannot reach
    instead_of: str = ""  # the channel that could not reach those to whom this goes
    urgency: str = Urgency.ROUTINE
    is_by_hand: bool = False  # a person added it, or switched it on or off, whatever the playbook says
    touchpoint: Touchpoint | None = None

    @property
    def is_reminder(self) -> bool:
        return self.anchor == Anchor.START and (self.offset_days < 0 or self.offset < timedelta(0))

    @property
    def is_read_later(self) -> bool:
        """A correction or a fallback, whose recipients and texts are not those of the plan."""
        return self.touchpoint is not None and self.touchpoint.audience in (Audience.TOLD, Audience.FAILED)

    @property
    def cell(self) -> CellKey:
        return CellKey(self.step_key, *self.column)

    @property
    def words(self) -> tuple[str, str]:
        """What happens, and to what it is tied; see moments.py."""
        return moment_words(self.step_key, self.occurrence, self.anchor, self.offset_days, self.offset, self.label)

    @property
    def name(self) -> str:
        """Names the spot in addresses, whether or not it has been saved."""
        segment, channel = self.column
        return f"{self.step_key}.{self.occurrence}.{segment or ''}.{channel}"


@dataclass(frozen=True, kw_only=True)
class Column:
    segment: Segment | None
    channel: Channel
    reach: Reach

    @property
    def key(self) -> ColumnKey:
        return (self.segment.pk if self.segment else None), self.channel.pk

    @property
    def languages(self) -> str:
        """“480 English, 20 French”; nothing for a place."""
        return ", ".join(f"{number_format(count)} {language_name(code)}" for code, count in self.reach.languages.items())


@dataclass(frozen=True, kw_only=True)
class Cell:
    spot: Spot
    column: Column
    recipients: int | None  # None: known only when it is prepared
    time: str  # only where it differs from the row's
    span: Span | None  # where its channel has a pace
    span_words: str  # “takes 24 minutes, until 09:24 UTC+01:00”, from a minute on

    @property
    def leaves(self) -> bool:
        return self.spot.state in LEAVING

    @property
    def invites(self) -> bool:
        """Its e-mails carry the window for the recipients' calendars, or did."""
        return self.spot.invites and self._is_mail_that_goes

    @property
    def attaches_maintnote(self) -> bool:
        return self.spot.attaches_maintnote and self._is_mail_that_goes

    @property
    def _is_mail_that_goes(self) -> bool:
        goes = self.leaves or self.spot.state in (TouchpointState.HELD, TouchpointState.SENT)
        return goes and self.column.channel.kind in MAIL_KINDS

    @property
    def state(self) -> str:
        return str(TouchpointState(self.spot.state).label)

    @property
    def style(self) -> str:
        return STYLES.get(TouchpointState(self.spot.state), "")

    @property
    def late_by(self) -> str:
        """How much after its time the first message of it left, in words; nothing up to a minute."""
        touchpoint = self.spot.touchpoint
        if touchpoint is None or touchpoint.first_sent_at is None or touchpoint.due_at is None:
            return ""
        late = touchpoint.first_sent_at - touchpoint.due_at
        return format_duration(late, language=get_language() or "en") if late >= timedelta(minutes=1) else ""

    @property
    def reason(self) -> str:
        return reason_words(self.spot.reason)


@dataclass(frozen=True, kw_only=True)
class Row:
    moment: str  # “−7 d”
    anchor: str  # “before the start”
    content_key: str
    due_at: datetime | None
    time: str
    utc: str
    cells: Sequence[Cell | None]  # one for each column

    @property
    def is_quiet(self) -> bool:
        """Nothing of it leaves."""
        return not any(
            cell and cell.spot.state not in (TouchpointState.SKIPPED, TouchpointState.CANCELLED) for cell in self.cells
        )


@dataclass(frozen=True, kw_only=True)
class Board:
    columns: Sequence[Column]
    rows: Sequence[Row]
    twice: int = 0  # counted in two segments of one moment, and told once
    heads: Headcount = field(default_factory=Headcount)  # those of the columns

    @property
    def cells(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells if cell]

    def column_of(self, spot: Spot) -> Column:
        return next(column for column in self.columns if column.key == spot.column)

    @property
    def leaving(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.leaves]

    @property
    def is_still_to_leave(self) -> bool:
        """Something of it could be held back."""
        return any(cell.spot.state in STILL_TO_LEAVE for cell in self.cells)

    @property
    def messages(self) -> int:
        """How many are to leave by themselves, as far as it is known now."""
        return sum(cell.recipients or 0 for cell in self.leaving) - self.twice

    @property
    def first_at(self) -> datetime | None:
        return min((cell.spot.due_at for cell in self.leaving if cell.spot.due_at), default=None)

    @property
    def last_at(self) -> datetime | None:
        return max((cell.spot.due_at for cell in self.leaving if cell.spot.due_at), default=None)


def planned_board(
    rows: Iterable[PlannedTouchpoint],
    *,
    zone: str,
    now: datetime,
    starts_at: datetime | None = None,
    beside: Iterable[Segment] = (),
) -> Board:
    """The board of a plan that exists only on screen: what is due by `now` leaves when it is scheduled.

    `beside`: segments among whose people those of the plan are looked for.
    """
    return _board([planned_spot(row) for row in rows], zone=zone, at_once=now, starts_at=starts_at, beside=beside)


def campaign_board(campaign: Campaign, *, spots: Sequence[Spot] | None = None, beside: Iterable[Segment] = ()) -> Board:
    """`spots`: the campaign's, where the caller has read them already. `beside`: as above."""
    window, spots = campaign.window, campaign_spots(campaign) if spots is None else spots
    return _board(spots, zone=window.time_zone, starts_at=window.starts_at, beside=beside)


def campaign_spots(campaign: Campaign) -> list[Spot]:
    touchpoints = campaign.touchpoints.select_related("step__channel", "step__fallback_channel", "segment", "channel")
    return with_hand([touchpoint_spot(touchpoint) for touchpoint in touchpoints], hand_made(campaign.window))


def with_hand(spots: Iterable[Spot], decided: Iterable[HandMade]) -> list[Spot]:
    """`spots` of touchpoints, which say so where a person switched their cell on or off."""
    by_hand = {one.cell for one in decided if one.is_on is not None}
    return [replace(spot, is_by_hand=spot.is_by_hand or spot.cell in by_hand) for spot in spots]


def touchpoint_spot(touchpoint: Touchpoint) -> Spot:
    step = touchpoint.step
    return Spot(
        step_key=touchpoint.step_key,
        occurrence=touchpoint.occurrence,
        anchor=step.anchor if step else "",
        offset_days=step.offset_days if step else 0,
        offset=step.offset if step else timedelta(0),
        label=step.label if step else "",
        column=(touchpoint.segment_id, touchpoint.channel_id),
        content_key=touchpoint.content_key,
        state=touchpoint.state,
        reason=touchpoint.reason,
        due_at=touchpoint.due_at,
        useful_until=touchpoint.useful_until,
        is_mandatory=touchpoint.is_mandatory,
        invites=touchpoint.invites,
        attaches_maintnote=touchpoint.attaches_maintnote,
        otherwise=str(step.fallback_channel or "") if step and touchpoint.audience != Audience.FAILED else "",
        instead_of=str(step.channel) if step and touchpoint.audience == Audience.FAILED else "",
        urgency=touchpoint.urgency,
        is_by_hand=step is not None and step.campaign_id is not None,
        touchpoint=touchpoint,
    )


def planned_spot(row: PlannedTouchpoint) -> Spot:
    return Spot(
        step_key=row.step.key,
        occurrence=row.occurrence,
        anchor=row.step.anchor,
        offset_days=row.step.offset_days,
        offset=row.step.offset,
        label=row.step.label,
        column=row.step.column,
        content_key=row.step.content_key,
        state=row.state,
        reason=row.reason,
        due_at=row.due_at,
        useful_until=row.useful_until,
        is_mandatory=row.step.is_mandatory,
        invites=row.step.invites,
        attaches_maintnote=row.step.attaches_maintnote,
        otherwise=row.step.otherwise,
        urgency=row.step.urgency,
        is_by_hand=row.step.is_by_hand,
    )


def _board(
    spots: Sequence[Spot],
    *,
    zone: str,
    at_once: datetime | None = None,
    starts_at: datetime | None = None,
    beside: Iterable[Segment] = (),
) -> Board:
    pairs = _pairs(list(dict.fromkeys(spot.column for spot in spots)))
    heads = count_heads(pairs.values(), beside=beside)
    columns = {key: Column(segment=pair[0], channel=pair[1], reach=reach_of(*pair, heads)) for key, pair in pairs.items()}
    moments: dict[tuple[str, int], list[Spot]] = {}
    for spot in spots:
        moments.setdefault((spot.step_key, spot.occurrence), []).append(spot)
    painter = _Painter(columns=columns, spans=_spans(spots, columns, starts_at), zone=zone, at_once=at_once)
    rows = [painter.row(moment) for moment in sorted(moments.values(), key=order_of)]
    return Board(columns=list(columns.values()), rows=rows, twice=_twice(spots, columns, heads), heads=heads)


def _twice(spots: Sequence[Spot], columns: Mapping[ColumnKey, Column], heads: Headcount) -> int:
    """How often people are counted again who belong to several segments of a moment."""
    moments: dict[tuple[str, int, int], list[Spot]] = {}
    for spot in spots:
        if spot.column[0] and spot.state in LEAVING and recipients_of(spot, columns[spot.column]):
            moments.setdefault((spot.step_key, spot.occurrence, spot.column[1]), []).append(spot)
    return sum(_overlap(moment, columns, heads) for moment in moments.values() if len(moment) > 1)


def _overlap(moment: Sequence[Spot], columns: Mapping[ColumnKey, Column], heads: Headcount) -> int:
    kind = columns[moment[0].column].channel.kind
    counted = sum(columns[spot.column].reach.recipients(is_mandatory=spot.is_mandatory) for spot in moment)
    return counted - heads.told([(spot.column[0] or 0, spot.is_mandatory) for spot in moment], kind=kind)


def _spans(spots: Sequence[Spot], columns: Mapping[ColumnKey, Column], starts_at: datetime | None) -> Mapping[str, Span]:
    departures = [
        Departure(
            name=spot.name,
            channel_id=spot.column[1],
            messages=recipients_of(spot, columns[spot.column]) or 0,
            due_at=spot.due_at,
            latest=capacity.latest(
                due_at=spot.due_at, useful_until=spot.useful_until, starts_at=starts_at, is_reminder=spot.is_reminder
            )
            if starts_at
            else None,
        )
        for spot in spots
        if spot.due_at and spot.state in LEAVING
    ]
    return capacity.spans(departures, {column.channel.pk: column.channel.pace for column in columns.values()})


def recipients_of(spot: Spot, column: Column) -> int | None:
    return None if spot.is_read_later else column.reach.recipients(is_mandatory=spot.is_mandatory)


def columns_of(keys: Sequence[ColumnKey], *, counted: Counts = MappingProxyType({})) -> Mapping[ColumnKey, Column]:
    """`counted`: what is known of their reach already."""
    pairs = _pairs(keys)
    reach = {**counted, **reaches(pair for key, pair in pairs.items() if key not in counted)}
    return {key: Column(segment=segment, channel=channel, reach=reach[key]) for key, (segment, channel) in pairs.items()}


def _pairs(keys: Sequence[ColumnKey]) -> dict[ColumnKey, tuple[Segment | None, Channel]]:
    segments = Segment.objects.in_bulk({segment for segment, _channel in keys if segment is not None})
    channels = Channel.objects.in_bulk({channel for _segment, channel in keys})
    return {key: (segments[key[0]] if key[0] is not None else None, channels[key[1]]) for key in keys}


def order_of(moment: Sequence[Spot]) -> tuple[bool, float, int, int]:
    """By time; what waits for a fact comes last, in the order in which such facts come."""
    due = min((spot.due_at.timestamp() for spot in moment if spot.due_at), default=None)
    first = moment[0]
    later = first.offset_days * 86_400 + first.offset.total_seconds()
    return (
        due is None,
        due if due is not None else later,
        ANCHOR_ORDER.get(Anchor(first.anchor), 99) if first.anchor else 99,
        first.occurrence,
    )


@dataclass(frozen=True, kw_only=True)
class _Painter:
    columns: Mapping[ColumnKey, Column]
    spans: Mapping[str, Span]
    zone: str
    at_once: datetime | None

    def row(self, moment: Sequence[Spot]) -> Row:
        by_column = {spot.column: spot for spot in moment}
        first, due_at = moment[0], min((spot.due_at for spot in moment if spot.due_at), default=None)
        label, anchor = first.words
        at_once = self._leaves_at_once(first, due_at)
        return Row(
            moment=label,
            anchor=anchor,
            content_key=first.content_key,
            due_at=due_at,
            time=_("as soon as it is scheduled") if at_once else instant_words(due_at, self.zone) if due_at else "",
            utc=utc_words(due_at) if due_at and not at_once else "",
            cells=[
                self._cell(by_column[key], row_due_at=due_at, at_once=at_once) if key in by_column else None
                for key in self.columns
            ],
        )

    def _leaves_at_once(self, spot: Spot, due_at: datetime | None) -> bool:
        is_past = self.at_once is not None and due_at is not None and due_at <= self.at_once
        return spot.anchor == Anchor.ANNOUNCE and is_past

    def _cell(self, spot: Spot, *, row_due_at: datetime | None, at_once: bool) -> Cell:
        column, span = self.columns[spot.column], self.spans.get(spot.name)
        other_time = spot.due_at is not None and spot.due_at != row_due_at
        return Cell(
            spot=spot,
            column=column,
            recipients=recipients_of(spot, column),
            time=instant_words(spot.due_at, self.zone) if other_time and spot.due_at else "",
            span=span,
            span_words=span_words(span, self.zone, at_once=at_once) if span else "",
        )
