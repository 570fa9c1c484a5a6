"""Whom it reached: the funnel, and what each touchpoint showed."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from apps.tracking.models import Answer

from .. import links
from ..metrics.funnel import FunnelStep, Opens
from ..metrics.touchpoints import TouchpointFigures
from ..tables import Cell, Column, Table
from .cells import UNKNOWN, Subject, count_cell, rate_cells, rate_columns

# Each step as a person reads it, and what its rate is a share of.
FUNNEL_WORDS: Mapping[FunnelStep, tuple[Callable[[], str], Callable[[], str]]] = {
    FunnelStep.TARGETED: (lambda: _("Targeted"), lambda: ""),
    FunnelStep.HANDED_OVER: (lambda: _("Handed over"), lambda: _("targeted")),
    FunnelStep.ACCEPTED: (lambda: _("Accepted"), lambda: _("handed over")),
    FunnelStep.DELIVERED: (lambda: _("Delivered"), lambda: _("accepted, where the channel can tell")),
    FunnelStep.OPENED: (lambda: _("Opened by people"), lambda: _("accepted, where the channel can tell")),
    FunnelStep.CLICKED: (lambda: _("Clicked by people"), lambda: _("accepted, where the channel can tell")),
}


def funnel(subject: Subject) -> Table:
    rows = []
    for stage in subject.review.funnel.stages:
        label, of = FUNNEL_WORDS[stage.step]
        if stage.rate is None:
            unknown = Cell(text=_("unknown"), value="", note=_("no channel used here can tell"))
            rows.append([Cell(text=label()), unknown, UNKNOWN, UNKNOWN, UNKNOWN])
            continue
        rows.append([Cell(text=label()), count_cell(stage.count), *rate_cells(stage.rate, note=of())])
    apart = (
        (_("Apart: opened by machines only"), subject.review.funnel.machine),
        (_("Apart: loaded ahead only"), subject.review.funnel.prefetch),
        (_("Apart: undecided"), subject.review.funnel.undecided),
    )
    return Table(
        slug="funnel",
        title=_("From targeted to clicked"),
        columns=[Column(label=_("Step")), Column(label=_("Messages"), is_number=True), *rate_columns()],
        rows=[*rows, *([Cell(text=label), count_cell(count), UNKNOWN, UNKNOWN, UNKNOWN] for label, count in apart)],
        note=_("Messages to people; posts to a chat or a webhook are not counted. A click by a person counts as opened too."),
    )


def answers(subject: Subject) -> Table:
    found = subject.review.answers
    counted = (
        (str(Answer.ACCEPTED.label), found.accepted, Answer.ACCEPTED.value),
        (str(Answer.DECLINED.label), found.declined, Answer.DECLINED.value),
        (str(Answer.TENTATIVE.label), found.tentative, Answer.TENTATIVE.value),
        (_("Answered before the window moved"), found.earlier, ""),
    )
    rows = [[Cell(text=label), count_cell(count, links.answer_log(subject.campaign, answer))] for label, count, answer in counted]
    return Table(
        slug="answers",
        title=_("What people answered to the invitation"),
        columns=[Column(label=_("Answer")), Column(label=_("People"), is_number=True)],
        rows=[*rows, [Cell(text=_("No answer")), count_cell(found.silent)]],
        note=_("Each person by their last answer. Nobody has to answer, and not every mail program can."),
    )


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
            *rate_columns(),
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
    return [
        *place,
        count_cell(opens.people.count),
        *rate_cells(opens.people),
        count_cell(opens.clicks.count),
        *map(count_cell, apart),
    ]
