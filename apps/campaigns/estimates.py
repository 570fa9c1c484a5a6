"""What a planner should know of how long the messages of a plan take: the longest, and those that take too long."""

from datetime import datetime, timedelta

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.common.rates import rate_words

from .board import Board, Cell, Row
from .capacity import WORTH_SAYING, Span
from .moments import instant_words, takes_words


def longest_words(board: Board) -> str:
    """“20,000 messages at 14/s take 24 minutes.” of whatever takes longest; nothing where all is done within a minute."""
    longest = max((cell.span for cell in board.leaving if cell.span), key=lambda span: span.takes, default=None)
    return f"{_length_words(longest)}." if longest and longest.takes >= WORTH_SAYING else ""


def slow_cells(board: Board, *, zone: str, now: datetime) -> dict[str, str]:
    """A sentence for each touchpoint still to come whose last messages would leave too late, by the name of its spot."""
    return {
        cell.spot.name: _late_words(row, cell, cell.span, zone)
        for row in board.rows
        for cell in row.cells
        if cell and cell.span and cell.span.late and cell.leaves and cell.span.ends_at > now
    }


def _late_words(row: Row, cell: Cell, span: Span, zone: str) -> str:
    late = ngettext(
        "%(count)s of them leaves too late to be of use.", "%(count)s of them leave too late to be of use.", span.late
    )
    sentence = _("%(moment)s by “%(channel)s”: %(length)s, and the last one leaves %(last)s. %(late)s")
    sentence %= {
        "moment": " ".join(filter(None, (row.moment, row.anchor))),
        "channel": cell.column.channel,
        "length": _length_words(span),
        "last": instant_words(span.ends_at, zone),
        "late": late % {"count": number_format(span.late, force_grouping=True)},
    }
    return f"{sentence} {_advice(cell, span)}".strip()


def _advice(cell: Cell, span: Span) -> str:
    if span.begins_at - (cell.spot.due_at or span.begins_at) > timedelta(0):
        return _("It waits for what leaves by the same channel just before: leave more time between them?")
    if not cell.spot.is_reminder:  # it speaks of what has just happened, and cannot do so before
        return ""
    return _("Start %(takes)s earlier?") % {"takes": takes_words(span)}


def _length_words(span: Span) -> str:
    sentence = ngettext(
        "%(count)s message at %(rate)s takes %(takes)s", "%(count)s messages at %(rate)s take %(takes)s", span.messages
    )
    return sentence % {
        "count": number_format(span.messages, force_grouping=True),
        "rate": rate_words(span.pace),
        "takes": takes_words(span),
    }
