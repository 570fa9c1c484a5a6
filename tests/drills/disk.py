"""A disk that is full: the database's, and the one on which Redis keeps its append-only file."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .drill import Run, drill
from .servers import fill, small_disk
from .stage import Stage

MEGABYTES = 80  # a new database takes some 15


@contextmanager
def _on(disk: Path, run: Run) -> Iterator[Stage]:
    """An installation whose database lives on `disk`."""
    house = run.stage.house
    if house.postgres:
        place = disk / "space"
        place.mkdir()
        house.postgres.own(place)
        disk.chmod(0o755)
        name = f"space_{run.stage.folder.name.replace('-', '_')}"
        house.execute(f"CREATE TABLESPACE {name} LOCATION '{place}'")
        url = house.database(tablespace=name)
    else:
        name, url = "", house.database(folder=disk)
    stage = Stage(house, database_url=url)
    try:
        yield stage
    finally:
        stage.close()
        if name:
            house.execute(f"DROP TABLESPACE {name}")


@drill(
    "disk-database",
    promise="The database's disk is full while messages leave: nothing is handed over without a durable mark, nobody is lost, nobody is "
    "written to twice, a full disk leaves at most one message per worker and connection in doubt, and sending goes on by itself "
    "once there is room.",
    small={"people": 1_500, "times": 1, "seconds": 4},
    full={"people": 12_000, "times": 3, "seconds": 20},
)
def database(run: Run) -> None:
    with small_disk(MEGABYTES) as disk, _on(disk, run) as stage:
        run.stage, usual = stage, run.stage
        try:
            _fill_amid(run, disk)
            said = stage.verify()
            run.hold(not said, f"manage.py verify: {said}")
        finally:
            run.stage = usual


def _fill_amid(run: Run, disk: Path) -> None:
    """Once as the deliveries are to be written, then while they leave (where settling in place may need no room at all)."""
    run.stage.beat()
    run.stage.worker(processes=2)
    run.start(reply_seconds=0.003, due_in=3, is_written_late=True)
    ballast = fill(disk)
    time.sleep(3 + run.size.seconds)
    run.hold(not run.received(), f"{run.received()} messages left although nothing could be written.")
    ballast.unlink()
    run.measured["sent_while_full"] = _while_full(run, disk)
    run.injected |= {"times_full": run.size.times + 1, "seconds_each": run.size.seconds}
    noticed = sum("No space left" in line or "disk is full" in line for line in run.stage.log_lines())
    run.measured["errors_logged"] = noticed
    run.hold(noticed > 0, "Nothing has noticed that the disk was full: the drill shows nothing.")
    run.finish(doubts=2 * run.size.times)


def _while_full(run: Run, disk: Path) -> list[int]:
    """How many messages left each time the disk was full."""
    sent = []
    for _ in range(run.size.times):
        run.amid(run.size.people // (2 * run.size.times))
        since = run.received()
        ballast = fill(disk)
        time.sleep(run.size.seconds)
        ballast.unlink()
        sent.append(run.received() - since)
    return sent


@drill(
    "disk-journal",
    promise="The disk of Redis, which holds the journal and the hints, is full while messages leave, so that it refuses every write: "
    "nobody is lost, nobody is written to twice, nothing is in doubt, and sending goes on.",
    small={"people": 400, "times": 1, "seconds": 4},
    full={"people": 12_000, "times": 3, "seconds": 20},
)
def journal(run: Run) -> None:
    with small_disk(16) as disk:
        options = ("--appendonly", "yes", "--appendfsync", "everysec", "--dir", str(disk), "--auto-aof-rewrite-percentage", "0")
        run.stage, usual = Stage(run.stage.house, redis_options=options), run.stage
        try:
            _journal(run, disk)
        finally:
            run.stage.close()
            run.stage = usual


def _journal(run: Run, disk: Path) -> None:
    run.stage.beat()
    run.stage.worker(processes=2)
    run.start(reply_seconds=0.005)
    run.measured["sent_while_full"] = _while_full(run, disk)
    run.injected |= {"times_full": run.size.times, "seconds_each": run.size.seconds}
    log = (run.stage.folder / "redis.log").read_text()
    run.hold("writing to the AOF" in log or "No space left" in log, "Redis has not noticed that its disk was full.")
    run.finish(doubts=0)
    said = run.stage.verify()
    run.hold(not said, f"manage.py verify: {said}")
