"""What a campaign would send, when and to whom, as a rehearsal plays it: read from its board, nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from apps.campaigns.board import Board, Column, Spot, campaign_board, planned_board
from apps.campaigns.models import Anchor, Audience, Campaign, Step, TouchpointState
from apps.campaigns.planner import PlannedTouchpoint, PlanStep, PlanWindow, plan
from apps.campaigns.plans import campaign_steps, plan_window
from apps.campaigns.reach import ColumnKey
from apps.campaigns.wishes import campaign_wish, wished_plan

from ..models import Assumed
from .digest import plan_digest

# What leaves, has left or waits for a fact is played; what the plan leaves out is shown with its reason.
PLAYED = (
    TouchpointState.PLANNED,
    TouchpointState.HELD,
    TouchpointState.DUE,
    TouchpointState.SENDING,
    TouchpointState.SENT,
)
Place = tuple[str, int, ColumnKey]  # moment, occurrence, column


@dataclass(frozen=True, kw_only=True)
class Line:
    """A touchpoint of the plan. `at`: when it would leave, `None` where that cannot be known; `recipients`: see Cell."""

    spot: Spot
    column: Column
    recipients: int | None
    audience: str
    at: datetime | None
    assumes: str

    @property
    def is_played(self) -> bool:
        return self.spot.state in PLAYED and self.at is not None


@dataclass(frozen=True, kw_only=True)
class Script:
    lines: Sequence[Line]  # in the order in which they would leave
    digest: str

    @property
    def played(self) -> list[Line]:
        return [line for line in self.lines if line.is_played]


def script_of(campaign: Campaign, *, now: datetime) -> Script:
    """Of a draft: the plan that scheduling it at `now` would make. Of a scheduled campaign: all of its touchpoints, those
    that have left included."""
    steps = Step.objects.in_plan(campaign.playbook, campaign.window)
    window = plan_window(campaign.window, released_at=campaign.released_at or now)
    reader = _Reader(
        window=window,
        times=_assumed_times(window, campaign_steps(campaign)),
        steps={(step.key, (step.segment_id, step.channel_id)): step for step in steps},
    )
    board = _board(campaign, now=now)
    lines = [reader.line(cell.spot, cell.column, cell.recipients) for cell in board.cells]
    lines.sort(key=lambda line: (line.at is None, line.at or now))
    return Script(lines=lines, digest=plan_digest(campaign, board))


def _board(campaign: Campaign, *, now: datetime) -> Board:
    if campaign.released_at is not None:
        return campaign_board(campaign)
    wish = campaign_wish(campaign, now=now)
    return planned_board(wished_plan(wish, now=now), zone=campaign.window.time_zone, now=now)


def _assumed_times(window: PlanWindow, asked: Sequence[PlanStep]) -> Mapping[Place, datetime]:
    """When what waits for a fact would leave, if work began and ended as planned."""
    begun = replace(window, starts_automatically=True)
    over = replace(begun, actual_ended_at=window.actual_ended_at or window.ends_at)
    rows: list[PlannedTouchpoint] = [
        *plan(begun, asked, now=window.released_at),
        *(row for row in plan(over, asked, now=window.released_at) if row.step.anchor == Anchor.ACTUAL_END),
    ]
    return {(row.step.key, row.occurrence, row.step.column): row.due_at for row in rows if row.due_at}


@dataclass(frozen=True, kw_only=True)
class _Reader:
    window: PlanWindow
    times: Mapping[Place, datetime]
    steps: Mapping[tuple[str, ColumnKey], Step]

    def line(self, spot: Spot, column: Column, recipients: int | None) -> Line:
        step = self.steps.get((spot.step_key, spot.column))
        touchpoint = spot.touchpoint
        return Line(
            spot=spot,
            column=column,
            recipients=recipients,
            audience=touchpoint.audience if touchpoint else Audience.SEGMENT if column.segment else Audience.CHANNEL,
            at=spot.due_at or self.times.get((spot.step_key, spot.occurrence, spot.column)),
            assumes=self._assumed(spot, step),
        )

    def _assumed(self, spot: Spot, step: Step | None) -> str:
        if spot.anchor == Anchor.ACTUAL_END:
            return Assumed.NOTHING if self.window.actual_ended_at else Assumed.COMPLETION
        if step and step.only_unconfirmed:
            return Assumed.UNCONFIRMED
        says_begun = spot.anchor in (Anchor.START, Anchor.DURING, Anchor.END) and not spot.is_reminder
        return Assumed.START if says_begun and self.window.awaits_start else Assumed.NOTHING
