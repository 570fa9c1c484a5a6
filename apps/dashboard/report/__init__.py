"""The tables of the review page, each also a file to download."""

from collections.abc import Callable, Mapping

from ..tables import Table
from .cells import Subject
from .reading import answers, funnel, opens
from .sending import failures, times, touchpoints
from .support import groups, periods, tickets

TABLES: Mapping[str, Callable[[Subject], Table]] = {
    "times": times,
    "touchpoints": touchpoints,
    "funnel": funnel,
    "answers": answers,
    "opens": opens,
    "periods": periods,
    "tickets": tickets,
    "groups": groups,
    "failures": failures,
}


def all_tables(subject: Subject) -> dict[str, Table]:
    return {slug: build(subject) for slug, build in TABLES.items()}
