"""The windows with their campaigns and touchpoints: few enough to be made as objects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.audiences.models import Segment
from apps.campaigns.models import Anchor, Campaign, Playbook, Reason, Step, Touchpoint, TouchpointState
from apps.channels.models import Channel
from apps.windows.models import Impact, MaintenanceWindow, RevisionChange, Service, WindowRevision, WindowStatus

from .sizes import Fate, Sizes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = ("Europe/Paris", "Europe/London", "America/New_York", "Asia/Tokyo", "UTC")
WORKS = ("Database upgrade", "Security patch", "Network maintenance", "Storage move", "Payment provider", "Search index")
STATUSES = {
    Fate.COMPLETED: WindowStatus.COMPLETED,
    Fate.CANCELLED: WindowStatus.CANCELLED,
    Fate.RUNNING: WindowStatus.IN_PROGRESS,
    Fate.SCHEDULED: WindowStatus.SCHEDULED,
    Fate.DRAFT: WindowStatus.DRAFT,
}
# Key, anchor, days and hours from it. The first is sent on release, the last waits for the completion.
MOMENTS = (
    ("announce", Anchor.ANNOUNCE, 0, 0),
    ("reminder-7d", Anchor.START, -7, 0),
    ("reminder-24h", Anchor.START, -1, 0),
    ("reminder-1h", Anchor.START, 0, -1),
    ("completed", Anchor.ACTUAL_END, 0, 0),
)
BATCH = 2000


@dataclass(frozen=True, kw_only=True)
class Basics:
    """What all windows share."""

    services: Sequence[Service]
    segments: Sequence[Segment]
    channel: Channel
    playbook: Playbook
    steps: Sequence[Step]


def make_windows(sizes: Sizes, basics: Basics, *, now: datetime) -> list[tuple[Fate, Campaign]]:
    pairs = [(fate, _window(number, fate, now)) for number, fate in enumerate(sizes.fates())]
    windows = MaintenanceWindow.objects.bulk_create([window for _fate, window in pairs], BATCH)
    through = MaintenanceWindow.services.through
    links = [
        through(maintenancewindow_id=window.pk, service_id=basics.services[(number + extra * 5) % len(basics.services)].pk)
        for number, window in enumerate(windows)
        for extra in range(1 + number % 2)
    ]
    through._default_manager.bulk_create(links, BATCH)
    WindowRevision.objects.bulk_create([_revision(window) for window in windows if window.revision], BATCH)
    campaigns = [Campaign(window=window, playbook=basics.playbook, released_at=window.scheduled_at) for _fate, window in pairs]
    made = Campaign.objects.bulk_create(campaigns, BATCH)
    return [(fate, campaign) for (fate, _window), campaign in zip(pairs, made, strict=True)]


def make_touchpoints(campaigns: Sequence[tuple[Fate, Campaign]], basics: Basics, *, now: datetime) -> None:
    rows = (row for number, pair in enumerate(campaigns) for row in _touchpoints(number, *pair, basics, now))
    Touchpoint.objects.bulk_create(rows, BATCH)


def _window(number: int, fate: Fate, now: datetime) -> MaintenanceWindow:
    start = now.replace(minute=0, second=0, microsecond=0) + _distance(number, fate)
    end = start + HOUR * (2 + number % 5)
    is_promised = fate is not Fate.DRAFT
    has_begun = fate in (Fate.COMPLETED, Fate.RUNNING)
    return MaintenanceWindow(
        title=f"{WORKS[number % len(WORKS)]} {number + 1:04d}",
        impact=Impact.values[number % len(Impact.values)],
        status=STATUSES[fate],
        time_zone=ZONES[number % len(ZONES)],
        starts_at=start,
        ends_at=end,
        announced_ends_at=end + HOUR,
        reason="It is needed to keep the service safe and quick.",
        effect="Orders and payments pause meanwhile.",
        alternatives="Orders can be placed by phone.",
        revision=1 if is_promised else 0,
        content_changed_at=start - 21 * DAY,
        scheduled_at=min(now, start - 21 * DAY) if is_promised else None,
        actual_started_at=start if has_begun else None,
        actual_ended_at=end if fate is Fate.COMPLETED else None,
    )


def _distance(number: int, fate: Fate) -> timedelta:
    """From now to the start: two years back, and one ahead."""
    if fate is Fate.RUNNING:
        return -HOUR
    if fate in (Fate.COMPLETED, Fate.CANCELLED):
        return -(3 + number % 700) * DAY
    return (16 + number % 350) * DAY


def _revision(window: MaintenanceWindow) -> WindowRevision:
    names = ("status", "time_zone", "starts_at", "ends_at", "announced_ends_at")
    values: dict[str, Any] = {name: getattr(window, name) for name in names}
    return WindowRevision(
        window=window, number=1, change=RevisionChange.SCHEDULED, changed_at=window.content_changed_at, **values
    )


def _touchpoints(number: int, fate: Fate, campaign: Campaign, basics: Basics, now: datetime) -> Iterator[Touchpoint]:
    if fate is Fate.DRAFT:
        return
    for place, (key, _anchor, days, hours) in enumerate(MOMENTS):
        window = campaign.window
        due_at = window.starts_at + days * DAY + hours * HOUR
        if key == "announce":
            due_at = window.scheduled_at or due_at
        elif key == "completed":
            due_at = window.actual_ended_at or window.ends_at
        state, reason = _state(fate, key, due_at, now)
        is_sent = state == TouchpointState.SENT
        yield Touchpoint(
            campaign=campaign,
            step=basics.steps[place],
            step_key=key,
            segment=basics.segments[number % len(basics.segments)],
            channel=basics.channel,
            content_key=key,
            revision=1,
            state=state,
            reason=reason,
            due_at=None if state == TouchpointState.HELD else due_at,
            expand_at=None if state == TouchpointState.HELD else due_at - timedelta(minutes=10),
            useful_until=None if state == TouchpointState.HELD else due_at + 6 * HOUR,
            expanded_at=due_at if is_sent else None,
            first_sent_at=due_at + timedelta(seconds=1) if is_sent else None,
            settled_at=due_at + timedelta(minutes=2) if is_sent else None,
        )


def _state(fate: Fate, key: str, due_at: datetime, now: datetime) -> tuple[str, str]:
    if fate is Fate.COMPLETED:
        return TouchpointState.SENT, ""
    if fate is Fate.CANCELLED:
        return TouchpointState.CANCELLED, Reason.WINDOW_CANCELLED
    if key == "completed":
        return TouchpointState.HELD, Reason.AWAITS_COMPLETION
    return (TouchpointState.PLANNED, "") if due_at > now else (TouchpointState.SKIPPED, Reason.IN_THE_PAST)
