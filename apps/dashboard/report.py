"""The tables of the review page, each also a file to download."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from apps.campaigns.models import Campaign, TouchpointState
from apps.delivery.models import DeliveryState

from . import links
from .baseline import Judgement, Stage
from .metrics.funnel import FunnelStep, Opens
from .metrics.groups import Group
from .metrics.review import Review
from .metrics.touchpoints import TouchpointFigures
from .stats import Interval, Rate
from .tables import Cell, Column, Table
from .wording import count_range, number, percent, percent_range, short_duration, short_instant, signed

UNKNOWN = Cell(text="–", value="")
STATE_TONES: Mapping[str, str] = {
    TouchpointState.SENT: "ok",
    TouchpointState.SENDING: "info",
    TouchpointState.DUE: "info",
    TouchpointState.MISSED: "bad",
    TouchpointState.HELD: "warn",
}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What the tables speak of."""

    campaign: Campaign
    review: Review

    def instant(self, at: datetime | None, *, seconds: bool = False) -> Cell:
        if at is None:
            return UNKNOWN
        short = short_instant(at, zone=self.review.schedule.time_zone, seconds=seconds)
        return Cell(text=short.wall, note=short.offset, instant=at)


def times(subject: Subject) -> Table:
    schedule, instant = subject.review.schedule, subject.instant
    rows = [
        [
            Cell(text=_("Start")),
            *_promised(subject, "starts_at"),
            instant(schedule.starts_at),
            instant(schedule.actual_started_at),
        ],
        [Cell(text=_("End")), *_promised(subject, "ends_at"), instant(schedule.ends_at), instant(schedule.actual_ended_at)],
    ]
    latest = [
        Cell(text=_("End, at the latest")),
        *_promised(subject, "announced_ends_at"),
        instant(schedule.announced_ends_at),
        UNKNOWN,
    ]
    rows[0].append(_slip(schedule.start_slip))
    rows[1].append(_slip(schedule.end_slip))
    return Table(
        slug="times",
        title=_("Planned and actual times"),
        columns=[
            Column(label=_("What")),
            Column(label=_("First promised")),
            Column(label=_("Last plan")),
            Column(label=_("Actual")),
            Column(label=_("Difference"), is_number=True),
        ],
        rows=[*rows, [*latest, UNKNOWN]],
        note=_("The difference is the actual time less the last plan."),
    )


def _promised(subject: Subject, name: str) -> list[Cell]:
    first = subject.review.schedule.first
    return [subject.instant(getattr(first, name) if first else None)]


def _slip(slip: timedelta | None) -> Cell:
    if slip is None:
        return UNKNOWN
    text = short_duration(slip)
    return Cell(text=text if slip <= timedelta(0) else f"+{text}", value=round(slip.total_seconds()))


def touchpoints(subject: Subject) -> Table:
    return Table(
        slug="touchpoints",
        title=_("Touchpoints and their lateness"),
        columns=[
            Column(label=_("Touchpoint")),
            Column(label=_("Segment")),
            Column(label=_("Channel")),
            Column(label=_("Due")),
            Column(label=_("State")),
            Column(label=_("First left after"), is_number=True),
            Column(label=_("Half had left after"), is_number=True),
            Column(label=_("All had left after"), is_number=True),
            Column(label=_("Sent"), is_number=True),
            Column(label=_("Failed"), is_number=True),
            Column(label=_("In doubt"), is_number=True),
            Column(label=_("Left out"), is_number=True),
            Column(label=_("Too late"), is_number=True),
        ],
        rows=[_touchpoint(subject, row) for row in subject.review.touchpoints],
        note=_("Seconds in the file. Left out: no address, or one that must not be used."),
        empty=_("This campaign has no touchpoints."),
    )


def _touchpoint(subject: Subject, row: TouchpointFigures) -> list[Cell]:
    left = row.lateness
    counted = (
        (row.sent, DeliveryState.SENT),
        (row.failed, DeliveryState.FAILED),
        (row.in_doubt, DeliveryState.IN_DOUBT),
        (row.left_out, DeliveryState.SUPPRESSED),
        (row.too_late, DeliveryState.EXPIRED),
    )
    return [
        Cell(text=row.moment, url=links.touchpoint_log(row.id) if row.counts else ""),
        Cell(text=row.segment or "–", value=row.segment),
        Cell(text=row.channel),
        subject.instant(row.due_at),
        Cell(text=row.state_label, note=row.reason, tone=STATE_TONES.get(row.state, "idle")),
        _late(row.late_by, is_late=row.is_late),
        _late(left.median if left else None),
        _late(left.most if left else None),
        *(_count(count, links.touchpoint_log(row.id, state)) for count, state in counted),
    ]


def _late(duration: timedelta | None, *, is_late: bool = False) -> Cell:
    if duration is None:
        return UNKNOWN
    return Cell(text=short_duration(duration), value=round(duration.total_seconds(), 3), tone="warn" if is_late else "")


