"""Open rates as a grid: moments downwards, segment and channel across."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .metrics.funnel import Opens
from .metrics.touchpoints import TouchpointFigures


@dataclass(frozen=True, kw_only=True)
class MatrixRow:
    moment: str
    cells: Sequence[Opens | None]  # None: nothing was sent there


@dataclass(frozen=True, kw_only=True)
class Matrix:
    columns: Sequence[tuple[str, str]]
    rows: Sequence[MatrixRow]


def open_matrix(figures: Sequence[TouchpointFigures], opens: Mapping[int, Opens]) -> Matrix:
    """Only what has been handed over to people, moments in the order of their times."""
    shown = [row for row in figures if not row.is_broadcast and row.handed_over]
    columns = list(dict.fromkeys((row.segment, row.channel) for row in shown))
    cells = {(row.moment, row.segment, row.channel): opens[row.id] for row in shown}
    moments = dict.fromkeys(row.moment for row in shown)
    return Matrix(
        columns=columns,
        rows=[MatrixRow(moment=moment, cells=[cells.get((moment, *column)) for column in columns]) for moment in moments],
    )
