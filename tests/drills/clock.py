"""Clocks that jump by an hour: of a host with worker and beat, and of the database, which is the engine's own."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .drill import Run, drill
from .servers import faketime_library

HOUR = 3600
FALSETIME = Path(__file__).parent / "falsetime"


class FalseClock:
    """Jumps for all processes that were started with `env`; spans (the monotonic clock) run on as they do on a real host."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "clock"
        self.jump(0)
        self.file.chmod(0o644)
        path = os.pathsep.join(filter(None, (str(FALSETIME), os.environ.get("PYTHONPATH"))))
        self.env = {
            "LD_PRELOAD": str(faketime_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": path,
        }

    def jump(self, seconds: int) -> None:
        """To so many seconds from the true time."""
        self.file.write_text(f"{seconds:+d}\n")


def _jump(run: Run, clock: FalseClock, to: Iterable[int]) -> None:
    run.start(reply_seconds=0.04)
    for seconds in to:
        run.amid(run.size.people // (8 * run.size.times))
        clock.jump(seconds)
        time.sleep(1.2)  # until everybody has seen it


@drill(
    "clock-host",
    promise="The clock of a host with worker and beat jumps by an hour, forwards and back, while messages leave: nobody is lost, "
    "nobody is written to twice, nothing is in doubt, and nothing leaves more than a second early.",
    small={"people": 300, "times": 1},
    full={"people": 6_000, "times": 10},
)
def host(run: Run) -> None:
    stage = run.stage
    clock = FalseClock(stage.folder)
    stage.beat(**clock.env)
    stage.worker(**clock.env)
    stage.worker()  # on a host whose clock is right
    _jump(run, clock, [HOUR, -HOUR] * run.size.times)
    clock.jump(HOUR)
    later = run.touchpoint(20, due_in=8)  # its host thinks that this was due an hour ago
    run.injected["jumps"] = 2 * run.size.times + 1
    run.finish(doubts=0)
    run.wait_settled(later)
    run.judge(later, doubts=0, name="due later: ")


@drill(
    "clock-database",
    promise="The database's clock, by which leases and due times are read, jumps by an hour, forwards and back, while messages "
    "leave: nobody is lost, nobody is written to twice, a jump leaves at most one message per worker and connection in doubt, "
    "and nothing leaves more than a second early by that clock.",
    small={"people": 300, "times": 1},
    full={"people": 6_000, "times": 10},
    breaks_server=True,
)
def database(run: Run) -> None:
    """It ends an hour ahead, because what was written while it was ahead waits for it to be there again."""
    stage = run.stage
    clock = FalseClock(stage.house.folder)
    with _postgres_by(clock, run):
        stage.beat()
        stage.worker(processes=2)
        jumps = [HOUR, 0] * run.size.times + [HOUR]
        _jump(run, clock, jumps)
        later = run.touchpoint(20, due_in=8)
        run.injected["jumps"] = len(jumps)
        run.finish(doubts=2 * len(jumps))
        run.wait_settled(later)
        run.judge(later | {"due_at": later["due_at"] - HOUR}, doubts=0, name="due later: ")
        said = stage.verify()
        run.hold(not said, f"manage.py verify: {said}")
        stage.end_processes()


@contextmanager
def _postgres_by(clock: FalseClock, run: Run) -> Iterator[None]:
    """The server restarted under a false clock, and afterwards under the true one."""
    server = run.stage.postgres
    server.stop()
    server.env = clock.env
    server.start()
    try:
        yield
    finally:
        run.stage.end_processes()
        server.stop()
        server.env = {}
        server.start()
