"""What a change to a campaign leads to, in words, before anybody presses the button."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.audiences.models import Segment
from apps.channels.models import Channel

from .board import Spot, touchpoint_spot
from .models import Campaign, Touchpoint, TouchpointState
from .moments import moment_words, reason_words, short_words
from .planner import PlannedTouchpoint
from .plans import times_of
from .reach import ColumnKey, Counts, Reach, reaches
from .replanning import STILL_TO_COME, Change, Kind


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One touchpoint that changes, or one group of people who are told something."""

    moment: str
    anchor: str
    segment: Segment | None
    channel: Channel
    before: str
    after: str
    reason: str
    recipients: int | None  # of what leaves at a time known now
    leaves_at_once: bool

    @property
    def column(self) -> ColumnKey:
        return (self.segment.pk if self.segment else None), self.channel.pk

    @property
    def audience(self) -> str:
        """“Customers · E-mail: 468”; the number only where something is to leave."""
        name = f"{self.segment} · {self.channel}" if self.segment else str(self.channel)
        return name if self.recipients is None else f"{name}: {number_format(self.recipients)}"


@dataclass(frozen=True, kw_only=True)
class EffectRow:
    """Effects that differ in nothing but whom they concern."""

    effect: Effect
    audiences: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Consequences:
    added: Sequence[Effect]
    moved: Sequence[Effect]
    dropped: Sequence[Effect]
    corrected: Sequence[Effect]  # to whom something is told at once, because what they were told is no longer true
    false_revisions: Sequence[int] = ()  # of the window: whoever was told one of these last gets a correction
    stays: Sequence[Effect] = ()  # still to come, as before
    sent_true: Sequence[Effect] = ()
    sent_false: Sequence[Effect] = ()

    @property
    def added_rows(self) -> list[EffectRow]:
        return _grouped(self.added)

    @property
    def moved_rows(self) -> list[EffectRow]:
        return _grouped(self.moved)

    @property
    def dropped_rows(self) -> list[EffectRow]:
        return _grouped(self.dropped)

    @property
    def stays_rows(self) -> list[EffectRow]:
        return _grouped(self.stays)

    @property
    def sent_true_rows(self) -> list[EffectRow]:
        return _grouped(self.sent_true)

    @property
    def sent_false_rows(self) -> list[EffectRow]:
        return _grouped(self.sent_false)

    @property
    def at_once(self) -> int:
        """How many messages of the plan itself leave as soon as it is done; corrections are counted by what was sent."""
        return sum(effect.recipients or 0 for effect in (*self.added, *self.moved) if effect.leaves_at_once)

    @property
    def corrected_columns(self) -> list[ColumnKey]:
        return [effect.column for effect in self.corrected]

    @property
    def summary(self) -> str:
        """“3 touchpoints move, 2 are dropped, 1 is added.”"""
        counted = (
            (len(self.moved), ngettext("%(n)s touchpoint moves", "%(n)s touchpoints move", len(self.moved))),
            (len(self.dropped), ngettext("%(n)s touchpoint is dropped", "%(n)s touchpoints are dropped", len(self.dropped))),
            (len(self.added), ngettext("%(n)s touchpoint is added", "%(n)s touchpoints are added", len(self.added))),
        )
        parts = [words % {"n": number} for number, words in counted if number]
        return ", ".join(parts) + "." if parts else _("No touchpoint that is still to come changes.")


def consequences(
    campaign: Campaign, changes: Iterable[Change], *, counted: Counts = MappingProxyType({}), now: datetime
) -> Consequences:
    """What `changes` do to each touchpoint of the campaign; counts each segment that something goes to once.

    `counted`: what is known of their reach already.
    """
    every = list(changes)
    changes = [change for change in every if not _is_silent(change)]
    rows = list(campaign.touchpoints.select_related("step__channel", "step__fallback_channel", "segment", "channel"))
    segments, channels = Segment.objects.in_bulk(), Channel.objects.in_bulk()
    leaving = {change.planned.step.column for change in changes if change.planned and change.planned.state == "planned"}
    teller = _Teller(
        zone=campaign.window.time_zone,
        now=now,
        touchpoints={row.pk: row for row in rows},
        segments=segments,
        channels=channels,
        reach={
            **counted,
            **reaches((segments.get(column[0] or 0), channels[column[1]]) for column in leaving if column not in counted),
        },
    )
    changed = {change.standing.touchpoint_id for change in changes if change.standing}
    false_now = false_revisions(campaign, every)
    sent = [row for row in rows if row.first_sent_at and row.pk not in changed]
    return Consequences(
        added=[teller.effect(change) for change in changes if change.kind == Kind.CREATE],
        moved=[teller.effect(change) for change in changes if change.kind == Kind.MOVE],
        dropped=[teller.effect(change) for change in changes if change.kind in (Kind.DROP, Kind.REPLACE, Kind.CANCEL)],
        corrected=[teller.effect(change) for change in changes if change.kind == Kind.CORRECT],
        false_revisions=false_now,
        stays=[
            teller.left_alone(row) for row in rows if row.is_still_to_leave and not row.first_sent_at and row.pk not in changed
        ],
        sent_true=[teller.left_alone(row) for row in sent if row.revision not in false_now],
        sent_false=[teller.left_alone(row) for row in sent if row.revision in false_now],
    )


