"""What was done, and when: the times of the work, each touchpoint, and what did not arrive."""

from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext as _

from apps.campaigns.models import TouchpointState
from apps.delivery.models import DeliveryState

from .. import links
from ..metrics.touchpoints import TouchpointFigures
from ..tables import Cell, Column, Table
from ..wording import short_duration
from .cells import UNKNOWN, Subject, count_cell

STATE_TONES: Mapping[str, str] = {
    TouchpointState.PLANNED: "info",
    TouchpointState.SENT: "ok",
    TouchpointState.SENDING: "warn",
    TouchpointState.DUE: "info",
    TouchpointState.MISSED: "bad",
}


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
        Cell(text=row.moment, url=links.campaign_log(row.campaign_id, touchpoint=row.id) if row.counts else ""),
        Cell(text=row.segment or "–", value=row.segment),
        Cell(text=row.channel),
        subject.instant(row.due_at),
        Cell(text=row.state_label, note=row.reason, tone=STATE_TONES.get(row.state, "idle")),
        _late(row.late_by, is_late=row.is_late),
        _late(left.median if left else None),
        _late(left.most if left else None),
        *(count_cell(count, links.campaign_log(row.campaign_id, touchpoint=row.id, state=state)) for count, state in counted),
    ]


def _late(duration: timedelta | None, *, is_late: bool = False) -> Cell:
    if duration is None:
        return UNKNOWN
    return Cell(text=short_duration(duration), value=round(duration.total_seconds(), 3), tone="warn" if is_late else "")


def failures(subject: Subject) -> Table:
    return Table(
        slug="failures",
        title=_("What did not arrive, and why"),
        columns=[Column(label=_("State")), Column(label=_("Reason")), Column(label=_("Messages"), is_number=True)],
        rows=[
            [
                Cell(text=row.state_label, tone="bad" if row.state == DeliveryState.FAILED else "idle"),
                Cell(text=row.sentence or "–"),
                count_cell(row.count, links.campaign_log(subject.campaign.pk, state=row.state, why=row.reason)),
            ]
            for row in subject.review.failures
        ],
        empty=_("Nothing: every message was accepted."),
    )
