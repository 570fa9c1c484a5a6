"""From the database to the facts: a fixed number of queries for a plan, however many people it reaches."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.utils.translation import get_language

from apps.channels.models import Channel, ChannelKind
from apps.channels.registry import problems
from apps.channels.unsent import stays_here
from apps.common.quiet_hours import QUIET_KINDS
from apps.common.zones import zone_or_utc
from apps.windows.closures import days_of
from apps.windows.models import Blackout, RevisionChange
from apps.windows.public_holidays import holidays_on, region_of_zone
from apps.windows.services import find_overlaps

from ..addresses import address_kind
from ..board import Board, Cell, Row
from ..board import Column as BoardColumn
from ..estimates import slow_cells
from ..headcount import Headcount
from ..models import Anchor
from ..touchpoints import CORRECTION_CONTENT
from ..wishes import Wish
from . import facts
from .facts import Departure, Facts, Phase
from .neighbours import Neighbours, about_at, departs
from .reading import read_messages

_EXTENDED = CORRECTION_CONTENT[RevisionChange.EXTENDED]
_CORRECTIONS = {content: Phase.RUNNING if content == _EXTENDED else Phase.AHEAD for content in CORRECTION_CONTENT.values()}


def gather(wish: Wish, board: Board, around: Neighbours, *, now: datetime) -> Facts:
    """`board` was made with the segments of `around` beside its own."""
    departures = list(_departures(wish, board))
    reading = read_messages(wish, board, [*departures, *_corrections(wish, departures)])
    return Facts(
        times=_times(wish, now),
        around=_surroundings(wish),
        departures=departures,
        columns=[_column(column, board) for column in board.columns],
        slow=slow_cells(board, zone=wish.window.time_zone, now=now),
        crowd=_crowd(board, around, departures),
        messages=reading.messages,
        templates=list(reading.templates.values()),
        unwritten=list(reading.unwritten.values()),
        own_texts=[
            facts.OwnText(language=language, is_own=language == wish.language, texts=texts)
            for language, texts in wish.texts.items()
        ],
        window_id=wish.existing.pk if wish.existing else None,
        playbook_id=wish.playbook.pk,
    )


def _times(wish: Wish, now: datetime) -> facts.Times:
    window = wish.window
    return facts.Times(
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        announced_ends_at=window.announced_ends_at,
        time_zone=window.time_zone,
        impact=wish.impact,
        now=now,
        notice=None if wish.was_released(now) else window.starts_at - now,
        has_begun=window.actual_started_at is not None,
        clock_notes=wish.notes,
    )


def _surroundings(wish: Wish) -> facts.Surroundings:
    window, place = wish.window, zone_or_utc(wish.window.time_zone)
    near = Blackout.objects.near(window.starts_at, window.announced_ends_at).prefetch_related("services")
    return facts.Surroundings(
        service_ids=frozenset(service.pk for service in wish.services),
        overlaps=list(_overlaps(wish)),
        closures=[blackout.closure for blackout in near],
        holidays=holidays_on(
            days_of(window.starts_at, window.ends_at, place),
            settings.HOLIDAY_REGIONS or [region_of_zone(window.time_zone)],
            language=get_language() or "en",
        ),
    )


def _overlaps(wish: Wish) -> Iterator[facts.Overlap]:
    window = wish.window
    for other in find_overlaps(starts_at=window.starts_at, ends_at=window.ends_at, services=wish.services, exclude=wish.existing):
        yield facts.Overlap(
            pk=other.pk,
            title=other.title,
            services=[service.name for service in other.services.all()],
            starts_at=other.starts_at,
            ends_at=other.ends_at,
            time_zone=other.time_zone,
        )


def sms_parts(wish: Wish, board: Board) -> dict[int, int]:
    """By channel, how many parts the text messages of the plan take at most: each in its longest language. One query."""
    texts = {column.key for column in board.columns if column.channel.kind == ChannelKind.SMS}
    leaving = [one for one in _departures(wish, board) if (one.segment_id, one.channel_id) in texts and one.recipients]
    if not leaving:
        return {}
    longest: dict[Departure, int] = {}
    for message in read_messages(wish, board, leaving).messages:
        longest[message.departure] = max(longest.get(message.departure, 0), message.sms_parts)
    found: dict[int, int] = {}
    for departure, parts in longest.items():
        found[departure.channel_id] = found.get(departure.channel_id, 0) + parts * (departure.recipients or 0)
    return found


def _departures(wish: Wish, board: Board) -> Iterator[facts.Departure]:
    for row in board.rows:
        for cell in row.cells:
            if cell and departs(cell.spot):
                yield _departure(wish, row, cell)


def _corrections(wish: Wish, departures: Sequence[Departure]) -> Iterator[Departure]:
    """What each column would hear if the window moved: its texts have to be sound before they are needed in a hurry."""
    window = wish.window
    contents = (_EXTENDED,) if window.actual_started_at else tuple(_CORRECTIONS)
    for column in {departure.column: departure for departure in departures}.values():
        for content in contents:
            yield replace(
                column,
                moment=f"correction.{content}",
                content_key=content,
                phase=_CORRECTIONS[content],
                due_at=None,
                about_at=window.starts_at,
                is_correction=True,
            )


def _departure(wish: Wish, row: Row, cell: Cell) -> facts.Departure:
    spot = cell.spot
    segment_id, channel_id = spot.column
    return facts.Departure(
        moment=f"{spot.step_key}.{spot.occurrence}",
        words=" ".join(filter(None, (row.moment, row.anchor))),
        segment_id=segment_id,
        channel_id=channel_id,
        content_key=spot.content_key,
        phase=_phase(spot.anchor, is_reminder=spot.is_reminder),
        due_at=spot.due_at,
        about_at=about_at(wish, spot),
        useful_until=spot.useful_until,
        recipients=cell.recipients,
        urgency=spot.urgency,
        otherwise=spot.otherwise,
    )


def _phase(anchor: str, *, is_reminder: bool) -> Phase:
    if anchor == Anchor.ANNOUNCE or is_reminder:
        return Phase.AHEAD
    return Phase.AFTER if anchor == Anchor.ACTUAL_END else Phase.RUNNING


def _column(column: BoardColumn, board: Board) -> facts.Column:
    channel, segment, reach = column.channel, column.segment, column.reach
    rings = channel.kind in QUIET_KINDS and segment is not None and not reach.problem
    return facts.Column(
        segment_id=segment.pk if segment else None,
        segment=str(segment or ""),
        channel_id=channel.pk,
        channel=str(channel),
        kind=channel.kind,
        address=_address(channel) if segment else "",
        is_enabled=channel.is_enabled,
        problem=next(iter(problems(channel)), "") if channel.is_enabled else "",
        stays_here=stays_here(channel),
        segment_problem=reach.problem,
        people=reach.people,
        without_address=reach.without_address,
        languages=reach.languages,
        zones=_zones(board.heads, segment.pk, channel) if rings and segment else {},
    )


def _address(channel: Channel) -> str:
    return "phone" if channel.kind == ChannelKind.SMS else str(address_kind(channel))


def _zones(heads: Headcount, segment: int, channel: Channel) -> dict[str, int]:
    zones = Counter[str]()
    for group in heads.of(segment):
        zones[group.time_zone] += group.people if group.has_address(channel.kind) else 0
    return dict(+zones)


def _crowd(board: Board, around: Neighbours, departures: Sequence[facts.Departure]) -> facts.Crowd:
    """The contacts of the campaign, by which of the segments name them and which addresses they have."""
    alike = Counter[tuple[frozenset[int], frozenset[str]]]()
    for group in board.heads.groups if departures else ():
        alike[group.segments, frozenset(kind.value for kind in group.addresses)] += group.people
    return facts.Crowd(
        people=[
            facts.People(count=count, segment_ids=segments, addresses=addresses) for (segments, addresses), count in alike.items()
        ],
        others=around.messages,
        most_a_week=settings.MESSAGES_PER_WEEK,
    )
