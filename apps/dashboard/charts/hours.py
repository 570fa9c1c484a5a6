from collections.abc import Iterable
from datetime import datetime

from babel.dates import format_datetime
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.common.labels import labelled
from apps.common.times import format_utc_offset
from apps.common.zones import zone_or_utc

from ..baseline import HOUR, Judgement, Stage
from ..metrics.tickets import TicketReport
from ..wording import count_range, language, number, short_instant
from . import svg
from .axis import count_ticks, hour_ticks

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 1060, 270, 64, 12, 28


def hours_chart(report: TicketReport, *, time_zone: str) -> SafeString:
    """A bar per hour on the band of what is normal, with the hours of the work shaded."""
    scale = _Scale(report)
    parts = [*_shade(scale, report), *_band(scale, report), *_bars(scale, report, time_zone), *_expected(scale, report)]
    return svg.chart(
        "hours",
        *_grid(scale, time_zone),
        *parts,
        width=WIDTH,
        height=HEIGHT,
        title=_("Tickets per hour"),
        description=_description(report),
    )


class _Scale:
    def __init__(self, report: TicketReport) -> None:
        self.start, self.end = report.hours[0][0], report.hours[-1][0] + HOUR
        highest = max(max(row.observed, row.expected.range.high if row.expected else 0) for _hour, row in report.hours)
        self.ticks = count_ticks(highest)

    def x(self, at: datetime) -> float:
        return LEFT + (WIDTH - LEFT) * ((at - self.start) / (self.end - self.start))

    def y(self, count: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - count / self.ticks[-1])

    @property
    def hour_width(self) -> float:
        return self.x(self.start + HOUR) - LEFT


def _grid(scale: _Scale, time_zone: str) -> list[SafeString]:
    parts = []
    for tick in scale.ticks:
        y = scale.y(tick)
        parts += [svg.line(LEFT, y, WIDTH, y, "grid"), svg.text(LEFT - 8, y + 4, number(tick), "quiet", anchor="end")]
    zone = zone_or_utc(time_zone)
    for at in hour_ticks(scale.start, scale.end, zone):
        local, x = at.astimezone(zone).replace(tzinfo=None), scale.x(at)
        midnight = local.hour == 0
        words = format_datetime(local, "EEE d MMM" if midnight else "HH:mm", locale=language())
        if LEFT + 20 <= x <= WIDTH - 20:
            parts.append(svg.text(x, HEIGHT - 8, words, "strong" if midnight else "quiet", anchor="middle"))
            parts.append(svg.line(x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 4, "grid"))
    return [*parts, svg.text(0, HEIGHT - 8, format_utc_offset(scale.start, zone=time_zone), "quiet tiny")]


def _shade(scale: _Scale, report: TicketReport) -> list[SafeString]:
    return [
        svg.rect(
            scale.x(period.starts_at),
            TOP,
            scale.x(period.ends_at) - scale.x(period.starts_at),
            HEIGHT - TOP - BOTTOM,
            "shade",
            rx=0,
        )
        for period, _judgement in report.periods
        if period.stage == Stage.DURING
    ]


def _band(scale: _Scale, report: TicketReport) -> list[SafeString]:
    return [
        svg.rect(
            scale.x(hour),
            scale.y(row.expected.range.high),
            scale.hour_width,
            scale.y(row.expected.range.low) - scale.y(row.expected.range.high),
            "band",
            rx=0,
        )
        for hour, row in report.hours
        if row.expected
    ]


def _bars(scale: _Scale, report: TicketReport, time_zone: str) -> list[SafeString]:
    inset = scale.hour_width * 0.18
    return [
        svg.rect(
            scale.x(hour) + inset,
            scale.y(row.observed),
            scale.hour_width - 2 * inset,
            scale.y(0) - scale.y(row.observed),
            "bar bar-above" if row.is_above else "bar bar-tickets",
            tooltip=_tip(hour, row, time_zone),
            rx=1.5,
        )
        for hour, row in report.hours
        if row.observed
    ]


def _expected(scale: _Scale, report: TicketReport) -> list[SafeString]:
    """The line of what is expected, broken where there is no verdict."""
    return [svg.steps(points, "expected") for points in _runs(scale, report)]


def _runs(scale: _Scale, report: TicketReport) -> Iterable[list[tuple[float, float]]]:
    run: list[tuple[float, float]] = []
    for hour, row in report.hours:
        if row.expected:
            y = scale.y(row.expected.count)
            run += [(scale.x(hour), y), (scale.x(hour + HOUR), y)]
        elif run:
            yield run
            run = []
    if run:
        yield run


def _tip(hour: datetime, row: Judgement, time_zone: str) -> str:
    words = labelled(short_instant(hour, zone=time_zone), number(row.observed))
    return f"{words} ({count_range(row.expected.range)})" if row.expected else words


def _description(report: TicketReport) -> str:
    busiest = max(row.observed for _hour, row in report.hours)
    above = sum(row.is_above for _hour, row in report.hours)
    return _("%(hours)s hours; the busiest had %(most)s tickets; %(above)s lay above the normal range.") % {
        "hours": number(len(report.hours)),
        "most": number(busiest),
        "above": number(above),
    }
