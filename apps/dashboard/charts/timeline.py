from collections.abc import Sequence
from datetime import datetime, timedelta

from babel.dates import format_datetime
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.common.times import format_period, format_utc_offset
from apps.common.zones import zone_or_utc

from ..metrics.schedule import Schedule
from ..metrics.touchpoints import TouchpointFigures
from ..wording import language, short_duration
from . import svg
from .axis import hour_ticks

WIDTH, HEIGHT, LEFT = 1060, 190, 130
ROWS = {"promised": 22, "planned": 60, "actual": 98, "touchpoints": 136}
BAR = 24
SHORTEST_MARGIN = timedelta(minutes=30)


def timeline_chart(schedule: Schedule, touchpoints: Sequence[TouchpointFigures], *, now: datetime) -> SafeString:
    """Promised, planned and actual course of the work under one another, with the touchpoints that left around it."""
    scale = _Scale(schedule, now)
    return svg.chart(
        "timeline",
        *_grid(scale, schedule.time_zone),
        *_promised(scale, schedule),
        *_planned(scale, schedule),
        *_actual(scale, schedule, now),
        *_left(scale, touchpoints),
        width=WIDTH,
        height=HEIGHT,
        title=_("Planned and actual course of the work"),
        description=_description(schedule),
    )


class _Scale:
    """From an instant to its place on the drawing."""

    def __init__(self, schedule: Schedule, now: datetime) -> None:
        first, actual = schedule.first, schedule.actual_started_at
        starts = [schedule.starts_at, *([first.starts_at] if first else []), *([actual] if actual else [])]
        ends = [schedule.announced_ends_at, *([first.announced_ends_at] if first else [])]
        ends.append(schedule.actual_ended_at or (now if actual else schedule.ends_at))
        margin = max(SHORTEST_MARGIN, (max(ends) - min(starts)) / 12)
        self.start, self.end = min(starts) - margin, max(ends) + margin

    def x(self, at: datetime) -> float:
        return LEFT + (WIDTH - LEFT) * ((at - self.start) / (self.end - self.start))

    def shows(self, at: datetime) -> bool:
        return self.start <= at <= self.end


def _grid(scale: _Scale, time_zone: str) -> list[SafeString]:
    zone, parts = zone_or_utc(time_zone), []
    for tick in hour_ticks(scale.start, scale.end, zone):
        x, local = scale.x(tick), tick.astimezone(zone).replace(tzinfo=None)
        midnight = local.hour == 0
        words = format_datetime(local, "EEE d MMM" if midnight else "HH:mm", locale=language())
        parts += [
            svg.line(x, 8, x, HEIGHT - 24, "grid"),
            svg.text(x, HEIGHT - 8, words, "strong" if midnight else "quiet", anchor="middle"),
        ]
    return [*parts, svg.text(0, HEIGHT - 8, format_utc_offset(scale.start, zone=time_zone), "quiet")]


def _promised(scale: _Scale, schedule: Schedule) -> list[SafeString]:
    first = schedule.first
    if first is None:
        return []
    return [
        svg.text(0, ROWS["promised"] + 16, _("First promised")),
        _bar(scale, "promised", first.starts_at, first.announced_ends_at, "bar-range"),
        _bar(scale, "promised", first.starts_at, first.ends_at, "bar-promised"),
    ]


def _planned(scale: _Scale, schedule: Schedule) -> list[SafeString]:
    return [
        svg.text(0, ROWS["planned"] + 16, _("Last plan")),
        _bar(scale, "planned", schedule.starts_at, schedule.announced_ends_at, "bar-range"),
        _bar(scale, "planned", schedule.starts_at, schedule.ends_at, "bar-planned"),
    ]


def _actual(scale: _Scale, schedule: Schedule, now: datetime) -> list[SafeString]:
    label = svg.text(0, ROWS["actual"] + 16, _("Actual"))
    if schedule.actual_started_at is None:
        return [label, svg.text(scale.x(schedule.starts_at), ROWS["actual"] + 16, _("not started"), "quiet")]
    end = schedule.actual_ended_at or max(now, schedule.actual_started_at)
    parts = [label, _bar(scale, "actual", schedule.actual_started_at, min(end, schedule.ends_at), "bar-actual")]
    if end > schedule.ends_at:
        over = "bar-over" if end <= schedule.announced_ends_at else "bar-late"
        parts.append(_bar(scale, "actual", max(schedule.actual_started_at, schedule.ends_at), end, over))
    return parts


def _left(scale: _Scale, touchpoints: Sequence[TouchpointFigures]) -> list[SafeString]:
    shown = [row for row in touchpoints if row.first_sent_at and scale.shows(row.first_sent_at)]
    marks = []
    for row in shown:
        assert row.first_sent_at is not None
        tip = f"{row.moment}, {row.segment or row.channel}: {short_duration(row.late_by) if row.late_by is not None else '–'}"
        x = scale.x(row.first_sent_at)
        marks.append(
            svg.element(
                "circle",
                svg.element("title", tip),
                cx=x,
                cy=ROWS["touchpoints"] + 12,
                r=5,
                class_="mark-late" if row.is_late else "mark",
            )
        )
    return [svg.text(0, ROWS["touchpoints"] + 16, _("Touchpoints")), *marks]


def _bar(scale: _Scale, row: str, start: datetime, end: datetime, class_: str) -> SafeString:
    return svg.rect(scale.x(start), ROWS[row], max(1.5, scale.x(end) - scale.x(start)), BAR, f"bar {class_}", rx=3)


def _description(schedule: Schedule) -> str:
    zone = {"zone": schedule.time_zone, "language": language()}
    planned = _("Planned: %(period)s.") % {"period": format_period(schedule.starts_at, schedule.ends_at, **zone)}
    if not schedule.actual_started_at or not schedule.actual_ended_at:
        return planned
    actual = format_period(schedule.actual_started_at, schedule.actual_ended_at, **zone)
    return f"{planned} {_('Actual: %(period)s.') % {'period': actual}}"
