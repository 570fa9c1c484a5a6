"""Measures. `python -m bench --help` lists the parts; `make bench` measures all of them.

python -m bench throughput --only preavis --recipients 20000 --runs 1     how fast is it now?
python -m bench profile --recipients 4000                                 and where does the time go?
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import machine, report, results
from .contenders import Place
from .parts import lateness, pages, profile, slow, throughput, weigh
from .servers import ROOT, Databases, Missing, Valkey

LATEST = ROOT / "var" / "bench.json"
PUBLISHED = ROOT / "bench" / "results" / "latest.json"
README = ROOT / "bench" / "README.md"
Show = Callable[[dict[str, Any]], str]
ALL = (
    ["weigh"],
    ["throughput", "--recipients", "20000"],
    ["throughput", "--recipients", "100000", "--only", "preavis", "--only", "preavis-12"],
    ["slow"],
    ["lateness"],
    ["pixel"],
    ["feed"],
    ["dashboard"],
    ["admin"],
)


def main() -> int:
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended, and databases are dropped
    try:
        if given.part in (show_report, publish):
            given.part(None, given)
            return 0
        with a_place(given) as place:
            given.part(place, given)
    except Missing as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    return 0


@contextmanager
def a_place(given: argparse.Namespace) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="preavis-bench-") as folder:
        Path(folder).chmod(0o755)
        databases = Databases()
        try:
            valkey = Valkey(Path(folder))
            try:
                yield Place(databases=databases, valkey=valkey, folder=Path(folder), workers=given.workers)
            finally:
                valkey.close()
        finally:
            databases.close()


def keep(place: Place, given: argparse.Namespace, part: str, measure: Callable[[], dict[str, Any]], show: Show) -> None:
    """Measures one part, prints its table and keeps its figures with the machine they were measured on."""
    print(f"{part}:", flush=True)
    about = machine.describe(place.databases.url("postgres"), place.valkey.version())
    figures = measure()
    print(f"\n{show(figures)}\n", flush=True)
    results.keep(given.json, part, figures, about)


def measure_throughput(place: Place, given: argparse.Namespace) -> None:
    what = {"recipients": given.recipients, "peer_recipients": given.peer_recipients, "runs": given.runs, "only": given.only}
    keep(place, given, f"throughput-{given.recipients}", lambda: throughput.measure(place, **what), throughput.show)


def measure_slow(place: Place, given: argparse.Namespace) -> None:
    what = {"delay": given.delay, "connections": given.connections or [1, 20]}
    keep(place, given, "slow", lambda: slow.measure(place, **what), slow.show)


def measure_lateness(place: Place, given: argparse.Namespace) -> None:
    what = {"touchpoints": given.touchpoints, "load_recipients": given.load_recipients, "runs": given.runs}
    keep(place, given, "lateness", lambda: lateness.measure(place, **what), lateness.show)


def measure_weight(place: Place, given: argparse.Namespace) -> None:
    keep(place, given, "weigh", lambda: weigh.measure(place), weigh.show)


def measure_page(place: Place, given: argparse.Namespace) -> None:
    measure, show = pages.PAGES[given.page]
    keep(place, given, given.page, lambda: measure(place), show)


def measure_all(place: Place, given: argparse.Namespace) -> None:
    """Every part as it is by default; what lacks a program is passed over with a sentence."""
    given.json.unlink(missing_ok=True)
    for words in ALL:
        each = arguments([*words, "--json", str(given.json), "--workers", str(given.workers)])
        try:
            each.part(place, each)
        except Missing as missing:
            sys.stderr.write(f"{missing}\n")
    print(report.report(given.json))


def show_report(_place: None, given: argparse.Namespace) -> None:
    print(report.report(given.json))


def publish(_place: None, given: argparse.Namespace) -> None:
    PUBLISHED.parent.mkdir(exist_ok=True)
    PUBLISHED.write_bytes(given.json.read_bytes())
    report.write_into(README, report.report(PUBLISHED))


def measure_profile(place: Place, given: argparse.Namespace) -> None:
    profile.measure(place, recipients=given.recipients, lines=given.lines, sort=given.sort)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", type=Path, default=LATEST, help="where the figures are kept (%(default)s)")
    common.add_argument("--workers", type=int, default=2, help="worker processes of each contender")
    parser.set_defaults(part=measure_all, json=LATEST, workers=2)
    parts = parser.add_subparsers(metavar="PART", help="without one: all")

    part = parts.add_parser("throughput", parents=[common], help="the work W, side by side")
    part.add_argument("--recipients", type=int, default=20_000)
    part.add_argument("--peer-recipients", type=int, default=4_000, help="at most so many for the slower peers")
    part.add_argument("--runs", type=int, default=3)
    part.add_argument("--only", action="append", default=[], choices=throughput.names(), help="may be repeated")
    part.set_defaults(part=measure_throughput)

    part = parts.add_parser("weigh", parents=[common], help="whether all contenders send the same")
    part.set_defaults(part=measure_weight)

    part = parts.add_parser("slow", parents=[common], help="W with a server that takes its time for each command")
    part.add_argument("--delay", type=float, default=0.05, help="seconds")
    part.add_argument("--connections", type=int, action="append", help="of each worker; may be repeated")
    part.set_defaults(part=measure_slow)

    part = parts.add_parser("lateness", parents=[common], help="the first message after its due time, idle and under load")
    part.add_argument("--touchpoints", type=int, default=60)
    part.add_argument("--load-recipients", type=int, default=100_000)
    part.add_argument("--runs", type=int, default=2)
    part.set_defaults(part=measure_lateness)

    part = parts.add_parser("profile", parents=[common], help="Preavis' sending loop in one process, under cProfile")
    part.add_argument("--recipients", type=int, default=4_000)
    part.add_argument("--lines", type=int, default=45, help="how many functions are listed")
    part.add_argument("--sort", default="tottime", choices=("tottime", "cumtime", "ncalls"))
    part.set_defaults(part=measure_profile)

    for name in pages.PAGES:
        part = parts.add_parser(name, parents=[common], help=f"bench/{name}.py")
        part.set_defaults(part=measure_page, page=name)
    part = parts.add_parser("report", parents=[common], help="the tables of what was measured last")
    part.set_defaults(part=show_report)
    part = parts.add_parser("publish", parents=[common], help="puts them into bench/README.md and bench/results/")
    part.set_defaults(part=publish)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
