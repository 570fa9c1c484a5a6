"""What a fresh plan changes about the touchpoints that already stand. Pure; services.py carries it out.

What was sent never moves. What is on its way is touched only when what it says has become false, so that a mere change
of status (started, verifying) disturbs nobody.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import count

from .planner import PlannedTouchpoint

Column = tuple[int | None, int]  # segment, channel
Key = tuple[str, int, int | None, int]  # step key, occurrence, segment, channel

UNSENT = ("planned", "held", "due", "sending", "skipped", "missed")
UNDER_WAY = ("due", "sending")
STILL_TO_COME = ("planned", "held", *UNDER_WAY)
OVERTAKEN = ("started_early", "completed_early", "already_confirmed")  # the work began or ended before
ENGINE_KEYS = ("correction", "cancellation")


@dataclass(frozen=True, kw_only=True)
class Times:
    """What an announcement promises: the end lies between `ends_at` and `announced_ends_at`.

    Two revisions with equal times tell people the same.
    """

    starts_at: datetime
    ends_at: datetime
    announced_ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A touchpoint as it stands; `told` is whether a batch of it was ever handed over, `times` what its revision said."""

    touchpoint_id: int
    step_key: str
    occurrence: int
    segment_id: int | None
    channel_id: int
    state: str
    due_at: datetime | None
    revision: int
    times: Times
    told: bool
    skipped_by_hand: bool = False  # a person decided that it does not leave at this time
    is_taken_out: bool = False  # a person took its cell out of the plan
    is_fallback: bool = False  # made by the engine for those whom the moment's own channel could not reach

    @property
    def key(self) -> Key:
        return self.step_key, self.occurrence, self.segment_id, self.channel_id

    @property
    def column(self) -> Column:
        return self.segment_id, self.channel_id


class Kind(StrEnum):
    CREATE = "create"  # a new row
    MOVE = "move"  # an unsent row gets another time, or what it says changed
    DROP = "drop"  # an unsent row is left out, with its reason
    REPLACE = "replace"  # an unsent correction gives way to a newer one, or to the news that all is over
    CORRECT = "correct"  # those of a column who were told something false are told what holds
    CANCEL = "cancel"  # an unsent row falls with its window


@dataclass(frozen=True, kw_only=True)
class Change:
    kind: Kind
    standing: Standing | None = None
    planned: PlannedTouchpoint | None = None
    column: Column | None = None
    times: Times | None = None  # of a correction: what holds now; None: the window does not take place


def replan_changes(
    standing: Sequence[Standing],
    rows: Sequence[PlannedTouchpoint],
    *,
    times: Times,
    correct: bool,
    is_over: bool = False,
    anew: Collection[str] = (),
) -> list[Change]:
    """What has to change for `rows` to be the plan while the window promises `times`.

    `correct`: the times have just moved, so each column that was told something is told again. `is_over`: the work has
    been completed, so what waits to speak of its times has nothing more to say. `anew`: the keys of moments that no longer
    stand as they are, whatever their times.
    """
    by_key = {row.key: row for row in standing if row.step_key not in ENGINE_KEYS and not row.is_fallback}
    rows = list(_numbered_on(rows, by_key.values(), times))
    changes = [change for row in rows if (change := _reconcile(by_key.pop(_key(row), None), row, times, anew))]
    changes += [Change(kind=Kind.DROP, standing=row) for row in by_key.values() if row.state in STILL_TO_COME]
    changes += [Change(kind=Kind.DROP, standing=row) for row in _false_fallbacks(standing, rows, times)]
    if correct or is_over:
        changes += [Change(kind=Kind.REPLACE, standing=row) for row in _unsent_corrections(standing)]
    if correct:
        changes += [Change(kind=Kind.CORRECT, column=column, times=times) for column in told_columns(standing)]
    return changes


def cancellation_changes(standing: Sequence[Standing]) -> list[Change]:
    """Every unsent row falls; each column that was told something hears of it."""
    fallen = [Change(kind=Kind.CANCEL, standing=row) for row in standing if row.state in UNSENT]
    return fallen + [Change(kind=Kind.CORRECT, column=column) for column in told_columns(standing)]


def withdrawal_changes(standing: Sequence[Standing]) -> list[Change]:
    """Every row still to come is left out, until another release plans it anew."""
    return [Change(kind=Kind.DROP, standing=row) for row in standing if row.state in STILL_TO_COME]


def told_columns(standing: Iterable[Standing]) -> list[Column]:
    """Columns in which something was handed over, in the order of the touchpoints."""
    return list(dict.fromkeys(row.column for row in standing if row.told))


