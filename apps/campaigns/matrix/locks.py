"""Which cells of a plan nobody can switch any more: what was said stays said."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from ..models import Audience, Touchpoint, TouchpointState
from ..planner import CellKey

OPEN = frozenset(
    {TouchpointState.PLANNED, TouchpointState.HELD, TouchpointState.DUE, TouchpointState.SKIPPED, TouchpointState.MISSED}
)
BESIDE_THE_PLAN = (Audience.TOLD, Audience.FAILED)  # made by the engine, of no cell's own


def locks(touchpoints: Iterable[Touchpoint]) -> dict[CellKey, str]:
    """Why, by cell, in a sentence. A moment that repeats stays open while something of it is still to come."""
    states: dict[CellKey, set[str]] = {}
    for row in touchpoints:
        if row.audience not in BESIDE_THE_PLAN:
            states.setdefault(cell_of(row), set()).add(row.state)
    return {cell: sentence for cell, found in states.items() if (sentence := _lock(found))}


def have_left(touchpoints: Iterable[Touchpoint]) -> frozenset[str]:
    """The keys of the moments of which something was said to somebody, or is being said."""
    gone = (TouchpointState.SENDING, TouchpointState.SENT)
    return frozenset(row.step_key for row in touchpoints if row.first_sent_at or row.state in gone)


def cell_of(touchpoint: Touchpoint) -> CellKey:
    return CellKey(touchpoint.step_key, touchpoint.segment_id, touchpoint.channel_id)


def _lock(states: set[str]) -> str:
    if TouchpointState.SENDING in states:
        return _("It is being sent right now: pause it to hold it back.")
    return "" if states & OPEN else _("It has been sent.")
