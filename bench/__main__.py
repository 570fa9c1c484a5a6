"""Measures. `python -m bench --help` lists the parts; `make bench` measures all of them.

python -m bench throughput --only preavis --recipients 20000 --runs 1     how fast is it now?
python -m bench profile --recipients 4000                                 and where does the time go?
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import machine, results
from .contenders import Place
from .parts import lateness, profile, slow, throughput
from .servers import ROOT, Databases, Missing, Valkey

LATEST = ROOT / "var" / "bench.json"


def main() -> int:
    given = arguments()
    try:
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


def measure_throughput(place: Place, given: argparse.Namespace) -> None:
    about = machine.describe(place.databases.url("postgres"), place.valkey.version())
    figures = throughput.measure(
        place, recipients=given.recipients, peer_recipients=given.peer_recipients, runs=given.runs, only=given.only
    )
    print(throughput.show(figures))
    results.keep(given.json, f"throughput-{given.recipients}", figures, about)


def measure_slow(place: Place, given: argparse.Namespace) -> None:
    about = machine.describe(place.databases.url("postgres"), place.valkey.version())
    figures = slow.measure(place, delay=given.delay, connections=given.connections or [1, 20])
    print(slow.show(figures))
    results.keep(given.json, "slow", figures, about)


def measure_lateness(place: Place, given: argparse.Namespace) -> None:
    about = machine.describe(place.databases.url("postgres"), place.valkey.version())
    figures = lateness.measure(place, touchpoints=given.touchpoints, load_recipients=given.load_recipients, runs=given.runs)
    print(lateness.show(figures))
    results.keep(given.json, "lateness", figures, about)


def measure_profile(place: Place, given: argparse.Namespace) -> None:
    profile.measure(place, recipients=given.recipients, lines=given.lines, sort=given.sort)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", type=Path, default=LATEST, help="where the figures are kept (%(default)s)")
    common.add_argument("--workers", type=int, default=2, help="worker processes of each contender")
    parts = parser.add_subparsers(required=True, metavar="PART")

    part = parts.add_parser("throughput", parents=[common], help="the work W, side by side")
    part.add_argument("--recipients", type=int, default=20_000)
    part.add_argument("--peer-recipients", type=int, default=4_000, help="at most so many for the slower peers")
    part.add_argument("--runs", type=int, default=3)
    part.add_argument("--only", action="append", default=[], choices=throughput.names(), help="may be repeated")
    part.set_defaults(part=measure_throughput)

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
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
