from datetime import datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.common.times import format_instant, format_period
from apps.windows.models import MaintenanceWindow, WindowStatus

from .. import links, wording
from ..metrics.touchpoints import TouchpointFigures
from ..report.sending import STATE_TONES
from ..stats import Interval, Rate

register = template.Library()

WINDOW_TONES = {
    WindowStatus.DRAFT: "idle",
    WindowStatus.SCHEDULED: "info",
    WindowStatus.IN_PROGRESS: "warn",
    WindowStatus.VERIFYING: "warn",
    WindowStatus.COMPLETED: "ok",
    WindowStatus.CANCELLED: "idle",
}


@register.simple_tag
def instant(at: datetime, zone: str, *, seconds: bool = False) -> SafeString:
    """The zone's wall clock with its offset; the whole sentence in the title."""
    short = wording.short_instant(at, zone=zone, seconds=seconds)
    return format_html(
        '<time datetime="{}" title="{}">{} <span class="offset">{}</span></time>',
        at.isoformat(),
        format_instant(at, zone=zone, language=wording.language()),
        short.wall,
        short.offset,
    )


@register.simple_tag
def period(window: MaintenanceWindow) -> str:
    return format_period(window.starts_at, window.ends_at, zone=window.time_zone, language=wording.language())


@register.simple_tag
def full_instant(at: datetime, zone: str) -> str:
    return format_instant(at, zone=zone, language=wording.language())


@register.simple_tag
def countdown(target: datetime, now: datetime) -> SafeString:
    """The distance to `target` by the server's clock; the script keeps it going, without it the page shows it as it was."""
    return format_html(
        '<span class="countdown" role="timer" data-countdown="{}" data-units="{}">{}</span>',
        round(target.timestamp() * 1000),
        # Translators: days, hours, minutes and seconds of a countdown, one after another.
        _("d h min s"),
        wording.short_duration(abs(target - now)),
    )


@register.simple_tag
def now_ms(now: datetime) -> int:
    return round(now.timestamp() * 1000)


@register.simple_tag
def log_of(touchpoint: TouchpointFigures, state: str = "") -> str:
    return links.campaign_log(touchpoint.campaign_id, touchpoint=touchpoint.id, state=state)


@register.filter
def number(value: float) -> str:
    return wording.number(value)


@register.filter
def decimal(value: float) -> str:
    return wording.number(value, digits=1)


@register.filter
def share(value: Rate) -> str:
    return wording.percent(value.share) if value.share is not None else "–"


@register.filter
def short_duration(value: timedelta) -> str:
    return wording.short_duration(value)


@register.filter
def count_range(value: Interval) -> str:
    return wording.count_range(value)


@register.filter
def state_tone(state: str) -> str:
    return STATE_TONES.get(state, "idle")


@register.filter
def window_tone(status: str) -> str:
    return WINDOW_TONES.get(WindowStatus(status), "idle")


@register.filter
def unlocalized(value: float) -> str:
    """For attributes that programs read: always with a point."""
    return f"{value:.4f}"
