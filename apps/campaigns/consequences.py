"""What a change to a campaign leads to, in words, before anybody presses the button."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.audiences.models import Segment
from apps.channels.models import Channel

from .board import Spot, touchpoint_spot
from .models import Campaign, Touchpoint, TouchpointState
from .moments import moment_words, reason_words, short_words
from .planner import PlannedTouchpoint
from .reach import ColumnKey
from .replanning import Change, Kind


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

    @property
    def column(self) -> ColumnKey:
        return (self.segment.pk if self.segment else None), self.channel.pk

    @property
    def audience(self) -> str:
        return f"{self.segment} · {self.channel}" if self.segment else str(self.channel)


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


def consequences(campaign: Campaign, changes: Iterable[Change]) -> Consequences:
    """Reads the touchpoints, segments and channels that `changes` name: three queries."""
    changes = [change for change in changes if not _is_silent(change)]
    ids = [change.standing.touchpoint_id for change in changes if change.standing]
    touchpoints = Touchpoint.objects.select_related("step").in_bulk(ids)
    teller = _Teller(
        zone=campaign.window.time_zone,
        touchpoints=touchpoints,
        segments=Segment.objects.in_bulk(),
        channels=Channel.objects.in_bulk(),
    )
    return Consequences(
        added=[teller.effect(change) for change in changes if change.kind == Kind.CREATE],
        moved=[teller.effect(change) for change in changes if change.kind == Kind.MOVE],
        dropped=[teller.effect(change) for change in changes if change.kind in (Kind.DROP, Kind.REPLACE, Kind.CANCEL)],
        corrected=[teller.effect(change) for change in changes if change.kind == Kind.CORRECT],
    )


def _grouped(effects: Sequence[Effect]) -> list[EffectRow]:
    groups: dict[tuple[str, ...], list[Effect]] = {}
    for effect in effects:
        key = (effect.moment, effect.anchor, effect.before, effect.after, effect.reason)
        groups.setdefault(key, []).append(effect)
    return [EffectRow(effect=alike[0], audiences=[effect.audience for effect in alike]) for alike in groups.values()]


def _is_silent(change: Change) -> bool:
    """Rows that were not to leave and still are not: nobody would notice."""
    quiet = (TouchpointState.SKIPPED, TouchpointState.MISSED)
    if change.kind == Kind.CREATE:
        return change.planned is not None and change.planned.state == "skipped"
    ends_quiet = change.kind in (Kind.DROP, Kind.CANCEL, Kind.REPLACE)
    return ends_quiet and change.standing is not None and change.standing.state in quiet


@dataclass(frozen=True, kw_only=True)
class _Teller:
    zone: str
    touchpoints: Mapping[int, Touchpoint]
    segments: Mapping[int, Segment]
    channels: Mapping[int, Channel]

    def effect(self, change: Change) -> Effect:
        column, moment, anchor, before = self._standing(change)
        after, reason = self._planned(change.planned)
        return Effect(
            moment=moment,
            anchor=anchor,
            segment=self.segments[column[0]] if column[0] is not None else None,
            channel=self.channels[column[1]],
            before=before,
            after=after,
            reason=reason,
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
