"""A database that is not what it seems: restored elsewhere, or put back to what it was an hour ago."""

import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

from .drill import Run, drill
from .stage import Stage, wait_until

WATCH_SECONDS = 4.0  # the clock looks each second
BEAT = 12.0  # seconds in which the clock beats at least once


@drill(
    "restored",
    promise="A database with overdue messages is restored elsewhere, and then put back in place to an older state: nothing leaves "
    "either until a person has released it.",
    small={"people": 300},
    full={"people": 5_000},
)
def restored(run: Run) -> None:
    stage = run.stage
    stage.beat()
    worker = stage.worker()
    first = run.touchpoint()
    run.wait_settled(first)
    second = run.touchpoint(due_in=3)  # written before the dump, sent behind it
    wait_until(lambda: stage.scene("progress", second["touchpoints"]).get("pending"), seconds=30, what="writing")
    dump = _dump(stage)
    run.wait_settled(second)
    sent = run.received()
    time.sleep(BEAT)
    run.judge(first, second)

    copy = Stage(stage.house, database_url=_restored_elsewhere(stage, dump))
    try:
        copy.beat()
        copy.worker()
        wait_until(lambda: copy.scene("halt") == "moved", seconds=30, what="the copy is halted")
        time.sleep(WATCH_SECONDS)
        run.hold(not copy.sink.received, f"The copy sent {len(copy.sink.received)} messages.")
        copy.scene("release", "now")
        wait_until(lambda: len(copy.sink.received) >= run.size.people, seconds=60, what="the released copy sends")
    finally:
        copy.close()

    stage.kill(worker)
    stage.end_processes()
    _put_back(stage, dump)
    stage.worker()  # before the clock, which would otherwise find it out first
    stage.beat()
    wait_until(lambda: stage.scene("halt") == "rolled_back", seconds=30, what="what was put back is halted")
    time.sleep(WATCH_SECONDS)
    stage.scene("release", "skip")
    time.sleep(WATCH_SECONDS)
    run.hold(run.received() == sent, f"What was put back sent {run.received() - sent} messages a second time.")
    run.injected |= {"dumps": 1, "restored": 2}


@drill(
    "off",
    promise="A machine that was merely switched off goes on by itself, with what became due meanwhile.",
    small={"people": 300},
    full={"people": 5_000},
)
def off(run: Run) -> None:
    stage = run.stage
    stage.worker()
    stage.beat()
    run.wait_settled(run.touchpoint())
    time.sleep(BEAT)
    stage.end_processes()
    stage.scene("age", minutes=60)
    second = run.touchpoint()
    stage.worker()
    stage.beat()
    run.wait_settled(second)
    run.judge(second)
    run.hold(stage.scene("halt") == "", "It was halted.")
    run.injected |= {"minutes_off": 60}


def _dump(stage: Stage) -> Path:
    path = stage.folder / "dump"
    if stage.database_url.startswith("sqlite"):
        _sqlite_backup(Path(stage.database_url.removeprefix("sqlite:///")), path)
    else:
        _run(stage, "pg_dump", "-Fc", "-f", str(path), stage.database_url)
    return path


def _restored_elsewhere(stage: Stage, dump: Path) -> str:
    if stage.database_url.startswith("sqlite"):
        path = stage.folder / "elsewhere.sqlite3"
        shutil.copy(dump, path)
        return f"sqlite:///{path}"
    name = f"{stage.database_url.rpartition('/')[2]}_copy"
    stage.house.execute(f"CREATE DATABASE {name}")
    url = f"{stage.database_url.rpartition('/')[0]}/{name}"
    _run(stage, "pg_restore", "-d", url, str(dump))
    return url


def _put_back(stage: Stage, dump: Path) -> None:
    """Over what is there, so that its home stays the same."""
    if stage.database_url.startswith("sqlite"):
        path = stage.database_url.removeprefix("sqlite:///")
        for rest in ("-wal", "-shm"):
            Path(path + rest).unlink(missing_ok=True)
        shutil.copyfile(dump, path)
    else:
        _run(stage, "pg_restore", "--clean", "--if-exists", "-d", stage.database_url, str(dump))


def _sqlite_backup(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as live, sqlite3.connect(target) as copy:
        live.backup(copy)


def _run(stage: Stage, program: str, *words: str) -> None:
    place = stage.postgres.bin / program if stage.house.postgres else Path(program)
    done = subprocess.run([str(place), *words], env=os.environ, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr}")
