"""A whole installation of its own for a drill: database, Redis, SMTP sink, Celery workers and beat, as real processes."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.certificates import make_certificate, server_context

from .servers import Missing, Postgres, Redis
from .sink import Sink

ROOT = Path(__file__).resolve().parents[2]
LEASE_SECONDS = 5
QUEUES = "urgent,bulk,events,housekeeping"
CHECKPOINT_SECONDS = 60.0


class House:
    """The database server of a run, with a migrated database from which each installation gets a copy."""

    def __init__(self, folder: Path, *, sqlite: bool = False, server: str = "") -> None:
        """`server`: the address of a PostgreSQL to use where none of our own can be started; it is not broken."""
        self.folder = folder
        self.postgres: Postgres | None = None
        self.server = ""
        if not sqlite:
            self._start_postgres(server)
        self._template = f"template_{uuid.uuid4().hex[:12]}"
        self.stages: list[Stage] = []  # that are open
        self._is_migrated = False
        self._making = threading.Lock()

    def _start_postgres(self, otherwise: str) -> None:
        place = self.folder / "postgres"
        place.mkdir()
        try:
            self.postgres = Postgres(place)
        except Missing:
            self.server = otherwise
        else:
            self.postgres.start()
            self.server = self.postgres.server

    def database(self, *, tablespace: str = "", folder: Path | None = None) -> str:
        """The address of a new database, in a tablespace of PostgreSQL or, of SQLite, in a folder."""
        name = f"drill_{uuid.uuid4().hex[:12]}"
        if not self.server:
            path = (folder or self.folder) / f"{name}.sqlite3"
            with self._making:
                self._migrate(f"sqlite:///{self.folder / self._template}")
            shutil.copy(self.folder / self._template, path)
            return f"sqlite:///{path}"
        where = f" TABLESPACE {tablespace}" if tablespace else ""
        with self._making:  # one copy at a time is made of a template
            if not self._is_migrated:
                self.execute(f"CREATE DATABASE {self._template}")
            self._migrate(f"{self.server}/{self._template}")
            self.execute(f"CREATE DATABASE {name} TEMPLATE {self._template}{where}")
        return f"{self.server}/{name}"

    def execute(self, statement: str) -> None:
        """Again and again while a checkpoint fails: a drill beside this one may be keeping its disk full."""
        gives_up_at = time.monotonic() + CHECKPOINT_SECONDS
        with psycopg.connect(f"{self.server}/postgres", autocommit=True) as connection:
            while True:
                try:
                    connection.execute(statement)  # type: ignore[call-overload]
                except psycopg.errors.InternalError_:
                    if time.monotonic() > gives_up_at:
                        raise
                    time.sleep(0.5)
                else:
                    return

    def drop(self, url: str) -> None:
        if self.server:
            self.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def abandon(self) -> None:
        """Ends everything at once, in the middle of drills."""
        for stage in list(self.stages):
            stage.end_processes()
            stage.redis.kill()
        self.close()

    def close(self) -> None:
        if self.postgres:
            self.postgres.stop("immediate")
        elif self.server:
            self.drop(self._template)

    def _migrate(self, url: str) -> None:
        if not self._is_migrated:
            _manage(_environment(self.folder, url), "migrate", "--verbosity", "0")
            self._is_migrated = True


class Stage:
    """Starts, breaks and kills the parts. Everything it began is gone when it is closed."""

    def __init__(self, house: House, *, database_url: str = "", redis_options: tuple[str, ...] = ()) -> None:
        self.house = house
        self.folder = Path(tempfile.mkdtemp(prefix="stage-", dir=house.folder))
        self.database_url = database_url or house.database()
        self.redis = Redis(self.folder, *redis_options)
        self.redis.start()
        self.sink = Sink()
        self.sink.__enter__()
        self.processes: list[subprocess.Popen[Any]] = []
        self.env = _environment(self.folder, self.database_url) | {
            "REDIS_URL": self.redis.url,
            "EMAIL_BACKEND": "apps.channels.smtp.PhasedSMTPBackend",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(self.sink.port),
            "CHANNEL_HOST_ALLOWLIST": "127.0.0.1",
            "DELIVERY_LEASE_SECONDS": str(LEASE_SECONDS),
        }
        self._scene: subprocess.Popen[str] | None = None
        house.stages.append(self)

    @property
    def postgres(self) -> Postgres:
        if self.house.postgres is None:
            raise Missing("this drill is about PostgreSQL, and its server programs are not installed here")
        return self.house.postgres

    def seal_mail(self) -> None:
        """From here on the mail server wants TLS, by a certificate that the parts started from here on trust."""
        certificate = make_certificate(self.folder / "mail.pem")
        self.sink.tls = server_context(certificate)
        self.env |= {"EMAIL_USE_TLS": "true", "SSL_CERT_FILE": str(certificate)}

    def scene(self, verb: str, *words: object, **named: object) -> Any:
        """Asks tests/drills/scene.py inside the installation, in a process that stays."""
        if self._scene is None or self._scene.poll() is not None:
            self._scene = self.another_scene()
        return ask(self._scene, verb, *words, **named)

    def another_scene(self) -> "subprocess.Popen[str]":
        """A process that answers for itself, beside the usual one."""
        command = [sys.executable, "-m", "tests.drills.ask"]
        with (self.folder / "scene.log").open("ab") as log:
            made = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.processes.append(made)
        return made

    def verify(self) -> str:
        """Nothing when the ledger is sound, else what `manage.py verify` says."""
        try:
            _manage(self.env, "verify")
        except AssertionError as error:
            return str(error)
        return ""

    def worker(self, *, processes: int = 1, **env: str) -> subprocess.Popen[bytes]:
        return self._celery("worker", "-Q", QUEUES, "-c", str(processes), "--without-gossip", "--without-mingle", env=env)

    def beat(self, **env: str) -> subprocess.Popen[bytes]:
        return self._celery("beat", "--pidfile", "", "--schedule", str(self.folder / uuid.uuid4().hex), env=env)

    def kill(self, process: subprocess.Popen[Any]) -> None:
        """kill -9 of the process and all its children, as when a machine loses its power."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def log_lines(self) -> list[str]:
        return [line for path in sorted(self.folder.glob("*.log")) for line in path.read_text(errors="replace").splitlines()]

    def errors(self) -> list[str]:
        """For the reader of a broken drill."""
        return [line for line in self.log_lines() if " ERROR " in line]

    def end_parts(self) -> None:
        """Kills workers, beats and whatever else was started, but for the scene, which takes long to come up."""
        for process in [process for process in self.processes if process is not self._scene]:
            self.kill(process)
            self.processes.remove(process)

    def end_processes(self) -> None:
        for process in self.processes:
            self.kill(process)
        self.processes.clear()
        self._scene = None

    def close(self) -> None:
        self.end_processes()
        self.sink.__exit__()
        self.redis.kill()
        self.house.stages.remove(self)
        self.house.drop(self.database_url)

    def _celery(self, *words: str, env: dict[str, str]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "config", *words, "-l", "WARNING"]
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.env | env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process


