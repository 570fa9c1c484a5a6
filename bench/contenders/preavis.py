"""The real thing: `celery worker`, `celery beat`, a planned touchpoint that becomes due."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..installation import Installation
from ..servers import LOOK_SECONDS, Ledger, OwnSink, SmtpSink, as_seconds, wait_until
from . import Place, Run, measured

LONGEST_SECONDS = 900
USEFUL_FOR = timedelta(hours=6)


class Preavis:
    name = "preavis"
    title = "Preavis"

    def __init__(self) -> None:
        self._scenes: dict[int, tuple[str, dict[str, int]]] = {}

    def prepare(self, place: Place, recipients: int) -> None:
        if recipients not in self._scenes:
            name = place.databases.make()
            scene = make_scene(place, place.databases.url(name), recipients)
            place.databases.settle(name)
            self._scenes[recipients] = name, scene

    @contextlib.contextmanager
    def copy(self, place: Place, recipients: int) -> Iterator[tuple[str, dict[str, int]]]:
        """A fresh database with the scene, and the scene's touchpoints."""
        self.prepare(place, recipients)
        template, scene = self._scenes[recipients]
        with place.databases.copy(template) as url:
            yield url, scene

    def run(self, place: Place, recipients: int, sink: SmtpSink | OwnSink) -> Run:
        with self.copy(place, recipients) as (url, scene):
            return do_work(place, url, scene, recipients, sink)


class PreavisTwelve(Preavis):
    """As a channel's setting allows; after a crash up to twelve messages of a worker are in doubt, in place of one."""

    name = "preavis-12"
    title = "Preavis, 12 connections per worker"

    def run(self, place: Place, recipients: int, sink: SmtpSink | OwnSink) -> Run:
        with self.copy(place, recipients) as (url, scene):
            set_connections(url, 12)
            return do_work(place, url, scene, recipients, sink)


class PreavisOnSQLite(Preavis):
    name = "preavis-sqlite"
    title = "Preavis on SQLite"

    def prepare(self, place: Place, recipients: int) -> None:
        if recipients not in self._scenes:
            file = place.folder / f"scene-{recipients}.sqlite3"
            self._scenes[recipients] = str(file), make_scene(place, f"sqlite:///{file}", recipients)

    @contextlib.contextmanager
    def copy(self, place: Place, recipients: int) -> Iterator[tuple[str, dict[str, int]]]:
        self.prepare(place, recipients)
        template, scene = self._scenes[recipients]
        file = Path(shutil.copy(template, place.folder / "run.sqlite3"))
        try:
            yield f"sqlite:///{file}", scene
        finally:
            for part in place.folder.glob(f"{file.name}*"):
                part.unlink()


def make_scene(place: Place, url: str, recipients: int, *marks: str) -> dict[str, int]:
    installation = Installation(place.folder, database_url=url, redis_url=place.valkey.url, smtp_port=25)
    installation.manage("migrate", "--verbosity", "0")
    scene: dict[str, int] = installation.inside("scene", recipients, *marks)
    return scene


def set_connections(url: str, count: int) -> None:
    ledger = Ledger(url)
    ledger.run("UPDATE channels_channel SET config = %s", f'{{"connections": {count}}}')
    ledger.close()


@contextlib.contextmanager
def running(place: Place, url: str, smtp_port: int) -> Iterator[tuple[Installation, Ledger, list[int]]]:
    """An installation at work, its ledger, and the pids of worker and clock."""
    installation = Installation(place.folder, database_url=url, redis_url=place.valkey.url, smtp_port=smtp_port)
    place.valkey.empty()
    with contextlib.ExitStack() as stack:
        stack.callback(installation.close)
        ledger = Ledger(url)
        stack.callback(ledger.close)
        pids = [installation.start_worker(processes=place.workers), installation.start_beat()]
        wait_until(lambda: has_pulse(ledger), seconds=60, what="the worker shows a pulse")
        yield installation, ledger, pids


def do_work(
    place: Place, url: str, scene: dict[str, int], recipients: int, sink: SmtpSink | OwnSink, *, warm: bool = True
) -> Run:
    with running(place, url, sink.port) as (_installation, ledger, pids):
        if warm:
            make_due(ledger, scene["warm"])
            wait_until(lambda: is_over(ledger, scene["warm"]), seconds=120, what="the warm-up")
        before = sink.received() if isinstance(sink, SmtpSink) else 0
        with measured(place, pids, sink, url) as meter:
            make_due(ledger, scene["w"])
            written = moment_of(lambda: is_written(ledger, scene["w"]), what="the deliveries are written")
            moment_of(lambda: is_over(ledger, scene["w"]), what="the last delivery is settled")
        began, first = (moment_in(ledger, column, scene["w"]) for column in ("expanded_at", "first_sent_at"))
        done = last_moment(ledger, scene["w"])
        recorded = ledger.value("SELECT count(*) FROM delivery_delivery WHERE touchpoint_id = %s AND state = 'sent'", scene["w"])
        received = sink.received() - before if isinstance(sink, SmtpSink) else recorded
    return Run(
        recipients=recipients,
        received=received,
        recorded=recorded,
        writing_seconds=written - began,
        seconds=done - began,
        first_seconds=first - began,
        cpu_seconds=meter.seconds,
        peak_bytes=meter.peak_bytes["own"],
    )


def moment_of(happened, *, what: str) -> float:  # type: ignore[no-untyped-def]
    wait_until(happened, seconds=LONGEST_SECONDS, what=what, every=LOOK_SECONDS)
    return time.time()


def make_due(ledger: Ledger, touchpoint: int, at: datetime | None = None) -> None:
    due_at = at or datetime.now(UTC)
    times = [str(moment) for moment in (due_at, due_at - timedelta(minutes=10), due_at + USEFUL_FOR)]
    ledger.run("UPDATE campaigns_touchpoint SET due_at = %s, expand_at = %s, useful_until = %s WHERE id = %s", *times, touchpoint)


def has_pulse(ledger: Ledger) -> bool:
    return ledger.value("SELECT 1 FROM delivery_pulse WHERE name = 'worker'") is not None


def is_written(ledger: Ledger, touchpoint: int) -> bool:
    return ledger.value("SELECT 1 FROM delivery_expansion WHERE touchpoint_id = %s AND reached IS NULL", touchpoint) is not None


def is_over(ledger: Ledger, touchpoint: int) -> bool:
    """Whether every batch is done; that the touchpoint is closed too follows within moments and is not waited for."""
    open_one = "SELECT 1 FROM delivery_batch WHERE touchpoint_id = %s AND state <> 'done' LIMIT 1"
    return is_written(ledger, touchpoint) and ledger.value(open_one, touchpoint) is None


def moment_in(ledger: Ledger, column: str, touchpoint: int) -> float:
    """When its expansion began, or its first message could leave."""
    return as_seconds(ledger.value(f"SELECT {column} FROM campaigns_touchpoint WHERE id = %s", touchpoint))


def last_moment(ledger: Ledger, touchpoint: int) -> float:
    """When its last batch was settled."""
    return as_seconds(ledger.value("SELECT max(done_at) FROM delivery_batch WHERE touchpoint_id = %s", touchpoint))
