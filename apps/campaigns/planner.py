"""The plan of a campaign: which touchpoint goes when, or why not. Pure and total: every step yields at least a row.

Knows neither Django nor the database. The figures of the rules come with the steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from apps.common.zones import shift_days, zone_or_utc

EXPAND_LEAD = timedelta(minutes=10)  # deliveries are written so long before they leave
# Quiet hours may move a message ahead by a weekend between two nights, at most from Monday 08:00 to Friday 22:00.
QUIET_LEAD = timedelta(hours=58)
# A reminder this close behind the announcement, as a share of its own lead, would only repeat it.
NEAR_ANNOUNCEMENT = 0.1

HOUR = timedelta(hours=1)
# How often to speak while the work runs, by its planned duration: (up to, every).
CADENCE = ((2 * HOUR, 1 * HOUR), (4 * HOUR, 2 * HOUR), (8 * HOUR, 2 * HOUR), (12 * HOUR, 3 * HOUR), (24 * HOUR, 4 * HOUR))
LONGEST_CADENCE = 6 * HOUR


class CellKey(NamedTuple):
    """A cell of the plan: a moment for a segment (None: a place) by a channel."""

    step_key: str
    segment_id: int | None
    channel_id: int


@dataclass(frozen=True, kw_only=True)
class PlanWindow:
    """What the plan needs to know of a window; instants in UTC.

    `spoken_at` is when recipients were last addressed about its times: the release, or the latest move.
    """

    time_zone: str
    starts_at: datetime
    ends_at: datetime
    announced_ends_at: datetime
    released_at: datetime
    spoken_at: datetime
    heavy_traffic: bool = False
    starts_automatically: bool = True
    actual_started_at: datetime | None = None
    actual_ended_at: datetime | None = None

    @property
    def duration(self) -> timedelta:
        return self.ends_at - self.starts_at

    @property
    def zone(self) -> ZoneInfo:
        return zone_or_utc(self.time_zone)

    @property
    def awaits_start(self) -> bool:
        return self.actual_started_at is None and not self.starts_automatically


@dataclass(frozen=True, kw_only=True)
class PlanStep:
    """A `campaigns.Step` in plain values; `segment_id` is None for broadcast channels."""

    key: str
    anchor: str
    offset_days: int
    offset: timedelta
    repeats_by_cadence: bool
    repeat_every: timedelta | None
    segment_id: int | None
    channel_id: int
    channel_enabled: bool
    channel_has_quiet_hours: bool
    content_key: str
    urgency: str
    is_mandatory: bool
    min_duration: timedelta | None
    only_unconfirmed: bool
    useful_for: timedelta
    useful_until_before_start: timedelta | None
    when_late: str
    step_id: int | None = None
    invites: bool = False
    attaches_maintnote: bool = False
    otherwise: str = ""  # the name of the channel for those whom this one cannot reach
    owner_id: int | None = None  # None: the owner of the campaign
    label: str = ""  # what planners call its moment
    is_own: bool = False  # of a moment that a person added to this campaign alone
    is_by_hand: bool = False  # a person added it, or switched it on or off, whatever the playbook says
    is_taken_out: bool = False
    since: datetime | None = None  # switched on then: an announcement is not due before

    @property
    def cell(self) -> CellKey:
        return CellKey(self.key, self.segment_id, self.channel_id)

    @property
    def column(self) -> tuple[int | None, int]:
        return self.segment_id, self.channel_id

    @property
    def repeats(self) -> bool:
        return self.repeats_by_cadence or self.repeat_every is not None

    @property
    def is_reminder(self) -> bool:
        """Whether it speaks of a start that is still to come."""
        return self.anchor == "start" and (self.offset_days < 0 or self.offset < timedelta(0))


@dataclass(frozen=True, kw_only=True)
class PlannedTouchpoint:
    """One row of the plan. `reason` is a `campaigns.Reason`, empty when planned.

    A row that has a time keeps it (`due_at`) even when it is skipped, so that people see what was left out.
    """

    step: PlanStep
    occurrence: int
    state: Literal["planned", "held", "skipped"]
    reason: str
    due_at: datetime | None
    expand_at: datetime | None
    useful_until: datetime | None


def plan(window: PlanWindow, steps: Sequence[PlanStep], *, now: datetime) -> list[PlannedTouchpoint]:
    """Every step of `steps` as one row, or one per repetition, in the order of the steps.

    A row whose time is past is left to the column's announcement; a column (segment and channel) without one sends its
    newest past row at once instead, while that is of use.
    """
    rows = [_judge(window, row) for step in steps for row in _occurrences(window, step)]
    announced = {row.step.column for row in rows if row.step.anchor == "announce" and row.state == "planned"}
    return _collapse(rows, announced, now)


def cadence(duration: timedelta) -> timedelta | None:
    """How often to say something while work of `duration` runs; None: only at its start and end."""
    if duration < HOUR:
        return None
    return next((every for up_to, every in CADENCE if duration <= up_to), LONGEST_CADENCE)


def _occurrences(window: PlanWindow, step: PlanStep) -> Iterator[PlannedTouchpoint]:
    """The step's rows with their nominal times, before anything is known against them."""
    if step.anchor != "during":
        yield _row(window, step, 0, _due_at(window, step))
        return
    begin = (window.actual_started_at or window.starts_at) + step.offset
    every = step.repeat_every or cadence(window.duration) if step.repeats else None
    due = begin + every if every else begin if not step.repeats else None
    if due is None or not begin <= due < window.ends_at:
        yield replace(_row(window, step, 0, None), state="skipped", reason="no_updates")
        return
    occurrence = 0
    while due < window.ends_at:
        yield _row(window, step, occurrence, due)
        if not every:
            return
        occurrence, due = occurrence + 1, due + every


