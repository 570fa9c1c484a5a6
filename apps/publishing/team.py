"""The team's own entries in an internal feed: meetings and touchpoints of the windows that it holds.

They are reckoned from rows that are few, so they are made anew each time and not remembered.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.campaigns.meetings import Meeting, MeetingKind, meetings
from apps.campaigns.models import Campaign, Touchpoint, TouchpointState
from apps.campaigns.moments import touchpoint_words
from apps.common.text import one_line
from apps.common.zones import zone_or_utc
from apps.windows.calendar.lines import encoded, instant_line, text_line
from apps.windows.models import MaintenanceWindow, WindowStatus

from .narrowing import Entry
from .selections import Selection

LOOKS_BACK = timedelta(days=30)
LOOKS_AHEAD = timedelta(days=90)
TOUCHPOINT_SHOWN_FOR = timedelta(minutes=15)  # an instant, which calendars show as nothing
NAMES: dict[str, str | Promise] = {
    MeetingKind.PLANNING: gettext_lazy("Planning: %(title)s"),
    MeetingKind.CHECK_IN: gettext_lazy("Check-in %(number)s: %(title)s"),
    MeetingKind.RETROSPECTIVE: gettext_lazy("Retrospective: %(title)s"),
}
STANDS = (TouchpointState.PLANNED, TouchpointState.DUE, TouchpointState.SENDING, TouchpointState.SENT)


def facts_of_team(selection: Selection, now: datetime) -> list[Any]:
    """The rows from which the entries are made; those of the windows are in the feed's marker already."""
    if not selection.feed.has_touchpoints:
        return []
    names = ("pk", "state", "due_at", "revision", "updated_at", "segment__name", "channel__name")
    return list(_touchpoints(selection, now).values_list(*names))


def team_entries(selection: Selection, now: datetime) -> list[Entry]:
    with translation.override(selection.feed.language):
        entries = list(_meeting_entries(selection, now)) if selection.feed.has_meetings else []
        return entries + (list(_touchpoint_entries(selection, now)) if selection.feed.has_touchpoints else [])


def _windows(selection: Selection, now: datetime) -> Any:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)  # the marker knows days only
    return selection.windows(now).filter(announced_ends_at__gte=today - LOOKS_BACK, starts_at__lte=today + LOOKS_AHEAD)


def _meeting_entries(selection: Selection, now: datetime) -> Iterator[Entry]:
    campaigns = dict(Campaign.objects.values_list("window_id", "pk"))
    for window in _windows(selection, now).prefetch_related("translations"):
        title = one_line(window.text_in(selection.feed.language).title)
        for meeting in _meetings_of(window):
            yield _entry(
                uid=uuid5(window.uid, f"{meeting.kind}-{meeting.number}"),
                window=window,
                changed_at=window.content_changed_at,
                times=(meeting.starts_at, meeting.ends_at),
                summary=str(NAMES[meeting.kind]) % {"title": title, "number": meeting.number},
                stands=window.status != WindowStatus.CANCELLED,
                campaign_id=campaigns.get(window.pk),
                takes_time=True,
            )


def _meetings_of(window: MaintenanceWindow) -> list[Meeting]:
    return meetings(
        starts_at=window.starts_at,
        ends_at=window.announced_ends_at,
        ended_at=window.actual_ended_at if window.actual_ended_at and window.actual_ended_at > window.starts_at else None,
        promised_at=window.scheduled_at or window.content_changed_at,
        zone=zone_or_utc(window.time_zone),
    )


def _touchpoints(selection: Selection, now: datetime) -> Any:
    rows = Touchpoint.objects.filter(due_at__isnull=False, campaign__window__in=_windows(selection, now).order_by().values("pk"))
    if selection.segments:
        rows = rows.filter(segment__in=selection.segments)
    return rows.order_by("due_at", "pk")


def _touchpoint_entries(selection: Selection, now: datetime) -> Iterator[Entry]:
    rows = _touchpoints(selection, now).select_related("campaign__window", "step", "segment", "channel")
    for touchpoint in rows.prefetch_related("campaign__window__translations"):
        window = touchpoint.campaign.window
        to = one_line(f"{touchpoint.segment or touchpoint.channel}")
        title = one_line(window.text_in(selection.feed.language).title)
        yield _entry(
            uid=uuid5(window.uid, f"touchpoint-{touchpoint.pk}"),
            window=window,
            changed_at=max(touchpoint.updated_at, window.content_changed_at),
            times=(touchpoint.due_at, touchpoint.due_at + TOUCHPOINT_SHOWN_FOR),
            summary=f"{touchpoint_words(touchpoint)} → {to}: {title}",
            stands=touchpoint.state in STANDS,
            campaign_id=touchpoint.campaign_id,
            details=(
                _("Channel: %(name)s") % {"name": one_line(touchpoint.channel.name)},
                _("Status: %(status)s") % {"status": TouchpointState(touchpoint.state).label},
            ),
        )


def _entry(
    *,
    uid: UUID,
    window: MaintenanceWindow,
    changed_at: datetime,
    times: tuple[datetime, datetime],
    summary: str,
    stands: bool,
    campaign_id: int | None,
    details: Iterable[str] = (),
    takes_time: bool = False,
) -> Entry:
    url = settings.SITE_URL + reverse("dashboard:live", args=[campaign_id]) if campaign_id else ""
    begins, ends = times
    lines = (
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"SEQUENCE:{window.revision}",
        instant_line("DTSTAMP", changed_at),
        instant_line("LAST-MODIFIED", changed_at),
        instant_line("DTSTART", begins),
        instant_line("DTEND", ends),
        text_line("SUMMARY", summary if stands else _("Cancelled: %(title)s") % {"title": summary}),
        text_line("DESCRIPTION", "\n".join(filter(None, (*details, url)))),
        f"STATUS:{'CONFIRMED' if stands else 'CANCELLED'}",
        f"TRANSP:{'OPAQUE' if takes_time and stands else 'TRANSPARENT'}",
        "CLASS:CONFIDENTIAL",
        *([f"URL:{url}"] if url else []),
        "END:VEVENT",
    )
    return Entry(starts_at=begins, ends_at=ends, body=encoded(lines))
