"""From rows to the planner's values: what a window, a playbook and standing touchpoints mean to the plan."""

from collections.abc import Sequence
from datetime import datetime

from apps.channels.models import ChannelKind
from apps.windows.models import MaintenanceWindow, RevisionChange, WindowRevision

from .models import Audience, Campaign, Playbook, Reason, Step, Touchpoint, TouchpointState
from .planner import PlannedTouchpoint, PlanStep, PlanWindow, plan
from .replanning import Standing, Times

# Changes after which recipients are addressed anew about the window's times.
MOVES = (RevisionChange.RESCHEDULED, RevisionChange.EXTENDED)


def plan_window(window: MaintenanceWindow, *, released_at: datetime, spoken_at: datetime | None = None) -> PlanWindow:
    return PlanWindow(
        time_zone=window.time_zone,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        announced_ends_at=window.announced_ends_at,
        released_at=released_at,
        spoken_at=spoken_at or released_at,
        heavy_traffic=window.heavy_traffic,
        starts_automatically=window.starts_automatically,
        actual_started_at=window.actual_started_at,
        actual_ended_at=window.actual_ended_at,
    )


def plan_step(step: Step) -> PlanStep:
    return PlanStep(
        step_id=step.pk,
        key=step.key,
        anchor=step.anchor,
        offset_days=step.offset_days,
        offset=step.offset,
        repeats_by_cadence=step.repeats_by_cadence,
        repeat_every=step.repeat_every,
        segment_id=step.segment_id,
        channel_id=step.channel_id,
        channel_enabled=step.channel.is_enabled,
        channel_has_quiet_hours=step.channel.kind == ChannelKind.SMS,
        content_key=step.content_key,
        urgency=step.urgency,
        is_mandatory=step.is_mandatory,
        invites=step.invites,
        attaches_maintnote=step.attaches_maintnote,
        min_duration=step.min_duration,
        only_unconfirmed=step.only_unconfirmed,
        useful_for=step.useful_for,
        useful_until_before_start=step.useful_until_before_start,
        when_late=step.when_late,
        otherwise=str(step.fallback_channel or ""),
    )


def preview_plan(window: PlanWindow, playbook: Playbook, *, now: datetime) -> list[PlannedTouchpoint]:
    """The plan `playbook` gives for a window that need not exist yet; writes nothing."""
    steps = [plan_step(step) for step in playbook.steps.select_related("channel", "fallback_channel")]
    return plan(window, steps, now=now)


def campaign_plan(
    campaign: Campaign, window: MaintenanceWindow, *, now: datetime, moved: bool = False
) -> list[PlannedTouchpoint]:
    """The plan of a released campaign for `window`, which may carry values not saved yet; `moved`: its times just changed."""
    if campaign.released_at is None:
        return []
    moves = [row.changed_at for row in window.revisions.all() if row.change in MOVES]
    spoken_at = now if moved else max((campaign.released_at, *moves))
    return preview_plan(plan_window(window, released_at=campaign.released_at, spoken_at=spoken_at), campaign.playbook, now=now)


def times_of(promise: MaintenanceWindow | WindowRevision) -> Times:
    return Times(starts_at=promise.starts_at, ends_at=promise.ends_at, announced_ends_at=promise.announced_ends_at)


def standings(touchpoints: Sequence[Touchpoint], window: MaintenanceWindow) -> list[Standing]:
    """The touchpoints as the re-planning rules see them; reads the window's revisions once."""
    promised = {row.number: times_of(row) for row in window.revisions.all()}
    return [
        Standing(
            touchpoint_id=row.pk,
            step_key=row.step_key,
            occurrence=row.occurrence,
            segment_id=row.segment_id,
            channel_id=row.channel_id,
            state=row.state,
            due_at=row.due_at,
            revision=row.revision,
            times=promised.get(row.revision, times_of(window)),
            told=row.first_sent_at is not None,
            is_fallback=row.audience == Audience.FAILED,
            skipped_by_hand=row.state == TouchpointState.SKIPPED and row.reason == Reason.SKIPPED_BY_HAND,
        )
        for row in touchpoints
    ]
