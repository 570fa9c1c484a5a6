"""A whole Preavis of its own: the environment, worker, clock, and commands run inside it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .processes import stop
from .servers import ROOT

QUEUES = "urgent,bulk,events,housekeeping"
SITE_URL = "https://notices.example.com"
SENDER = "Example Operations <operations@example.com>"


class Installation:
    """Starts the parts; everything it began has ended after `close`."""

    def __init__(self, folder: Path, *, database_url: str, redis_url: str, smtp_port: int) -> None:
        self.folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self.env = inherited | {
            "SECRET_KEY": "only-for-measuring-" * 4,
            "ALLOWED_HOSTS": "127.0.0.1",
            "SITE_URL": SITE_URL,
            "FROM_EMAIL": SENDER,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "VAR_DIR": str(folder),
            "EMAIL_BACKEND": "apps.channels.smtp.PhasedSMTPBackend",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(smtp_port),
            "CHANNEL_HOST_ALLOWLIST": "127.0.0.1",
            "LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }

    def manage(self, *words: str) -> str:
        return self._finish("manage.py", *words)

    def inside(self, verb: str, *words: object) -> Any:
        """Runs a function of bench/inside.py in the installation; its JSON answer."""
        return json.loads(self._finish("-m", "bench.inside", verb, *map(str, words)))

    def start_worker(self, *, processes: int = 2) -> int:
        return self._start("worker", "-Q", QUEUES, "-c", str(processes), "--without-gossip", "--without-mingle", "-l", "WARNING")

    def start_beat(self) -> int:
        return self._start("beat", "-l", "WARNING", "--pidfile", "")

    def log(self, part: str) -> str:
        return (self.folder / f"{part}.log").read_text(errors="replace")

    def close(self) -> None:
        for process in reversed(self._running):
            stop(process, patience=30)

    def _finish(self, *words: str) -> str:
        done = subprocess.run([sys.executable, *words], cwd=ROOT, env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stdout}\n{done.stderr}")
        return done.stdout

    def _start(self, *words: str) -> int:
        command = [sys.executable, "-m", "celery", "-A", "config", *words]
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True)
        self._running.append(process)
        return process.pid
