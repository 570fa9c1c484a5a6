"""Where a window stands and what comes next, as the first two sentences of its page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.common.times import format_duration, format_instant
from apps.windows.models import UNDER_WAY_STATUSES, MaintenanceWindow, WindowStatus

STYLES = {
    WindowStatus.DRAFT: "",
    WindowStatus.SCHEDULED: "info",
    WindowStatus.IN_PROGRESS: "warn running",
    WindowStatus.VERIFYING: "warn running",
    WindowStatus.COMPLETED: "ok",
    WindowStatus.CANCELLED: "",
}


@dataclass(frozen=True, kw_only=True)
class Headline:
    status: str
    style: str
    stands: str
    next_step: str
    is_overrun: bool


def headline(window: MaintenanceWindow, *, now: datetime) -> Headline:
    status = WindowStatus(window.status)
    is_overrun = status in UNDER_WAY_STATUSES and window.ends_at <= now
    stands, next_step = _sentences(window, status, is_overrun, now)
    return Headline(
        status=str(status.label),
        style="bad" if is_overrun else STYLES[status],
        stands=stands,
        next_step=next_step,
        is_overrun=is_overrun,
    )


def _sentences(window: MaintenanceWindow, status: WindowStatus, is_overrun: bool, now: datetime) -> tuple[str, str]:
    match status:
        case WindowStatus.DRAFT:
            stands = _("It is a draft: nobody has been told, and nothing leaves by itself.")
            return stands, _("Review the plan and schedule it.")
        case WindowStatus.SCHEDULED if window.starts_at <= now:
            stands = _("It was to start %(ago)s ago and has not been started.") % {"ago": _length(now - window.starts_at)}
            return stands, _("Start the work, or move the window.")
        case WindowStatus.SCHEDULED:
            stands = _("It starts in %(wait)s.") % {"wait": _length(window.starts_at - now)}
            return stands, _starting_words(window)
        case WindowStatus.COMPLETED:
            stands = _("It was completed: %(when)s.") % {"when": _instant(window.actual_ended_at or now, window)}
            temporary = _("It was a temporary fix: plan the further window that was announced.")
            return stands, temporary if window.is_temporary_fix else _("See in the review what came of it.")
        case WindowStatus.CANCELLED:
            return _("It was cancelled and does not take place."), ""
    if is_overrun:
        stands = _("Its planned end passed %(ago)s ago, and nobody has confirmed that it is over.") % {
            "ago": _length(now - window.ends_at)
        }
        return stands, _("Extend it with a reason, or complete it.")
    stands = _("It has been under way for %(for)s; its planned end is in %(left)s.") % {
        "for": _length(now - (window.actual_started_at or window.starts_at)),
        "left": _length(window.ends_at - now),
    }
    if status == WindowStatus.VERIFYING:
        return stands, _("The work is done and is being verified: complete it once you are sure.")
    return stands, _("Complete it once somebody has confirmed that it is over; extend it if the end moves.")


def _starting_words(window: MaintenanceWindow) -> str:
    if window.starts_automatically:
        return _("It starts by itself at the planned time.")
    return _("Somebody has to start it: the start notice waits for that.")


def _length(length: timedelta) -> str:
    """Rounded to what matters at that distance."""
    length = max(length, timedelta(0))
    unit = timedelta(seconds=1)
    if length >= timedelta(minutes=1):
        unit = timedelta(hours=1) if length >= timedelta(days=2) else timedelta(minutes=1)
    return format_duration(length // unit * unit, language=_language())


def _instant(instant: datetime, window: MaintenanceWindow) -> str:
    return format_instant(instant, zone=window.time_zone, language=_language())


def _language() -> str:
    return get_language() or "en"