def ask(process: "subprocess.Popen[str]", verb: str, *words: object, **named: object) -> Any:
    return answer_of(process, begin(process, verb, *words, **named))


def begin(process: "subprocess.Popen[str]", verb: str, *words: object, **named: object) -> str:
    """Asks without waiting for the answer; `answer_of` waits."""
    assert process.stdin
    process.stdin.write(json.dumps([verb, words, named]) + "\n")
    process.stdin.flush()
    return verb


def answer_of(process: "subprocess.Popen[str]", verb: str) -> Any:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"The scene ended while it was asked for “{verb}”.")
    answer = json.loads(line)
    if "error" in answer:
        raise RuntimeError(f"{verb}: {answer['error']}")
    return answer["answer"]


def children_of(process: subprocess.Popen[bytes]) -> list[int]:
    """The processes in which a worker does its work; empty where /proc does not tell."""
    try:
        words = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    except OSError:
        return []
    return [int(word) for word in words]


def has_port(pid: int, port: int) -> bool:
    """Whether one end of a connection of that process is on this port; no where /proc does not tell."""
    try:
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        sockets = {f"socket:[{row[9]}]" for row in rows if int(row[1].rpartition(":")[2], 16) == port}
        return any(os.readlink(link) in sockets for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def wait_until(happened: Callable[[], bool], *, seconds: float, what: str, every: float = 0.05) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s")
        time.sleep(every)


@contextlib.contextmanager
def house(*, sqlite: bool = False, server: str = "", keep: bool = False) -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="drills-"))
    folder.chmod(0o711)  # the database's account passes through it
    made = House(folder, sqlite=sqlite, server=server)
    try:
        yield made
    finally:
        made.close()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, database_url: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DJANGO_SETTINGS_MODULE")}
    ours = {"DEBUG": "true", "DATABASE_URL": database_url, "VAR_DIR": str(folder), "SITE_URL": "https://preavis.test"}
    return inherited | ours


def _manage(env: dict[str, str], *words: str) -> str:
    done = subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{words}: {done.stdout}\n{done.stderr}")
    return done.stdout