def _numbered_on(rows: Sequence[PlannedTouchpoint], standing: Collection[Standing], times: Times) -> Iterator[PlannedTouchpoint]:
    """`rows`, where those that come behind what their moment has said already go on from its last number.

    An end that is passed again, an update in a new rhythm and a reminder of another start are new messages: under the
    number of one that was sent they would never leave. What was covered by a later one that was sent falls out. The
    segments of a moment count together, because by its number people in two of them are told once.
    """
    last = _last_sent(standing)
    known: dict[tuple[str, Column, datetime | None], int]
    known = {(row.step_key, row.column, row.due_at): row.occurrence for row in standing}
    taken = {(*_moment_of(row), known.get((*_moment_of(row), row.due_at))) for row in rows}
    taken |= {(row.step_key, row.column, row.occurrence) for row in standing if row.state == "sent"}
    numbers: dict[tuple[str, Column], Iterator[int]] = {}
    for row in rows:
        due_at, sent = last.get((row.step.key, row.step.channel_id), (None, None))
        if due_at is None or sent is None or row.due_at is None or not _recurs(row, sent, times):
            yield row
        elif (*_moment_of(row), row.due_at) in known:
            yield replace(row, occurrence=known[*_moment_of(row), row.due_at])
        elif due_at < row.due_at:
            free = numbers.setdefault(_moment_of(row), count(sent.occurrence + 1))
            yield replace(row, occurrence=next(number for number in free if (*_moment_of(row), number) not in taken))


def _moment_of(row: PlannedTouchpoint) -> tuple[str, Column]:
    return row.step.key, row.step.column


def _last_sent(standing: Iterable[Standing]) -> dict[tuple[str, int], tuple[datetime, Standing]]:
    """What each moment said last by each channel, if only to some, and when."""
    said = [row for row in standing if row.state == "sent" or (row.told and row.state in UNDER_WAY)]
    sent = [(row.due_at, row) for row in said if row.due_at]
    return {(row.step_key, row.channel_id): (at, row) for at, row in sorted(sent, key=lambda one: (one[0], one[1].occurrence))}


def _recurs(row: PlannedTouchpoint, sent: Standing, times: Times) -> bool:
    if row.step.is_reminder:
        return sent.times.starts_at != times.starts_at
    return row.step.anchor in ("during", "end")


def _false_fallbacks(standing: Iterable[Standing], rows: Sequence[PlannedTouchpoint], times: Times) -> Iterator[Standing]:
    """Those still to leave that would announce other times, or a moment that has been overtaken or is gone."""
    alive = {(row.step.key, row.occurrence, row.step.segment_id) for row in rows if row.reason not in OVERTAKEN}
    for row in standing:
        is_true = row.times == times and (row.step_key, row.occurrence, row.segment_id) in alive
        if row.is_fallback and row.state in STILL_TO_COME and not is_true:
            yield row


def _unsent_corrections(standing: Iterable[Standing]) -> Iterator[Standing]:
    return (row for row in standing if row.step_key == "correction" and row.state in STILL_TO_COME)


def _reconcile(standing: Standing | None, row: PlannedTouchpoint, times: Times, anew: Collection[str]) -> Change | None:
    if standing is None:
        return Change(kind=Kind.CREATE, planned=row)
    if standing.state not in UNSENT:
        return None
    if _is_leaving(standing, row):
        row = replace(row, state="planned", reason="")
    if _stands(standing, row, times, anew):
        return None
    kind = Kind.DROP if row.state == "skipped" else Kind.MOVE
    return Change(kind=kind, standing=standing, planned=row)


def _is_leaving(standing: Standing, row: PlannedTouchpoint) -> bool:
    """Its time came between two plans: it is about to leave. Whether too late is the engine's decision, not the plan's."""
    waits = standing.state in ("planned", *UNDER_WAY) and standing.due_at == row.due_at
    return waits and row.reason in ("in_the_past", "past_use")


def _stands(standing: Standing, row: PlannedTouchpoint, times: Times, anew: Collection[str]) -> bool:
    """Whether the touchpoint already is what the plan wants."""
    same_time = standing.due_at == row.due_at
    if standing.state == "missed" or standing.skipped_by_hand:
        return same_time or row.state == "skipped"
    if row.step.key in anew:
        return False
    if row.state != "planned":
        return standing.state == row.state and same_time and standing.is_taken_out == (row.reason == "taken_out")
    return standing.state in ("planned", *UNDER_WAY) and same_time and standing.times == times


def _key(row: PlannedTouchpoint) -> Key:
    return row.step.key, row.occurrence, row.step.segment_id, row.step.channel_id
