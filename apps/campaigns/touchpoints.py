"""Carries out what re-planning decided, row by row. Callers hold the campaign and its touchpoints locked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, QuerySet

from apps.channels.models import Channel
from apps.common.states import move
from apps.windows.models import RevisionChange, WindowRevision

from .models import TOUCHPOINT_TRANSITIONS, Anchor, Audience, Campaign, Reason, Touchpoint, TouchpointState, Urgency
from .planner import PlannedTouchpoint
from .replanning import Change, Column, Kind

# What those who were told something false read, by what made it false.
CORRECTION_CONTENT = {
    RevisionChange.RESCHEDULED: "moved",
    RevisionChange.EXTENDED: "extended",
    RevisionChange.CANCELLED: "cancelled",
}
# A correction leaves as urgent when the work is under way or this near, at the new start or at one told before.
URGENT_BEFORE_START = timedelta(hours=24)
# A correction stays useful at least so long, even where the old times are already over.
SHORTEST_USE = timedelta(hours=6)


def apply_changes(campaign: Campaign, changes: Sequence[Change], *, revision: WindowRevision, now: datetime) -> None:
    """Writes `changes`; rows that moved carry `revision` from here on, and the engine refuses what it had prepared before."""
    channels = Channel.objects.in_bulk({change.column[1] for change in changes if change.column})
    for change in changes:
        if change.kind == Kind.CREATE and change.planned:
            _create(campaign, change.planned, revision)
        elif change.kind == Kind.CORRECT and change.column:
            _correct(campaign, change.column, channels[change.column[1]], revision, now)
        elif change.standing:
            _alter(change, Touchpoint.objects.filter(pk=change.standing.touchpoint_id), revision)


def _create(campaign: Campaign, row: PlannedTouchpoint, revision: WindowRevision) -> None:
    held = _as_held(campaign) if row.step.anchor == Anchor.DURING and campaign.updates_held_at else {}
    Touchpoint.objects.create(
        campaign=campaign,
        step_key=row.step.key,
        occurrence=row.occurrence,
        segment_id=row.step.segment_id,
        channel_id=row.step.channel_id,
        audience=Audience.CHANNEL if row.step.segment_id is None else Audience.SEGMENT,
        revision=revision.number,
        **_planned_fields(row),
        **held,
    )


def _as_held(campaign: Campaign) -> dict[str, Any]:
    """A further update of a campaign whose updates are held waits with the others."""
    return {
        "paused_at": campaign.updates_held_at,
        "paused_by": campaign.updates_held_by,
        "pause_reason": campaign.updates_held_reason,
    }


def _alter(change: Change, row: QuerySet[Touchpoint], revision: WindowRevision) -> None:
    match change.kind:
        case Kind.CANCEL:
            _move(row, TouchpointState.CANCELLED, reason=Reason.WINDOW_CANCELLED)
        case Kind.REPLACE:
            is_over = revision.change == RevisionChange.COMPLETED
            _move(row, TouchpointState.SUPERSEDED, reason=Reason.COMPLETED_EARLY if is_over else Reason.REPLACED)
        case _ if change.planned is None:
            _move(row, TouchpointState.SKIPPED, reason=_dropped_because(change, revision))
        case _:
            fields = _planned_fields(change.planned)
            _move(row, fields.pop("state"), revision=revision.number, expanded_at=None, planned_for=None, **fields)


def _dropped_because(change: Change, revision: WindowRevision) -> Reason:
    if revision.change == RevisionChange.WITHDRAWN:
        return Reason.BACK_TO_DRAFT
    is_fallback = change.standing is not None and change.standing.is_fallback
    return Reason.FALLBACK_STOPPED if is_fallback else Reason.STEP_REMOVED


def _move(row: QuerySet[Touchpoint], to: str, **fields: Any) -> None:
    move(row, to=to, transitions=TOUCHPOINT_TRANSITIONS, **fields)


def _planned_fields(row: PlannedTouchpoint) -> dict[str, Any]:
    return {
        "step_id": row.step.step_id,
        "content_key": row.step.content_key,
        "urgency": row.step.urgency,
        "is_mandatory": row.step.is_mandatory,
        "invites": row.step.invites,
        "attaches_maintnote": row.step.attaches_maintnote,
        "state": row.state,
        "reason": row.reason,
        "due_at": row.due_at,
        "expand_at": row.expand_at,
        "useful_until": row.useful_until,
    }


def _correct(campaign: Campaign, column: Column, channel: Channel, revision: WindowRevision, now: datetime) -> None:
    """A notice to those of `column` who were told something that no longer holds; it goes to all of them, at once.

    Who they are is read from the deliveries when it is expanded, after what is being sent just now has been settled.
    """
    cancelled = revision.change == RevisionChange.CANCELLED
    promised = campaign.window.revisions.filter(announced_ends_at__gt=now)  # people may expect any of these
    expected_at = promised.aggregate(at=Min("starts_at"))["at"] or revision.starts_at
    Touchpoint.objects.create(
        campaign=campaign,
        step_key="cancellation" if cancelled else "correction",
        occurrence=revision.number,
        segment_id=column[0],
        channel=channel,
        audience=Audience.TOLD,
        content_key=CORRECTION_CONTENT[RevisionChange(revision.change)],
        urgency=Urgency.URGENT if expected_at - now <= URGENT_BEFORE_START else Urgency.ROUTINE,
        is_mandatory=True,
        attaches_maintnote=_has_had_maintnotes(campaign, column),
        revision=revision.number,
        state=TouchpointState.PLANNED,
        due_at=now,
        expand_at=now,
        useful_until=max(revision.announced_ends_at, now + SHORTEST_USE),
    )


def _has_had_maintnotes(campaign: Campaign, column: Column) -> bool:
    """A machine that was told of the window by its file hears by the same means that this has become false."""
    segment_id, channel_id = column
    if segment_id is None:
        return False
    return campaign.touchpoints.filter(segment_id=segment_id, channel_id=channel_id, attaches_maintnote=True).exists()
