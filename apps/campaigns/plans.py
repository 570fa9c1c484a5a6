"""From rows to the planner's values: what a window, a playbook and standing touchpoints mean to the plan."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from apps.channels.models import MAIL_KINDS, Channel, ChannelKind
from apps.windows.models import MaintenanceWindow, RevisionChange, WindowRevision

from .matrix.cells import ChannelTraits, HandMade, adjusted
from .models import Audience, Campaign, HandMadeCell, Playbook, Reason, Step, Touchpoint, TouchpointState
from .planner import CellKey, PlannedTouchpoint, PlanStep, PlanWindow, plan
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
        channel_has_quiet_hours=channel_traits(step.channel).has_quiet_hours,
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
        owner_id=step.owner_id,
        label=step.label,
        is_own=step.campaign_id is not None,
        is_by_hand=step.campaign_id is not None,
    )


def channel_traits(channel: Channel) -> ChannelTraits:
    return ChannelTraits(
        enabled=channel.is_enabled,
        has_quiet_hours=channel.kind == ChannelKind.SMS,
        writes_mail=channel.kind in MAIL_KINDS,
    )


def playbook_steps(playbook: Playbook) -> list[PlanStep]:
    return [plan_step(step) for step in playbook.steps.select_related("channel", "fallback_channel")]


def plan_steps(playbook: Playbook, window: MaintenanceWindow | None) -> list[PlanStep]:
    """Those of `playbook` and of the moments added to the plan of `window`, before single cells are switched by hand."""
    return [plan_step(step) for step in Step.objects.in_plan(playbook, window).select_related("channel", "fallback_channel")]


def hand_made(window: MaintenanceWindow | None) -> list[HandMade]:
    """What was decided by hand about the plan of a window; nothing where it has not been saved yet."""
    rows = HandMadeCell.objects.filter(campaign__window=window) if window is not None else HandMadeCell.objects.none()
    return [
        HandMade(
            cell=CellKey(row.step_key, row.segment_id, row.channel_id),
            is_on=row.is_on,
            owner_id=row.owner_id,
            decided_at=row.decided_at,
            decided_by_id=row.decided_by_id,
        )
        for row in rows
    ]


def preview_plan(
    window: PlanWindow, playbook: Playbook, *, existing: MaintenanceWindow | None = None, now: datetime
) -> list[PlannedTouchpoint]:
    """The plan that `playbook` gives for a window that need not exist yet, with what was decided by hand where it does."""
    return plan(window, with_hand_made(plan_steps(playbook, existing), hand_made(existing)), now=now)


def traits_of(channel_ids: Collection[int]) -> dict[int, ChannelTraits]:
    channels = Channel.objects.in_bulk(channel_ids) if channel_ids else {}
    return {pk: channel_traits(channel) for pk, channel in channels.items()}


def with_hand_made(steps: Sequence[PlanStep], by_hand: Iterable[HandMade]) -> list[PlanStep]:
    by_hand = list(by_hand)
    return adjusted(steps, by_hand, traits_of({one.cell.channel_id for one in by_hand if one.is_on}))


def campaign_steps(campaign: Campaign) -> list[PlanStep]:
    """The steps of its plan, with what was decided by hand."""
    return with_hand_made(plan_steps(campaign.playbook, campaign.window), hand_made(campaign.window))


def campaign_plan(
    campaign: Campaign,
    window: MaintenanceWindow,
    *,
    now: datetime,
    moved: bool = False,
    asked: Sequence[PlanStep] | None = None,
) -> list[PlannedTouchpoint]:
    """The plan of a released campaign for `window`, which may carry values not saved yet.

    `moved`: its times just changed. `asked`: in place of the steps that are saved, with what was decided by hand.
    """
    if campaign.released_at is None:
        return []
    times = released_window(campaign, window, spoken_at=now if moved else None)
    return plan(times, campaign_steps(campaign) if asked is None else asked, now=now)


def released_window(campaign: Campaign, window: MaintenanceWindow, *, spoken_at: datetime | None = None) -> PlanWindow:
    """`window` as the plan of a released campaign sees it; `spoken_at` None: when its times last changed."""
    assert campaign.released_at is not None
    moves = [row.changed_at for row in window.revisions.all() if row.change in MOVES]
    spoken_at = spoken_at or max((campaign.released_at, *moves))
    return plan_window(window, released_at=campaign.released_at, spoken_at=spoken_at)


def window_of_plan(campaign: Campaign, *, now: datetime) -> PlanWindow:
    """The window as the plan of its campaign sees it: of a draft, as if it were scheduled at `now`."""
    if campaign.released_at is None:
        return plan_window(campaign.window, released_at=now)
    return released_window(campaign, campaign.window)


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
            due_at=row.planned_for or row.due_at,
            revision=row.revision,
            times=promised.get(row.revision, times_of(window)),
            told=row.first_sent_at is not None,
            is_fallback=row.audience == Audience.FAILED,
            skipped_by_hand=row.state == TouchpointState.SKIPPED and row.reason == Reason.SKIPPED_BY_HAND,
            is_taken_out=row.state == TouchpointState.SKIPPED and row.reason == Reason.TAKEN_OUT,
        )
        for row in touchpoints
    ]