def _count(count: int, url: str = "") -> Cell:
    return Cell(text=number(count), value=count, url=url if count else "")


def funnel(subject: Subject) -> Table:
    rows = []
    for stage in subject.review.funnel.stages:
        label, of = FUNNEL_WORDS[stage.step]
        if stage.rate is None:
            unknown = Cell(text=_("unknown"), value="", note=_("no channel used here can tell"))
            rows.append([Cell(text=label()), unknown, UNKNOWN, UNKNOWN, UNKNOWN])
            continue
        rows.append([Cell(text=label()), _count(stage.count), *_rate(stage.rate, note=of())])
    apart = (
        (_("Apart: opened by machines only"), subject.review.funnel.machine),
        (_("Apart: loaded ahead only"), subject.review.funnel.prefetch),
        (_("Apart: undecided"), subject.review.funnel.undecided),
    )
    return Table(
        slug="funnel",
        title=_("From targeted to clicked"),
        columns=[Column(label=_("Step")), Column(label=_("Messages"), is_number=True), *_rate_columns()],
        rows=[*rows, *([Cell(text=label), _count(count), UNKNOWN, UNKNOWN, UNKNOWN] for label, count in apart)],
        note=_("Messages to people; posts to a chat or a webhook are not counted. A click by a person counts as opened too."),
    )


FUNNEL_WORDS: Mapping[FunnelStep, tuple[Callable[[], str], Callable[[], str]]] = {
    FunnelStep.TARGETED: (lambda: _("Targeted"), lambda: ""),
    FunnelStep.HANDED_OVER: (lambda: _("Handed over"), lambda: _("targeted")),
    FunnelStep.ACCEPTED: (lambda: _("Accepted"), lambda: _("handed over")),
    FunnelStep.DELIVERED: (lambda: _("Delivered"), lambda: _("accepted, where the channel can tell")),
    FunnelStep.OPENED: (lambda: _("Opened by people"), lambda: _("accepted, where the channel can tell")),
    FunnelStep.CLICKED: (lambda: _("Clicked by people"), lambda: _("accepted, where the channel can tell")),
}


def _rate_columns() -> list[Column]:
    return [
        Column(label=_("Rate"), is_number=True),
        Column(label=_("95% interval"), is_number=True),
        Column(label=_("Of"), is_number=True),
    ]


def _rate(rate: Rate, *, note: str = "") -> list[Cell]:
    if rate.share is None or rate.interval is None:
        return [UNKNOWN, UNKNOWN, Cell(text=number(rate.n), value=rate.n, note=note)]
    return [
        Cell(text=percent(rate.share), value=round(rate.share, 5)),
        Cell(text=percent_range(rate.interval), value=_limits(rate.interval, 5)),
        Cell(text=number(rate.n), value=rate.n, note=note),
    ]


def _limits(interval: Interval, digits: int) -> str:
    return f"{round(interval.low, digits)}–{round(interval.high, digits)}"


def opens(subject: Subject) -> Table:
    left = [row for row in subject.review.touchpoints if not row.is_broadcast and row.handed_over]
    return Table(
        slug="opens",
        title=_("Opened, by touchpoint, segment and channel"),
        columns=[
            Column(label=_("Touchpoint")),
            Column(label=_("Segment")),
            Column(label=_("Channel")),
            Column(label=_("Opened by people"), is_number=True),
            *_rate_columns(),
            Column(label=_("Clicked by people"), is_number=True),
            Column(label=_("Machines only"), is_number=True),
            Column(label=_("Loaded ahead"), is_number=True),
            Column(label=_("Undecided"), is_number=True),
        ],
        rows=[_opened(row, subject.review.funnel.opens[row.id]) for row in left],
        note=_(
            "“Not measurable” is not “unseen”: a text message shows no opens. Machines and loading ahead are never counted as read."
        ),
        empty=_("No message has been handed over."),
    )


def _opened(row: TouchpointFigures, opens: Opens) -> list[Cell]:
    place = [Cell(text=row.moment), Cell(text=row.segment or "–", value=row.segment), Cell(text=row.channel)]
    if opens.people is None or opens.clicks is None:
        return [*place, Cell(text=_("not measurable"), value=""), *[UNKNOWN] * 7]
    apart = (opens.machine, opens.prefetch, opens.undecided)
    return [*place, _count(opens.people.count), *_rate(opens.people), _count(opens.clicks.count), *map(_count, apart)]


def tickets(subject: Subject) -> Table:
    return Table(
        slug="tickets",
        title=_("Tickets per hour"),
        columns=[
            Column(label=_("Hour from")),
            Column(label=_("Tickets"), is_number=True),
            Column(label=_("Expected"), is_number=True),
            Column(label=_("Normal range"), is_number=True),
            Column(label=_("Comparable weeks"), is_number=True),
        ],
        rows=[_hour(subject, hour, judgement) for hour, judgement in subject.review.tickets.hours],
        empty=_("No help desk is connected."),
    )


