"""What a change to a campaign leads to, touchpoint by touchpoint, before anybody presses the button."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.audiences.models import Segment
from apps.channels.models import Channel

from .board import Spot, order_of, planned_spot, touchpoint_spot
from .fates import AFTERWARDS, CHANGES, Effect, EffectRow, Fate, rows_of
from .models import Anchor, Campaign, Reason, Touchpoint, TouchpointState
from .moments import reason_words, short_words
from .planner import PlannedTouchpoint
from .plans import times_of
from .reach import ColumnKey, Counts, Reach, reaches
from .replanning import STILL_TO_COME, Change, Kind

ENDS = (Kind.DROP, Kind.REPLACE, Kind.CANCEL)
REASON_OF_END = {Kind.REPLACE: Reason.REPLACED, Kind.CANCEL: Reason.WINDOW_CANCELLED}


@dataclass(frozen=True, kw_only=True)
class Consequences:
    effects: Sequence[Effect]  # one for each touchpoint of the campaign, and one for each column that is corrected
    false_revisions: Sequence[int] = ()  # of the window: whoever was told one of these last gets a correction

    @property
    def rows(self) -> list[EffectRow]:
        return rows_of(self.effects)

    @property
    def changed_rows(self) -> list[EffectRow]:
        return rows_of(self.of(*CHANGES))

    @property
    def corrected(self) -> list[Effect]:
        """To whom something is told at once, because what they were told is no longer true."""
        return self.of(Fate.CORRECTION)

    @property
    def corrected_columns(self) -> list[ColumnKey]:
        return [effect.column for effect in self.corrected]

    @property
    def at_once(self) -> int:
        """How many messages of the plan itself leave as soon as it is done; corrections are counted by what was sent."""
        leaving = self.of(Fate.ADDED, Fate.MOVED, Fate.TIMED)
        return sum(effect.recipients or 0 for effect in leaving if effect.leaves_at_once)

    @property
    def summary(self) -> str:
        """“3 touchpoints move, 2 are dropped, 1 is added.”"""
        moved, dropped = len(self.of(Fate.MOVED, Fate.TIMED)), len(self.of(Fate.DROPPED))
        added, held = len(self.of(Fate.ADDED)), len(self.of(Fate.HELD))
        counted = (
            (moved, ngettext("%(n)s touchpoint moves", "%(n)s touchpoints move", moved)),
            (dropped, ngettext("%(n)s touchpoint is dropped", "%(n)s touchpoints are dropped", dropped)),
            (added, ngettext("%(n)s touchpoint is added", "%(n)s touchpoints are added", added)),
            (held, ngettext("%(n)s touchpoint is held", "%(n)s touchpoints are held", held)),
        )
        parts = [words % {"n": number} for number, words in counted if number]
        return ", ".join(parts) + "." if parts else _("No touchpoint that is still to come changes.")

    def of(self, *fates: Fate) -> list[Effect]:
        return [effect for effect in self.effects if effect.fate in fates]


def consequences(
    campaign: Campaign,
    changes: Iterable[Change],
    *,
    held: Collection[int] = (),
    counted: Counts = MappingProxyType({}),
    now: datetime,
) -> Consequences:
    """What becomes of each touchpoint of the campaign; counts each segment that something goes to once.

    `held`: those that a person is about to hold back. `counted`: what is known of their reach already.
    """
    every = list(changes)
    changes = [change for change in every if not _is_silent(change)]
    rows = list(campaign.touchpoints.select_related("step__channel", "step__fallback_channel", "segment", "channel"))
    segments, channels = Segment.objects.in_bulk(), Channel.objects.in_bulk()
    leaving = {change.planned.step.column for change in changes if change.planned and change.planned.state == "planned"}
    false_now = false_revisions(campaign, every)
    teller = _Teller(
        campaign=campaign,
        now=now,
        held=held,
        false_revisions=false_now,
        touchpoints={row.pk: row for row in rows},
        segments=segments,
        channels=channels,
        reach={
            **counted,
            **reaches((segments.get(column[0] or 0), channels[column[1]]) for column in leaving if column not in counted),
        },
    )
    changed = {change.standing.touchpoint_id for change in changes if change.standing}
    rows.sort(key=lambda row: order_of([touchpoint_spot(row)]))
    effects = [teller.left_alone(row) for row in rows if row.pk not in changed]
    return Consequences(effects=[*effects, *map(teller.changed, changes)], false_revisions=false_now)


def held_alone(touchpoints: Iterable[Touchpoint], *, now: datetime) -> list[EffectRow]:
    """Touchpoints of several campaigns that are about to be held back, each said with its window."""
    return rows_of(_held_alone(row, now) for row in touchpoints)


def _held_alone(row: Touchpoint, now: datetime) -> Effect:
    teller = _Teller(
        campaign=row.campaign,
        now=now,
        held={row.pk},
        false_revisions=(),
        reach={},
        touchpoints={row.pk: row},
        segments={row.segment.pk: row.segment} if row.segment else {},
        channels={row.channel_id: row.channel},
    )
    return replace(teller.left_alone(row), window=str(row.campaign.window))


def false_revisions(campaign: Campaign, changes: Iterable[Change]) -> list[int]:
    """What `changes` make untrue of what was promised: the revisions with other times than those that hold then."""
    correction = next((change for change in changes if change.kind == Kind.CORRECT), None)
    if correction is None:
        return []
    return [row.number for row in campaign.window.revisions.all() if correction.times != times_of(row)]


def _is_silent(change: Change) -> bool:
    """Rows that were not to leave and still are not, or that still leave when they were to: nobody would notice."""
    quiet = (TouchpointState.SKIPPED, TouchpointState.MISSED)
    if change.kind == Kind.CREATE:
        return change.planned is not None and change.planned.state == "skipped"
    if change.kind == Kind.MOVE:
        return _keeps_its_time(change)
    return change.kind in ENDS and change.standing is not None and change.standing.state in quiet


def _keeps_its_time(change: Change) -> bool:
    """It is written anew, since what it says has changed, and leaves, or waits, as if nothing had happened."""
    before, after = change.standing, change.planned
    if before is None or after is None:
        return False
    if before.state == after.state == "held":
        return True
    leaves = before.state in STILL_TO_COME and before.state != TouchpointState.HELD
    return leaves and after.state == "planned" and before.due_at == after.due_at


@dataclass(frozen=True, kw_only=True)
class _Teller:
    campaign: Campaign
    now: datetime
    held: Collection[int]
    false_revisions: Sequence[int]
    reach: Mapping[ColumnKey, Reach]
    touchpoints: Mapping[int, Touchpoint]
    segments: Mapping[int, Segment]
    channels: Mapping[int, Channel]

    def changed(self, change: Change) -> Effect:
        if change.column:
            return self._correction(change.column, is_cancelled=change.times is None)
        if change.kind in ENDS:
            return self._ends(change)
        assert change.planned is not None, "what does not end is planned"
        return self._planned(change, change.planned)

    def left_alone(self, row: Touchpoint) -> Effect:
        fate, at = self._fate(row), row.first_sent_at or row.due_at
        label = str(TouchpointState(row.state).label)
        before = label if fate in (Fate.NOT_SENT, Fate.WAITS) or not at else self._time(at)
        is_leaving = row.first_sent_at and row.is_still_to_leave
        reason = _("Part of it has been sent.") if is_leaving else reason_words(row.reason)
        return self._effect(touchpoint_spot(row), fate=fate, at=at, before=before, reason=reason)

    def _fate(self, row: Touchpoint) -> Fate:
        if row.pk in self.held:
            return Fate.HELD
        if row.first_sent_at and row.revision in self.false_revisions:
            return Fate.SENT_FALSE
        if row.is_held_back:
            return Fate.PAUSED
        if row.first_sent_at:
            return Fate.SENT_TRUE
        if not row.is_still_to_leave:
            return Fate.NOT_SENT
        return Fate.WAITS if row.state == TouchpointState.HELD else Fate.STAYS

    def _ends(self, change: Change) -> Effect:
        assert change.standing is not None, "only what stands can end"
        spot = touchpoint_spot(self.touchpoints[change.standing.touchpoint_id])
        reason = change.planned.reason if change.planned else REASON_OF_END.get(change.kind, "")
        return self._effect(spot, fate=Fate.DROPPED, at=spot.due_at, before=self._before(spot), reason=reason_words(reason))

    def _planned(self, change: Change, planned: PlannedTouchpoint) -> Effect:
        """A new touchpoint, or one at another time; what is held back would not leave at that."""
        step, row = planned.step, self.touchpoints[change.standing.touchpoint_id] if change.standing else None
        leaves = planned.state == "planned" and planned.due_at is not None
        is_kept = row.is_held_back if row else self._keeps(planned)
        if row:
            spot = touchpoint_spot(row)
            moment, anchor, before = *spot.words, self._before(spot)
            is_timed = row.state not in STILL_TO_COME or row.state == TouchpointState.HELD
            fate = Fate.TIMED if is_timed and leaves else Fate.MOVED
        else:
            moment, anchor = planned_spot(planned).words
            fate, before = Fate.ADDED, ""
        return Effect(
            fate=fate,
            at=planned.due_at,
            moment=moment,
            anchor=anchor,
            segment=self._segment(step.column),
            channel=self.channels[step.channel_id],
            before=before,
            after=self._time(planned.due_at) if leaves and planned.due_at else str(TouchpointState(planned.state).label),
            reason=_("It is held back until somebody lets it go on.") if leaves and is_kept else reason_words(planned.reason),
            recipients=self.reach[step.column].recipients(is_mandatory=step.is_mandatory) if leaves else None,
            leaves_at_once=bool(leaves and not is_kept and planned.due_at and planned.due_at <= self.now),
        )

    def _keeps(self, planned: PlannedTouchpoint) -> bool:
        """Whether what is added is held back from the start."""
        with_updates = planned.step.anchor == Anchor.DURING and self.campaign.updates_held_at
        return bool(with_updates or self.campaign.paused_at or self.channels[planned.step.channel_id].paused_at)

    def _correction(self, column: ColumnKey, *, is_cancelled: bool) -> Effect:
        return Effect(
            fate=Fate.CORRECTION,
            at=self.now,
            moment=_("Cancellation") if is_cancelled else _("Correction"),
            anchor="",
            segment=self._segment(column),
            channel=self.channels[column[1]],
            before="",
            after=str(AFTERWARDS[Fate.CORRECTION]),
            reason="",
        )

    def _effect(self, spot: Spot, *, fate: Fate, at: datetime | None, before: str, reason: str) -> Effect:
        moment, anchor = spot.words
        return Effect(
            fate=fate,
            at=at,
            moment=moment,
            anchor=anchor,
            segment=self._segment(spot.column),
            channel=self.channels[spot.column[1]],
            before=before,
            after=str(AFTERWARDS[fate]),
            reason=reason,
        )

    def _segment(self, column: ColumnKey) -> Segment | None:
        return self.segments[column[0]] if column[0] is not None else None

    def _before(self, spot: Spot) -> str:
        return self._time(spot.due_at) if spot.due_at else str(TouchpointState(spot.state).label)

    def _time(self, instant: datetime) -> str:
        return short_words(instant, self.campaign.window.time_zone)
