"""A rehearsal as its planner reads it: each touchpoint at its real and its compressed time, to whom, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.campaigns.languages import language_name
from apps.campaigns.moments import instant_words, reason_words
from apps.channels.prices import cost_sentence

from ..models import Assumed, Rehearsal, RehearsalMessage, RehearsedState
from .marks import moment_of, recipients_sentence

STYLES = {
    RehearsedState.SENDING: "warn running",
    RehearsedState.SENT: "ok",
    RehearsedState.FAILED: "bad",
    RehearsedState.IN_DOUBT: "warn",
    RehearsedState.EXPIRED: "bad",
    RehearsedState.WAITING: "info",
}


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One message to the planner."""

    row: RehearsalMessage
    preview_url: str

    @property
    def state(self) -> str:
        return str(RehearsedState(self.row.state).label)

    @property
    def style(self) -> str:
        return STYLES.get(RehearsedState(self.row.state), "")

    @property
    def language(self) -> str:
        return language_name(self.row.language)

    @property
    def where(self) -> str:
        return " · ".join(name for name in (self.row.segment_name, self.row.channel_name) if name)

    @property
    def explanation(self) -> str:
        """What the provider answered, or what else is to be said of its state."""
        row = self.row
        match row.state:
            case RehearsedState.SENT:
                return _("The provider calls it %(id)s.") % {"id": row.answer} if row.answer else _("The provider accepted it.")
            case RehearsedState.IN_DOUBT:
                return row.answer or _("The worker stopped in the middle of it: it may have arrived. It does not go again.")
            case RehearsedState.FAILED:
                return row.answer or _("Its channel does not exist any more.")
            case RehearsedState.EXPIRED:
                return row.answer or _("Something kept it for more than half an hour: its channel, the clock or the workers.")
            case RehearsedState.WAITING if row.answer:
                return _("Refused for now, and tried again: %(answer)s") % {"answer": row.answer}
            case RehearsedState.WAITING if row.leaves_by and row.leaves_by.paused_at:
                return _("It waits, because “%(channel)s” is paused.") % {"channel": row.leaves_by}
            case RehearsedState.WAITING if row.leaves_by and not row.leaves_by.is_enabled:
                return _("It waits, because “%(channel)s” is switched off.") % {"channel": row.leaves_by}
        return ""

    @property
    def sms(self) -> str:
        parts = self.row.parts
        return ngettext("%(count)s SMS part", "%(count)s SMS parts", parts) % {"count": parts} if parts else ""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One touchpoint."""

    recipients: str
    readers: str  # “480 English, 20 French”
    assumed: str
    reason: str  # why the plan leaves it out
    copies: Sequence[Copy]
    cost: str = ""  # of its text messages, were they sent to all


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The touchpoints that leave together."""

    name: str
    anchor: str
    real_time: str
    clock: str  # “+2:05” after the beginning; empty where nothing of it leaves
    stops: Sequence[Stop]


@dataclass(frozen=True, kw_only=True)
class Timeline:
    moments: Sequence[Moment]
    leaving: int
    sent: int
    troubled: int  # failed, in doubt, too late
    waiting: int
    next_at: datetime | None

    @property
    def ended(self) -> int:
        return self.leaving - self.waiting


def timeline_of(rehearsal: Rehearsal) -> Timeline:
    """One query."""
    rows = list(rehearsal.messages.select_related("leaves_by", "channel", "stand_in", "rehearsal__campaign__window"))
    states = [row.state for row in rows if row.state != RehearsedState.LEFT_OUT]
    return Timeline(
        moments=[_moment(rehearsal, list(group)) for _key, group in groupby(rows, key=_moment_key)],
        leaving=len(states),
        sent=states.count(RehearsedState.SENT),
        troubled=sum(state in (RehearsedState.FAILED, RehearsedState.IN_DOUBT, RehearsedState.EXPIRED) for state in states),
        waiting=sum(state in (RehearsedState.WAITING, RehearsedState.SENDING) for state in states),
        next_at=min((row.due_at for row in rows if row.state == RehearsedState.WAITING and row.due_at), default=None),
    )


def _moment_key(row: RehearsalMessage) -> tuple[object, ...]:
    return row.step_key, row.occurrence, row.would_leave_at


def _touchpoint_key(row: RehearsalMessage) -> tuple[object, ...]:
    return row.segment_name, row.channel_name


def _moment(rehearsal: Rehearsal, rows: Sequence[RehearsalMessage]) -> Moment:
    first, zone = rows[0], rehearsal.campaign.window.time_zone
    name, anchor = moment_of(first)
    due_at = min((row.due_at for row in rows if row.due_at), default=None)
    return Moment(
        name=name,
        anchor=anchor,
        real_time=instant_words(first.would_leave_at, zone) if first.would_leave_at else "",
        clock=clock_words(due_at - rehearsal.started_at) if due_at else "",
        stops=[_stop(rehearsal, list(group)) for _key, group in groupby(rows, key=_touchpoint_key)],
    )


def _stop(rehearsal: Rehearsal, rows: Sequence[RehearsalMessage]) -> Stop:
    first = rows[0]
    is_left_out = first.state == RehearsedState.LEFT_OUT
    return Stop(
        recipients=recipients_sentence(first.segment_name, first.channel_name, first.would_reach),
        readers=readers_words(first.readers, reached=first.would_reach),
        assumed="" if is_left_out else str(Assumed(first.assumes).label),
        reason=reason_words(first.reason) or _("It has no time yet.") if is_left_out else "",
        copies=[_copy(rehearsal, row) for row in rows if not is_left_out],
        cost=cost_sentence(first.channel, max(row.parts or 0 for row in rows) * (first.would_reach or 0)),
    )


def _copy(rehearsal: Rehearsal, row: RehearsalMessage) -> Copy:
    page = reverse("admin:windows_maintenancewindow_preview", args=[rehearsal.campaign.window_id])
    chosen = {"spot": row.spot, "to": row.stand_in_id or "", "lang": row.language}
    return Copy(row=row, preview_url=f"{page}?{urlencode(chosen)}" if row.channel_id else "")


def readers_words(readers: Mapping[str, int], *, reached: int | None) -> str:
    """“480 English, 20 French”; some of those who have an address may have asked not to be written to."""
    words = ", ".join(f"{number_format(count)} {language_name(code)}" for code, count in readers.items())
    addressed = sum(readers.values())
    if not words or addressed == reached:
        return words
    return _("%(count)s have an address: %(languages)s") % {"count": number_format(addressed), "languages": words}


def clock_words(since: timedelta) -> str:
    """“+2:05”, in minutes and seconds."""
    seconds = max(round(since.total_seconds()), 0)
    return f"+{seconds // 60}:{seconds % 60:02}"
