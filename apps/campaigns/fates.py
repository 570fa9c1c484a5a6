"""What becomes of each touchpoint of a campaign when something is done to it, in the order in which it happens."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.audiences.models import Segment
from apps.channels.models import Channel
from apps.common.labels import labelled

from .reach import ColumnKey


class Fate(StrEnum):
    ADDED = "added"
    MOVED = "moved"
    TIMED = "timed"  # it had no time, or was not to leave, and leaves now
    DROPPED = "dropped"
    HELD = "held"  # this holds it
    CORRECTION = "correction"  # goes at once to those who were told what is no longer true
    SENT_TRUE = "sent_true"
    SENT_FALSE = "sent_false"
    STAYS = "stays"  # still to come, as before
    WAITS = "waits"  # as before for a fact
    PAUSED = "paused"  # as before until somebody lets it go on
    NOT_SENT = "not_sent"  # and it stays so


LABELS: Mapping[Fate, Promise] = {
    Fate.ADDED: _("New"),
    Fate.MOVED: _("Moved"),
    Fate.TIMED: _("Gets its time"),
    Fate.DROPPED: _("Dropped"),
    Fate.HELD: _("Held back"),
    Fate.CORRECTION: _("At once"),
    Fate.SENT_TRUE: _("Sent, still true"),
    Fate.SENT_FALSE: _("Sent, no longer true"),
    Fate.STAYS: _("Unchanged"),
    Fate.WAITS: _("Waits"),
    Fate.PAUSED: _("Paused"),
    Fate.NOT_SENT: pgettext_lazy("touchpoint", "Not sent"),
}
STYLES: Mapping[Fate, str] = {
    Fate.ADDED: "ok",
    Fate.MOVED: "info",
    Fate.TIMED: "info",
    Fate.HELD: "warn",
    Fate.CORRECTION: "warn",
    Fate.SENT_TRUE: "ok",
    Fate.SENT_FALSE: "bad",
    Fate.PAUSED: "warn",
}
AFTERWARDS: Mapping[Fate, Promise] = {
    Fate.DROPPED: _("does not leave"),
    Fate.HELD: _("held until somebody lets it go on"),
    Fate.CORRECTION: _("leaves at once"),
    Fate.SENT_TRUE: _("stays true"),
    Fate.SENT_FALSE: _("is corrected"),
    Fate.STAYS: _("leaves as planned"),
    Fate.WAITS: _("waits as before"),
    Fate.PAUSED: _("stays paused"),
    Fate.NOT_SENT: _("stays so"),
}
CHANGES = (Fate.ADDED, Fate.MOVED, Fate.TIMED, Fate.DROPPED, Fate.HELD, Fate.CORRECTION)
LATEST = datetime.max.replace(tzinfo=UTC)  # what waits for a fact comes last


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One touchpoint, or one group of people who are told something at once."""

    fate: Fate
    at: datetime | None  # when it happened, happens, or was to happen
    moment: str
    anchor: str
    segment: Segment | None
    channel: Channel
    before: str
    after: str
    reason: str
    recipients: int | None = None  # of what leaves at a time known now
    leaves_at_once: bool = False
    window: str = ""  # where several are spoken of

    @property
    def column(self) -> ColumnKey:
        return (self.segment.pk if self.segment else None), self.channel.pk

    @property
    def audience(self) -> str:
        """“Customers · E-mail: 468”; the number only where something is to leave."""
        name = f"{self.segment} · {self.channel}" if self.segment else str(self.channel)
        return name if self.recipients is None else labelled(name, number_format(self.recipients))


@dataclass(frozen=True, kw_only=True)
class EffectRow:
    """Effects that differ in nothing but whom they concern."""

    effects: Sequence[Effect]

    @property
    def effect(self) -> Effect:
        return self.effects[0]

    @property
    def fate(self) -> Fate:
        return self.effect.fate

    @property
    def label(self) -> str:
        return str(LABELS[self.fate])

    @property
    def style(self) -> str:
        return STYLES.get(self.fate, "")


def rows_of(effects: Iterable[Effect]) -> list[EffectRow]:
    """In the order of time; a group stands where its first one does."""
    groups: dict[tuple[str, ...], list[Effect]] = {}
    for effect in sorted(effects, key=lambda effect: effect.at or LATEST):
        key = (effect.window, effect.fate, effect.moment, effect.anchor, effect.before, effect.after, effect.reason)
        groups.setdefault(key, []).append(effect)
    return [EffectRow(effects=alike) for alike in groups.values()]
