"""The plan of a campaign: which touchpoint goes when, or why not. Pure and total: every step yields at least a row.

Knows neither Django nor the database; the rules are those of PRODUCT.md section 1 and are given with the steps.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class PlanWindow:
    """What the plan needs to know of a window; instants in UTC."""

    time_zone: str
    starts_at: datetime
    ends_at: datetime
    announced_ends_at: datetime
    heavy_traffic: bool = False
    starts_automatically: bool = True
    actual_started_at: datetime | None = None
    actual_ended_at: datetime | None = None


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
    zones: frozenset[str] = frozenset()  # of the segment's people, where quiet hours matter
    step_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedTouchpoint:
    """One row of the plan. `state` is planned, held or skipped; held and some skipped rows have no times."""

    step: PlanStep
    occurrence: int
    state: Literal["planned", "held", "skipped"]
    reason: str  # a campaigns.Reason; empty when planned
    due_at: datetime | None
    expand_at: datetime | None
    useful_until: datetime | None
