"""Plays drills: python -m tests.drills [names or families] [--full] [--kills N] …; without a name, all of them."""

import argparse
import json
import os
import random
import shutil
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

from . import calm, clock, copies, disk, imports, kill, pace, plans, postgres, races, redis, smtp  # noqa: F401  each registers its drills
from .drill import DRILLS, Drill, perform
from .report import line
from .servers import unmount_all
from .stage import House, Stage, house

TOGETHER = 4  # small families, most of whose time is spent waiting


def main() -> int:
    options = _arguments()
    chosen = [drill for drill in DRILLS.values() if not options.names or {drill.name, drill.family} & set(options.names)]
    if unknown := set(options.names) - {name for drill in DRILLS.values() for name in (drill.name, drill.family)}:
        sys.exit(f"No such drill: {', '.join(sorted(unknown))}. There are: {', '.join(DRILLS)}.")
    if options.list:
        print("\n".join(f"{drill.name}: {drill.promise}" for drill in chosen))
        return 0
    with house(sqlite=options.sqlite, server=options.server, keep=options.keep) as made:
        if options.keep:
            _say(f"Everything is kept in {made.folder}.")
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: _stop(made))
        reports = _play_all(made, chosen, options)
    if options.json:
        Path(options.json).write_text(json.dumps(reports, indent=2) + "\n")
    return 1 if any(report["kept"] is False for report in reports) else 0


def _play_all(made: House, chosen: list[Drill], options: argparse.Namespace) -> list[dict[str, Any]]:
    """Families side by side, the largest first, so that none is left to play by itself at the end. What breaks the database
    server comes after them, alone: it serves all."""
    families = [list(group) for _name, group in groupby(chosen, key=lambda drill: (drill.family, drill.breaks_server))]
    alone = [group for group in families if group[0].breaks_server]
    beside = sorted((group for group in families if group not in alone), key=len, reverse=True)
    reports = []
    with ThreadPoolExecutor(options.together or (1 if options.full else TOGETHER)) as pool:
        for some in pool.map(lambda group: _play(made, group, options), beside):
            reports += some
    for group in alone:
        reports += _play(made, group, options)
    return sorted(reports, key=lambda report: list(DRILLS).index(report["drill"]))


def _play(made: House, group: list[Drill], options: argparse.Namespace) -> list[dict[str, Any]]:
    """Small drills of a family share an installation, one after the other; a full one has its own."""
    form = "full" if options.full else "small"
    overrides = {name: value for name in ("people", "times") if (value := getattr(options, name)) is not None}
    reports = []
    stage: Stage | None = None
    for drill in group:
        stage = stage or Stage(made)
        report = perform(drill, stage, form=form, seed=options.seed, overrides=overrides)
        print(json.dumps(report), flush=True)
        _say(f"\n{drill.name}: {drill.promise}\n{line(report)}")
        reports.append(report)
        if form == "full" or report["kept"] is False:
            stage.close()
            stage = None
        else:
            stage.end_parts()
    if stage:
        stage.close()
    return reports


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description="Breaks things on purpose and counts.")
    parser.add_argument("names", nargs="*", help="drills or families of them; none: all")
    parser.add_argument("--list", action="store_true", help="names and promises, nothing is played")
    parser.add_argument("--full", action="store_true", help="the long form; without it the small one that CI plays")
    parser.add_argument("--people", type=int, help="how many recipients")
    parser.add_argument("--kills", "--times", type=int, dest="times", help="how often the injury is done")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000), help="of all chance")
    parser.add_argument("--together", type=int, help=f"how many families at the same time (default: {TOGETHER}, in full form 1)")
    parser.add_argument("--sqlite", action="store_true", help="on SQLite in place of PostgreSQL")
    parser.add_argument(
        "--server", default="", help="postgres://…: where none of our own can be started, one that will not be broken"
    )
    parser.add_argument("--keep", action="store_true", help="keep databases and logs")
    parser.add_argument("--json", help="a file for the reports, which also go to the standard output, one a line")
    return parser.parse_args()


def _stop(made: House) -> None:
    """Drills run in threads that wait for this or that; they are not asked."""
    made.abandon()
    unmount_all()
    shutil.rmtree(made.folder, ignore_errors=True)
    os._exit(130)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
