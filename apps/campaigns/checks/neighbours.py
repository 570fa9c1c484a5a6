"""What the other campaigns that are promised send around the times of one: counted by day and segment, never listed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate

from apps.audiences.models import Segment
from apps.channels.models import ChannelKind
from apps.windows.models import LIVE_STATUSES

from ..board import Spot
from ..models import Anchor, Touchpoint, TouchpointState
from ..wishes import Wish
from .facts import OtherMessages

# Messages that go out, or wait for a fact; those of the engine's own are not of the plan.
LEAVE = (TouchpointState.PLANNED, TouchpointState.HELD, TouchpointState.DUE, TouchpointState.SENDING)
WEEK = timedelta(days=7)
MOST_SEGMENTS = 12  # of other campaigns that are counted, those with the most messages first


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """`segments` are those of other campaigns alone."""

    messages: Sequence[OtherMessages] = ()
    segments: Mapping[int, Segment] = field(default_factory=dict)


def neighbours_of(wish: Wish, spots: Sequence[Spot]) -> Neighbours:
    """Two queries at most; none where nothing leaves to people."""
    own = {spot.column[0] for spot in spots if spot.column[0] is not None}
    times = [about_at(wish, spot) for spot in spots if departs(spot)]
    if not own or not times:
        return Neighbours()
    messages = _messages(wish, times)
    busy = Counter[int]()
    for row in messages:
        busy[row.segment_id] += row.count
    further = [pk for pk, _count in busy.most_common() if pk not in own][:MOST_SEGMENTS]
    return Neighbours(messages=messages, segments=Segment.objects.in_bulk(further) if further else {})


def departs(spot: Spot) -> bool:
    """It is of the plan, and its message goes out or waits for a fact."""
    return bool(spot.anchor) and spot.state in LEAVE and not spot.is_read_later


def about_at(wish: Wish, spot: Spot) -> datetime:
    """When it leaves if all goes to plan."""
    window = wish.window
    expected = window.ends_at if spot.anchor in (Anchor.END, Anchor.ACTUAL_END) else window.starts_at
    return spot.due_at or expected + timedelta(days=spot.offset_days) + spot.offset


def _messages(wish: Wish, times: Sequence[datetime]) -> list[OtherMessages]:
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
        OtherMessages(day=day, segment_id=segment_id, address="phone" if kind == ChannelKind.SMS else "email", count=count)
        for day, segment_id, kind, count in by_day.annotate(count=Count("pk"))
    ]
