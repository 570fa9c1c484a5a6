"""Drills in words: a line for the terminal, a table for docs/reliability.md.

python -m tests.drills.report FILE …     the table of the reports in these files; of the same drill the last one counts
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Report = dict[str, Any]


def line(report: Report) -> str:
    if report["kept"] is None:
        return f"  skipped: {report['skipped']}"
    verdict = "kept" if report["kept"] else "BROKEN\n  " + "\n  ".join(report["broken"])
    return f"  {report['seconds']} s, {counts(report)}: {verdict}"


def counts(report: Report) -> str:
    found = report["figures"]
    if "lost" not in found:
        return f"{report['measured'].get('people', 0):,} people"
    words = [f"{found['people']:,} people", f"{found['lost']} lost", f"{found['doubled']} doubled", f"{found['doubts']} in doubt"]
    if found["arrived_in_doubt"]:
        words.append(f"of those left in doubt {found['arrived_in_doubt']} had arrived")
    if found["repeated"]:
        words.append(f"{found['repeated']} repeated")
    return ", ".join(words)


def table(reports: Iterable[Report]) -> str:
    rows = ["| Drill | What must hold | Injected | Measured |", "|---|---|---|---|"]
    rows += [f"| `{report['drill']}` | {report['promise']} | {_injected(report)} | {_measured(report)} |" for report in reports]
    return "\n".join(rows)


def _injected(report: Report) -> str:
    return _plain(report["injected"]) or "–"


def _measured(report: Report) -> str:
    if report["kept"] is None:
        return f"not played: {report['skipped']}"
    words = [counts(report) if report["kept"] else f"**broken**: {'; '.join(report['broken'])}"]
    last = report["figures"].get("last_after")
    words += [_plain(report["measured"])]
    words += [f"last after {last:,.0f} s"] if last is not None else []
    return "; ".join(filter(None, words))


def _plain(figures: dict[str, Any]) -> str:
    """What fits into a cell: numbers, and lists of them."""
    words = []
    for name, value in figures.items():
        if name == "people" or isinstance(value, dict):
            continue
        if isinstance(value, list):
            value = len(value) if any(isinstance(one, str | list | dict) for one in value) else _span(value)
        words.append(f"{name.replace('_', ' ')} {value}")
    return ", ".join(words)


def _span(values: list[Any]) -> str:
    return f"{min(values)}" if len(set(values)) == 1 else f"{min(values)}–{max(values)}" if values else "–"


def _reports(path: Path) -> list[Report]:
    """What `--json FILE` has written, or what went to the standard output: one a line."""
    text = path.read_text()
    if text.startswith("["):
        return list(json.loads(text))
    return [json.loads(line) for line in text.splitlines()]


if __name__ == "__main__":
    found = {report["drill"]: report for path in sys.argv[1:] for report in _reports(Path(path))}
    print(table(found.values()))
