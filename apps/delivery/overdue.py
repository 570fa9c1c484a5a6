"""What should have left by now, as a table for the person who decides what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from apps.campaigns.models import Audience, TouchpointQuerySet
from apps.campaigns.moments import short_words, touchpoint_words
from apps.campaigns.reach import ColumnKey, Reach, reaches

from .models import BatchQuerySet
from .policy import batch_weights, spread
from .steering import Overdue, overdue


@dataclass(frozen=True, kw_only=True)
class Line:
    """One touchpoint in words; times in the zone of its window."""

    window: str
    moment: str
    column: str
    due: str
    useful_until: str
    is_past_use: bool
    messages: int | None  # None: known only when its recipients are written
    is_estimate: bool
    last: str  # when the last of it would begin to leave, spread


@dataclass(frozen=True, kw_only=True)
class OverdueTable:
    rows: Sequence[Overdue]
    reach: dict[ColumnKey, Reach]
    now: datetime

    @property
    def useful(self) -> list[Overdue]:
        return [row for row in self.rows if not self._is_past_use(row)]

    @property
    def messages(self) -> int:
        """As many as leave if they are sent, as far as that is known now."""
        return sum(self._messages(row) or 0 for row in self.useful)

    @property
    def has_uncounted(self) -> bool:
        return any(self._messages(row) is None for row in self.useful)

    @property
    def past_use(self) -> int:
        """Touchpoints that are of no use any more: they are missed, whatever is chosen."""
        return len(self.rows) - len(self.useful)

    @property
    def unreadable(self) -> list[str]:
        """Segments of which people are still to be written to, and whose rule is broken."""
        rows = [row for row in self.useful if (reach := self._reach(row)) and reach.problem]
        return sorted({str(row.touchpoint.segment) for row in rows})

    def lines(self, *, over: timedelta) -> list[Line]:
        return [self._line(row, over) for row in self.rows]

    def _line(self, row: Overdue, over: timedelta) -> Line:
        touchpoint, zone = row.touchpoint, row.touchpoint.campaign.window.time_zone
        assert touchpoint.due_at is not None, "what is overdue has its times"
        assert touchpoint.useful_until is not None, "what is overdue has its times"
        is_past_use = self._is_past_use(row)
        return Line(
            window=str(touchpoint.campaign),
            moment=touchpoint_words(touchpoint),
            column=f"{touchpoint.segment} · {touchpoint.channel}" if touchpoint.segment else str(touchpoint.channel),
            due=short_words(touchpoint.due_at, zone),
            useful_until=short_words(touchpoint.useful_until, zone),
            is_past_use=is_past_use,
            messages=self._messages(row),
            is_estimate=row.waiting is None,
            last="" if is_past_use else short_words(self._last_at(row, over), zone),
        )

    def _last_at(self, row: Overdue, over: timedelta) -> datetime:
        is_paced, usual = row.touchpoint.channel.pace is not None, settings.DELIVERY_BATCH_SIZE
        written = 0 if row.waiting is None else row.batches
        alike = [1] * written
        weights = alike or batch_weights(self._messages(row) or 1, usual=usual, is_paced=is_paced)
        return spread(weights, over=over, now=self.now, useful_until=row.touchpoint.useful_until or self.now)[-1]

    def _is_past_use(self, row: Overdue) -> bool:
        return row.touchpoint.useful_until is not None and row.touchpoint.useful_until <= self.now

    def _messages(self, row: Overdue) -> int | None:
        if row.waiting is not None:
            return row.waiting
        reach = self._reach(row)
        return reach.recipients(is_mandatory=row.touchpoint.is_mandatory) if reach and not reach.problem else None

    def _reach(self, row: Overdue) -> Reach | None:
        """Of those whose people a segment still has to say."""
        touchpoint = row.touchpoint
        if row.waiting is not None or touchpoint.audience == Audience.TOLD:
            return None
        return self.reach[touchpoint.segment_id, touchpoint.channel_id]


def overdue_table(touchpoints: TouchpointQuerySet, batches: BatchQuerySet, *, now: datetime) -> OverdueTable:
    rows = overdue(touchpoints, batches, now=now)
    unwritten = {(row.touchpoint.segment, row.touchpoint.channel) for row in rows if row.waiting is None}
    return OverdueTable(rows=rows, reach=reaches(unwritten), now=now)
