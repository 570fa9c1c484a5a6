"""A whole installation of its own for a drill: database, Valkey, SMTP server, Celery worker and beat, as real processes."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings

from config import embedded

ROOT = Path(__file__).resolve().parents[2]
LEASE_SECONDS = 5


class Mailbox(Controller):
    """A real SMTP server that takes everything and remembers for whom; its answers come `slowly` seconds later."""

    def __init__(self, slowly: float = 0.0) -> None:
        self.slowly = slowly
        self.received: Counter[str] = Counter()
        super().__init__(self, hostname="127.0.0.1", port=0)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        self._factory_invoked.set()
        self.smtpd = True

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.received.update(envelope.rcpt_tos)  # before the answer: a client killed now does not know, and we do
        await asyncio.sleep(self.slowly)
        return "250 OK"


class Stage:
    """Starts and kills the parts. Everything it began is gone when the `with` block ends."""

    def __init__(self, folder: Path, mailbox: Mailbox, database_url: str) -> None:
        self.folder, self.mailbox = folder, mailbox
        self._running: list[subprocess.Popen[bytes]] = []
        self.env = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DJANGO_SETTINGS_MODULE")} | {
            "DEBUG": "true",
            "DATABASE_URL": database_url,
            "VAR_DIR": str(folder),
            "EMAIL_BACKEND": "apps.channels.smtp.PhasedSMTPBackend",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mailbox.port),
            "DELIVERY_LEASE_SECONDS": str(LEASE_SECONDS),
            "SITE_URL": "https://preavis.test",
        }

    def manage(self, *words: str) -> str:
        """Runs a management command to its end; raises when it fails."""
        done = subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"{words}: {done.stdout}\n{done.stderr}")
        return done.stdout

    def scene(self, *words: object) -> Any:
        """Asks tests/drills/scene.py inside the installation."""
        command = [sys.executable, "-m", "tests.drills.ask", *map(str, words)]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"{words}: {done.stderr}")
        return json.loads(done.stdout)

    def worker(self, *, processes: int = 1) -> subprocess.Popen[bytes]:
        queues = "urgent,bulk,events,housekeeping"
        return self._start("worker", "-Q", queues, "-c", str(processes), "--without-gossip", "--without-mingle", "-l", "WARNING")

    def beat(self) -> subprocess.Popen[bytes]:
        return self._start("beat", "-l", "WARNING", "--pidfile", "")

    def valkey(self) -> None:
        embedded.ensure_running(embedded.url(self.folder), self.folder)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9 of the process and all its children, as when a machine loses its power."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        for process in self._running:
            self.kill(process)
        embedded.stop(self.folder)

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "config", *words]
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True)
        self._running.append(process)
        return process


@contextlib.contextmanager
def stage(folder: Path, *, slowly: float = 0.0) -> Iterator[Stage]:
    """A migrated installation without any part running, on the kind of database that the tests use."""
    mailbox = Mailbox(slowly)
    mailbox.start()
    with contextlib.ExitStack() as stack, _database(folder) as url:
        stack.callback(mailbox.stop)
        made = Stage(folder, mailbox, url)
        try:
            made.manage("migrate", "--verbosity", "0")
            made.valkey()
            yield made
        finally:
            made.close()


def wait_until(happened: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[str]:
    config = settings.DATABASES["default"]
    if "sqlite" in config["ENGINE"]:
        yield f"sqlite:///{folder / 'drill.sqlite3'}"
        return
    server = f"postgres://{config['USER']}:{config['PASSWORD']}@{config['HOST']}:{config['PORT'] or 5432}"
    name = f"drill_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
