"""What it meant for support: tickets by the hour, by period and by who had been told."""

from datetime import datetime

from django.utils.translation import gettext as _

from ..baseline import Judgement, Stage
from ..metrics.groups import Group
from ..tables import Cell, Column, Table
from ..wording import count_range, number, signed
from .cells import UNKNOWN, Subject, count_cell, limits_value


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
        Cell(text=count_range(normal), value=limits_value(normal, 1)),
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
            Column(label=_("Interval (95%)"), is_number=True),
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
        Cell(text=f"{signed(low)} … {signed(high)}", value=limits_value(judgement.excess_range, 1)),
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
            share = [Cell(text=rate, value=round(row.per_thousand, 3)), Cell(text=limits, value=limits_value(row.interval, 2))]
        rows.append([Cell(text=words[row.group]), count_cell(row.people), count_cell(row.tickets), *share])
    return Table(
        slug="groups",
        title=_("Tickets of people told and not told"),
        columns=[
            Column(label=_("People")),
            Column(label=_("Number"), is_number=True),
            Column(label=_("Tickets"), is_number=True),
            Column(label=_("Per 1,000"), is_number=True),
            Column(label=_("Interval (95%)"), is_number=True),
        ],
        rows=rows,
        note=_(
            "From a day before to a day after. People who read notices differ from people who do not: this compares, it does not "
            "prove. Tickets of strangers count with those not told, so that rate is an upper limit."
        ),
    )