def _due_at(window: PlanWindow, step: PlanStep) -> datetime | None:
    anchors = {
        "announce": max(window.released_at, step.since or window.released_at),
        "start": window.starts_at,
        "end": window.ends_at,
        "actual_end": window.actual_ended_at,
    }
    base = anchors[step.anchor]
    if step.anchor == "start" and not step.is_reminder:
        base = window.actual_started_at or window.starts_at
    if base is None:
        return None
    return (shift_days(base, step.offset_days, window.zone) if step.offset_days else base) + step.offset


def _row(window: PlanWindow, step: PlanStep, occurrence: int, due_at: datetime | None) -> PlannedTouchpoint:
    if due_at is None:
        return PlannedTouchpoint(
            step=step,
            occurrence=occurrence,
            state="held",
            reason="awaits_completion",
            due_at=None,
            expand_at=None,
            useful_until=None,
        )
    lead = QUIET_LEAD if step.channel_has_quiet_hours and step.urgency == "routine" else timedelta(0)
    useful_until = due_at + step.useful_for
    if step.useful_until_before_start is not None:
        useful_until = min(useful_until, window.starts_at - step.useful_until_before_start)
    return PlannedTouchpoint(
        step=step,
        occurrence=occurrence,
        state="planned",
        reason="",
        due_at=due_at,
        expand_at=due_at - lead - EXPAND_LEAD,
        useful_until=useful_until,
    )


def _judge(window: PlanWindow, row: PlannedTouchpoint) -> PlannedTouchpoint:
    """The row with the first thing that speaks against it, lateness aside."""
    if row.state == "skipped":
        return row
    reason = _objection(window, row)
    if reason:
        return replace(row, state="skipped", reason=reason)
    if window.awaits_start and row.step.anchor in ("start", "during", "end") and not row.step.is_reminder:
        return replace(row, state="held", reason="awaits_start", due_at=None, expand_at=None, useful_until=None)
    return row


def _objection(window: PlanWindow, row: PlannedTouchpoint) -> str:
    step = row.step
    if step.is_taken_out:
        return "taken_out"
    if not step.channel_enabled:
        return "channel_disabled"
    if is_too_short(window, step):
        return "too_short"
    if step.since and window.actual_ended_at and window.actual_ended_at <= step.since and step.anchor == "announce":
        return "completed_early"
    if row.due_at is None:
        return ""
    if step.is_reminder and _is_overtaken(row, window.actual_started_at):
        return "started_early"
    if _is_overtaken(row, window.actual_ended_at):
        if step.only_unconfirmed:
            return "already_confirmed"
        if step.anchor in ("start", "during", "end"):
            return "completed_early"
    if row.useful_until and row.useful_until <= row.due_at:
        return "past_use"
    lead = window.starts_at - row.due_at
    if step.is_reminder and window.spoken_at <= row.due_at < window.spoken_at + NEAR_ANNOUNCEMENT * lead:
        return "near_announcement"
    return ""


def is_too_short(window: PlanWindow, step: PlanStep) -> bool:
    """Whether the playbook leaves this step out for the shortness of the window."""
    return step.min_duration is not None and window.duration < step.min_duration and not window.heavy_traffic


def _is_overtaken(row: PlannedTouchpoint, happened_at: datetime | None) -> bool:
    """Whether `row` could still leave after the work began or ended, when what it says has become false."""
    return happened_at is not None and row.useful_until is not None and row.useful_until > happened_at


def _collapse(rows: list[PlannedTouchpoint], announced: set[tuple[int | None, int]], now: datetime) -> list[PlannedTouchpoint]:
    """Decides on the rows whose time is past; see `plan`."""
    late = [row for row in rows if row.state == "planned" and row.due_at and row.due_at < now]
    newest: dict[tuple[int | None, int], PlannedTouchpoint] = {}
    for row in sorted(late, key=lambda row: row.due_at or now):
        if row.step.column not in announced and row.step.when_late == "collapse":
            newest[row.step.column] = row
    verdicts = {id(row): _late_reason(row, sends=row is newest.get(row.step.column), now=now) for row in late}
    return [replace(row, state="skipped", reason=verdicts[id(row)]) if verdicts.get(id(row)) else row for row in rows]


def _late_reason(row: PlannedTouchpoint, *, sends: bool, now: datetime) -> str:
    """Why a late row does not go, or nothing when it goes at once."""
    collapses = row.step.when_late == "collapse" and not sends
    if row.step.anchor != "announce" and (collapses or row.step.when_late == "skip"):
        return "in_the_past"
    return "" if row.useful_until and now < row.useful_until else "past_use"
