"""From the database to the facts: a fixed number of queries for a plan, however many people it reaches."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_

from django.conf import settings
from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils.translation import get_language

from apps.audiences.models import Contact, Segment
from apps.audiences.rules import RuleError
from apps.channels.models import Channel, ChannelKind
from apps.channels.registry import problems
from apps.channels.unsent import stays_here
from apps.common.quiet_hours import QUIET_KINDS
from apps.common.zones import zone_or_utc
from apps.windows.closures import days_of
from apps.windows.models import LIVE_STATUSES, Blackout, RevisionChange
from apps.windows.public_holidays import holidays_on, region_of_zone
from apps.windows.services import find_overlaps

from ..addresses import address_kind
from ..board import Board, Cell, Row
from ..board import Column as BoardColumn
from ..estimates import slow_cells
from ..models import Anchor, Audience, Touchpoint, TouchpointState
from ..recipients import flag
from ..touchpoints import CORRECTION_CONTENT
from ..wishes import Wish
from . import facts
from .facts import Departure, Facts, Phase
from .reading import read_messages

# Messages that go out, or wait for a fact; those of the engine's own are not of the plan.
LEAVE = (TouchpointState.PLANNED, TouchpointState.HELD, TouchpointState.DUE, TouchpointState.SENDING)
_EXTENDED = CORRECTION_CONTENT[RevisionChange.EXTENDED]
_CORRECTIONS = {content: Phase.RUNNING if content == _EXTENDED else Phase.AHEAD for content in CORRECTION_CONTENT.values()}
WEEK = timedelta(days=7)
MOST_SEGMENTS = 12  # of other campaigns that are counted, those with the most messages first


def gather(wish: Wish, board: Board, *, now: datetime) -> Facts:
    departures = list(_departures(wish, board))
    reading = read_messages(wish, board, [*departures, *_corrections(wish, departures)])
    return Facts(
        times=_times(wish, now),
        around=_surroundings(wish),
        departures=departures,
        columns=[_column(column, board) for column in board.columns],
        slow=slow_cells(board, zone=wish.window.time_zone, now=now),
        crowd=_crowd(wish, board, departures),
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
            if cell and cell.spot.state in LEAVE and cell.spot.anchor and not _is_read_later(cell):
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


def _is_read_later(cell: Cell) -> bool:
    """A correction or a fallback, whose recipients and texts are not those of the plan."""
    touchpoint = cell.spot.touchpoint
    return touchpoint is not None and touchpoint.audience in (Audience.TOLD, Audience.FAILED)


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
        about_at=spot.due_at or _expected(wish, spot.anchor) + timedelta(days=spot.offset_days) + spot.offset,
        useful_until=spot.useful_until,
        recipients=cell.recipients,
        urgency=spot.urgency,
        otherwise=spot.otherwise,
    )


def _phase(anchor: str, *, is_reminder: bool) -> Phase:
    if anchor == Anchor.ANNOUNCE or is_reminder:
        return Phase.AHEAD
    return Phase.AFTER if anchor == Anchor.ACTUAL_END else Phase.RUNNING


def _expected(wish: Wish, anchor: str) -> datetime:
    """When what it waits for comes, if all goes to plan."""
    return wish.window.ends_at if anchor in (Anchor.END, Anchor.ACTUAL_END) else wish.window.starts_at


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
        zones=_zones(segment, channel) if rings and segment else {},
    )


def _address(channel: Channel) -> str:
    return "phone" if channel.kind == ChannelKind.SMS else str(address_kind(channel))


def _zones(segment: Segment, channel: Channel) -> dict[str, int]:
    people = segment.contacts().exclude(**{_address(channel): ""}).order_by()
    return dict(people.values_list("time_zone").annotate(count=Count("pk")))


def _crowd(wish: Wish, board: Board, departures: Sequence[facts.Departure]) -> facts.Crowd:
    own = {column.segment.pk: column.segment for column in board.columns if column.segment and not column.reach.problem}
    if not own or not departures:
        return facts.Crowd(people=[], others=[], most_a_week=settings.MESSAGES_PER_WEEK)
    others = _others(wish, departures)
    busy: dict[int, int] = {}
    for row in others:
        busy[row.segment_id] = busy.get(row.segment_id, 0) + row.count
    further = [pk for pk in sorted(busy, key=lambda pk: -busy[pk]) if pk not in own][:MOST_SEGMENTS]
    segments = own | (Segment.objects.in_bulk(further) if further else {})
    return facts.Crowd(people=list(_people(own, segments)), others=others, most_a_week=settings.MESSAGES_PER_WEEK)


def _others(wish: Wish, departures: Sequence[facts.Departure]) -> list[facts.OtherMessages]:
    """What the other campaigns that are promised send around the times of this one, by day: counted, never listed."""
    times = [departure.about_at for departure in departures]
    rows = Touchpoint.objects.filter(
        campaign__window__status__in=LIVE_STATUSES,
        state__in=(*LEAVE, TouchpointState.SENT),
        segment__isnull=False,
        due_at__range=(min(times) - WEEK, max(times) + WEEK),
    )
    if wish.existing is not None:
        rows = rows.exclude(campaign__window=wish.existing)
    by_day = rows.order_by().values_list(TruncDate("due_at", tzinfo=UTC), "segment_id", "channel__kind")
    return [
        facts.OtherMessages(day=day, segment_id=segment_id, address="phone" if kind == ChannelKind.SMS else "email", count=count)
        for day, segment_id, kind, count in by_day.annotate(count=Count("pk"))
    ]


def _people(own: dict[int, Segment], segments: dict[int, Segment]) -> Iterator[facts.People]:
    """The contacts of the campaign, grouped by which of the segments name them and which addresses they have: one query."""
    conditions = {}
    for pk, segment in segments.items():
        try:
            conditions[pk] = segment.condition
        except RuleError:  # of another campaign: its own checks say so
            continue
    flags = {f"in_{pk}": flag(condition) for pk, condition in conditions.items()}
    flags |= {"has_email": flag(~Q(email="")), "has_phone": flag(~Q(phone=""))}
    named = reduce(or_, (conditions[pk] for pk in own))
    rows = Contact.objects.active().filter(named).annotate(**flags).order_by().values(*flags)
    for row in rows.annotate(count=Count("pk")):
        yield facts.People(
            count=row["count"],
            segment_ids=frozenset(pk for pk in conditions if row[f"in_{pk}"]),
            addresses=frozenset(name for name in ("email", "phone") if row[f"has_{name}"]),
        )
