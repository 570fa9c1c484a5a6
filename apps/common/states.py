"""Moves between states by compare-and-set: the row changes only if it still stands where the move may begin."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet


def sources_of(target: str, transitions: Mapping[str, Iterable[str]]) -> list[str]:
    """The states from which `transitions` allows a move to `target`, in the table's order."""
    return [source for source, targets in transitions.items() if target in targets]


def move(
    rows: QuerySet[Any],
    *,
    to: str,
    transitions: Mapping[str, Iterable[str]],
    field: str = "state",
    **changes: Any,
) -> int:
    """Moves those of `rows` that may go `to`, writes `changes` with the move and returns how many rows moved."""
    allowed = {f"{field}__in": sources_of(to, transitions)}
    return rows.filter(**allowed).update(**{field: to}, **changes)
