"""What a change would do, before it is done: the same rules as services.py, and nothing is written."""

from collections.abc import Collection, Sequence
from copy import copy
from datetime import datetime

from apps.windows.models import MaintenanceWindow
from apps.windows.rules import announced_end

from .models import Campaign
from .planner import PlanStep
from .plans import campaign_plan, standings, times_of
from .replanning import Change, cancellation_changes, replan_changes, withdrawal_changes


def foresee_move(
    campaign: Campaign, *, starts_at: datetime, ends_at: datetime, announced_ends_at: datetime | None = None, now: datetime
) -> list[Change]:
    """What rescheduling or extending to these times would change about the touchpoints."""
    window = copy(campaign.window)
    window.starts_at, window.ends_at = starts_at, ends_at
    left_from = max(now, starts_at) if window.actual_started_at and now < ends_at else starts_at
    window.announced_ends_at = announced_ends_at or announced_end(left_from, ends_at)
    return _foresee(campaign, window, now=now, moved=times_of(window) != times_of(campaign.window))


def foresee_steps(campaign: Campaign, asked: Sequence[PlanStep], *, anew: Collection[str] = (), now: datetime) -> list[Change]:
    """What asking for these steps, by hand, would change about the touchpoints; `anew`: see `services.replan`."""
    return _foresee(campaign, campaign.window, now=now, asked=asked, anew=anew)


def foresee_start(campaign: Campaign, *, now: datetime) -> list[Change]:
    window = copy(campaign.window)
    window.actual_started_at = now
    return _foresee(campaign, window, now=now)


def foresee_completion(campaign: Campaign, *, now: datetime) -> list[Change]:
    window = copy(campaign.window)
    window.actual_ended_at = now
    return _foresee(campaign, window, now=now)


def foresee_cancellation(campaign: Campaign) -> list[Change]:
    touchpoints = list(campaign.touchpoints.order_by("pk"))
    return cancellation_changes(standings(touchpoints, campaign.window))


def foresee_withdrawal(campaign: Campaign) -> list[Change]:
    return withdrawal_changes(standings(list(campaign.touchpoints.order_by("pk")), campaign.window))


def _foresee(
    campaign: Campaign,
    window: MaintenanceWindow,
    *,
    now: datetime,
    moved: bool = False,
    asked: Sequence[PlanStep] | None = None,
    anew: Collection[str] = (),
) -> list[Change]:
    rows = campaign_plan(campaign, window, now=now, moved=moved, asked=asked)
    standing = standings(list(campaign.touchpoints.order_by("pk")), campaign.window)
    is_over = window.actual_ended_at is not None
    return replan_changes(standing, rows, times=times_of(window), correct=moved, is_over=is_over, anew=anew)