def false_revisions(campaign: Campaign, changes: Iterable[Change]) -> list[int]:
    """What `changes` make untrue of what was promised: the revisions with other times than those that hold then."""
    correction = next((change for change in changes if change.kind == Kind.CORRECT), None)
    if correction is None:
        return []
    return [row.number for row in campaign.window.revisions.all() if correction.times != times_of(row)]


def _grouped(effects: Sequence[Effect]) -> list[EffectRow]:
    groups: dict[tuple[str, ...], list[Effect]] = {}
    for effect in effects:
        key = (effect.moment, effect.anchor, effect.before, effect.after, effect.reason)
        groups.setdefault(key, []).append(effect)
    return [EffectRow(effect=alike[0], audiences=[effect.audience for effect in alike]) for alike in groups.values()]


def _is_silent(change: Change) -> bool:
    """Rows that were not to leave and still are not, or that still leave when they were to: nobody would notice."""
    quiet = (TouchpointState.SKIPPED, TouchpointState.MISSED)
    if change.kind == Kind.CREATE:
        return change.planned is not None and change.planned.state == "skipped"
    if change.kind == Kind.MOVE:
        return _keeps_its_time(change)
    ends_quiet = change.kind in (Kind.DROP, Kind.CANCEL, Kind.REPLACE)
    return ends_quiet and change.standing is not None and change.standing.state in quiet


def _keeps_its_time(change: Change) -> bool:
    """It is written anew, since what it says has changed, and leaves as if nothing had happened."""
    before, after = change.standing, change.planned
    if before is None or after is None:
        return False
    leaves = before.state in STILL_TO_COME and before.state != TouchpointState.HELD
    return leaves and after.state == "planned" and before.due_at == after.due_at


@dataclass(frozen=True, kw_only=True)
class _Teller:
    zone: str
    now: datetime
    reach: Mapping[ColumnKey, Reach]
    touchpoints: Mapping[int, Touchpoint]
    segments: Mapping[int, Segment]
    channels: Mapping[int, Channel]

    def effect(self, change: Change) -> Effect:
        column, moment, anchor, before = self._standing(change)
        after, reason = self._planned(change.planned)
        leaves = change.planned if change.planned and change.planned.state == "planned" else None
        return Effect(
            moment=moment,
            anchor=anchor,
            segment=self.segments[column[0]] if column[0] is not None else None,
            channel=self.channels[column[1]],
            before=before,
            after=after,
            reason=reason,
            recipients=self.reach[column].recipients(is_mandatory=leaves.step.is_mandatory) if leaves else None,
            leaves_at_once=bool(leaves and leaves.due_at and leaves.due_at <= self.now),
        )

    def left_alone(self, row: Touchpoint) -> Effect:
        """One that does not change: when it left, or when it is to."""
        spot = touchpoint_spot(row)
        moment, anchor = _words(spot)
        at = row.first_sent_at or row.due_at
        return Effect(
            moment=moment,
            anchor=anchor,
            segment=row.segment,
            channel=row.channel,
            before=short_words(at, self.zone) if at else str(TouchpointState(row.state).label),
            after="",
            reason="",
            recipients=None,
            leaves_at_once=False,
        )

    def _standing(self, change: Change) -> tuple[ColumnKey, str, str, str]:
        if change.standing:
            spot = touchpoint_spot(self.touchpoints[change.standing.touchpoint_id])
            before = short_words(spot.due_at, self.zone) if spot.due_at else str(TouchpointState(spot.state).label)
            return spot.column, *_words(spot), before
        if change.planned:
            step = change.planned.step
            words = moment_words(step.key, change.planned.occurrence, step.anchor, step.offset_days, step.offset)
            return step.column, *words, ""
        assert change.column is not None
        return change.column, _("At once"), "", ""

    def _planned(self, row: PlannedTouchpoint | None) -> tuple[str, str]:
        if row is None:
            return "", ""
        after = short_words(row.due_at, self.zone) if row.due_at and row.state == "planned" else ""
        return after, reason_words(row.reason)


def _words(spot: Spot) -> tuple[str, str]:
    return moment_words(spot.step_key, spot.occurrence, spot.anchor, spot.offset_days, spot.offset)