def _hour(subject: Subject, hour: datetime, judgement: Judgement) -> list[Cell]:
    return [subject.instant(hour), _observed(judgement), *_expected(judgement), _weeks(judgement)]


def _observed(judgement: Judgement) -> Cell:
    return Cell(text=number(judgement.observed), value=judgement.observed, tone="warn" if judgement.is_above else "")


def _expected(judgement: Judgement) -> list[Cell]:
    if not judgement.expected:
        return [UNKNOWN, UNKNOWN]
    normal = judgement.expected.range
    return [
        Cell(text=number(judgement.expected.count, digits=1), value=round(judgement.expected.count, 2)),
        Cell(text=count_range(normal), value=_limits(normal, 1)),
    ]


def _weeks(judgement: Judgement) -> Cell:
    return Cell(text=number(judgement.expected.weeks), value=judgement.expected.weeks) if judgement.expected else UNKNOWN


def periods(subject: Subject) -> Table:
    words = {Stage.BEFORE: _("24 hours before"), Stage.DURING: _("During the work"), Stage.AFTER: _("24 hours after")}
    return Table(
        slug="periods",
        title=_("Tickets before, during and after"),
        columns=[
            Column(label=_("Period, by actual times")),
            Column(label=_("Tickets"), is_number=True),
            Column(label=_("Expected"), is_number=True),
            Column(label=_("Normal range"), is_number=True),
            Column(label=_("Excess"), is_number=True),
            Column(label=_("95% interval"), is_number=True),
            Column(label=_("Verdict")),
        ],
        rows=[
            [Cell(text=words[period.stage]), _observed(judgement), *_expected(judgement), *_excess(judgement)]
            for period, judgement in subject.review.tickets.periods
        ],
        note=_("Expected is the mean of the same weekday and hour in up to eight earlier weeks, without hours of other windows."),
    )


def _excess(judgement: Judgement) -> list[Cell]:
    if judgement.excess is None or judgement.excess_range is None:
        return [UNKNOWN, UNKNOWN, Cell(text=_("no verdict: too few comparable weeks"), tone="idle")]
    low, high = judgement.excess_range.low, judgement.excess_range.high
    if judgement.is_normal:
        verdict = Cell(text=_("within the normal range"), tone="ok")
    elif judgement.is_above:
        verdict = Cell(text=_("above the normal range"), tone="bad")
    else:
        verdict = Cell(text=_("below the normal range"), tone="info")
    return [
        Cell(text=signed(judgement.excess), value=round(judgement.excess, 2)),
        Cell(text=f"{signed(low)} … {signed(high)}", value=_limits(judgement.excess_range, 1)),
        verdict,
    ]


def groups(subject: Subject) -> Table:
    words = {
        Group.READ: _("Told, and read at least one message"),
        Group.TOLD: _("Told, without a sign of reading"),
        Group.NOT_TOLD: _("Customers not told, and strangers"),
    }
    rows = []
    for row in subject.review.groups:
        share = [Cell(text=_("no rate under five tickets"), value="") if row.people else UNKNOWN, UNKNOWN]
        if row.per_thousand is not None and row.interval is not None:
            limits = f"{number(row.interval.low, digits=1)}–{number(row.interval.high, digits=1)}"
            rate = number(row.per_thousand, digits=1)
            share = [Cell(text=rate, value=round(row.per_thousand, 3)), Cell(text=limits, value=_limits(row.interval, 2))]
        rows.append([Cell(text=words[row.group]), _count(row.people), _count(row.tickets), *share])
    return Table(
        slug="groups",
        title=_("Tickets of people told and not told"),
        columns=[
            Column(label=_("People")),
            Column(label=_("Number"), is_number=True),
            Column(label=_("Tickets"), is_number=True),
            Column(label=_("Per 1,000"), is_number=True),
            Column(label=_("95% interval"), is_number=True),
        ],
        rows=rows,
        note=_(
            "From a day before to a day after. People who read notices differ from people who do not: this compares, it does not "
            "prove. Tickets of strangers count with those not told, so that rate is an upper limit."
        ),
    )


def failures(subject: Subject) -> Table:
    return Table(
        slug="failures",
        title=_("What did not arrive, and why"),
        columns=[Column(label=_("State")), Column(label=_("Reason")), Column(label=_("Messages"), is_number=True)],
        rows=[
            [
                Cell(text=row.state_label, tone="bad" if row.state == DeliveryState.FAILED else "idle"),
                Cell(text=row.sentence or "–"),
                _count(row.count, links.campaign_log(subject.campaign, row.state, reason=row.reason)),
            ]
            for row in subject.review.failures
        ],
        empty=_("Nothing: every message was accepted."),
    )


TABLES: Mapping[str, Callable[[Subject], Table]] = {
    "times": times,
    "touchpoints": touchpoints,
    "funnel": funnel,
    "opens": opens,
    "periods": periods,
    "tickets": tickets,
    "groups": groups,
    "failures": failures,
}


def all_tables(subject: Subject) -> dict[str, Table]:
    return {slug: build(subject) for slug, build in TABLES.items()}
