"""From runs to what is printed and kept: medians, ratios, one table, one JSON file."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from .contenders import Run

Row = Mapping[str, Any]
MIB = 1024 * 1024


def summary(runs: Sequence[Run]) -> dict[str, Any]:
    """The medians of one contender, each figure for itself; `runs_per_second` shows how far the runs lie apart."""
    per_thousand = {
        group: median(run.cpu_seconds.get(group, 0.0) / run.recipients * 1000 for run in runs)
        for group in ("own", "database", "redis", "sink")
    }
    return {
        "recipients": runs[0].recipients,
        "runs": len(runs),
        "per_second": median(run.recipients / run.seconds for run in runs),
        "writing_seconds": median(run.writing_seconds for run in runs),
        "first_seconds": median(run.first_seconds for run in runs) if runs[0].first_seconds else None,
        "seconds": median(run.seconds for run in runs),
        "runs_per_second": [round(run.recipients / run.seconds, 1) for run in runs],
        "cpu_seconds_per_1000": per_thousand,
        "peak_mib": max(run.peak_bytes for run in runs) / MIB,
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 1).__int__() - 1)]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown that also reads well as it is: first column to the left, figures to the right."""
    widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]

    def line(cells: Sequence[str]) -> str:
        padded = [cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))]
        return f"| {' | '.join(padded)} |"

    rule = "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])])
    return "\n".join([line(heads), f"|{rule}|", *map(line, rows)])


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def keep(path: Path, part: str, figures: Mapping[str, Any], machine: Mapping[str, Any]) -> None:
    """Puts one part's figures into the file; those of other parts stay, each with the machine it was measured on."""
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    kept[part] = {"machine": machine, **figures}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
