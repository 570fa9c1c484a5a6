"""Starting, watching and ending processes, each with all that it starts itself."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO

from .places import ROOT

QUICK_DEATH_SECONDS = 10
QUICK_DEATHS_ALLOWED = 3
# The first line of a log record, of ours or of the servers; lines without such a beginning belong to the record before,
# as those of a traceback do.
RECORD = re.compile(r"^(\d{4}-\d\d-\d\d \S+ (?P<ours>[A-Z]+)|\[(?P<web>[A-Z]+)\]|\[[^]]*: (?P<celery>[A-Z]+)/)")
GRAVE = {"WARNING", "ERROR", "CRITICAL"}
# Asked for by the supervisor itself until all is well.
EXPECTED = re.compile(r"Service Unavailable: /healthz$")

Say = Callable[[str], None]


class Child:
    """One process in a group of its own, so that a signal reaches everything it started, and Ctrl-C only the supervisor."""

    def __init__(self, name: str, arguments: list[str], *, environment: Mapping[str, str], log: Path, say: Say) -> None:
        self.name = name
        self.arguments = [sys.executable, *arguments]
        self.environment = environment
        self.log = log
        self.say = say
        self.quick_deaths = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.reader: threading.Thread | None = None

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.arguments,
            cwd=ROOT,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self.process.stdout
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    @property
    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    def revive(self) -> bool:
        """Starts it again after its end; False when it ends at once again and again."""
        lived = time.monotonic() - self.started_at
        self.quick_deaths = self.quick_deaths + 1 if lived < QUICK_DEATH_SECONDS else 0
        code = self.exit_code
        self.signal(signal.SIGKILL)  # what it started must not outlive it beside its successor
        if self.quick_deaths >= QUICK_DEATHS_ALLOWED:
            self.say(f"{self.name} ended again and again (last with code {code}); its log is {self.log}")
            return False
        self.say(f"{self.name} ended with code {code}; it is started again")
        self.start()
        return True

    def signal(self, number: signal.Signals) -> None:
        if self.process:
            _signal_group(self.process.pid, number)

    def _read(self, stream: IO[bytes]) -> None:
        showing = True  # what a process says before its first record is a failure to start
        with stream, self.log.open("a", encoding="utf-8") as log:
            for raw in stream:
                line = raw.decode("utf-8", errors="replace").rstrip()
                log.write(line + "\n")
                log.flush()
                if record := RECORD.match(line):
                    showing = bool(GRAVE & set(record.groups())) and not EXPECTED.search(line)
                elif line.startswith("Traceback"):
                    showing = True
                if showing:
                    self.say(f"{self.name} | {line}")


def stop(children: Iterable[Child], *, patience: float, hurry: threading.Event) -> None:
    """Asks all of them at once to end; what is left of their groups after `patience` seconds, or in a hurry, is killed."""
    children = list(children)
    for child in children:
        if child.process:
            child.process.terminate()  # the leader alone: it ends its own in order, as a worker lets messages finish
    deadline = time.monotonic() + patience
    while any(child.exit_code is None for child in children if child.process) and time.monotonic() < deadline:
        if hurry.wait(0.05):
            break
    for child in children:
        child.signal(signal.SIGKILL)
        if child.process:
            child.process.wait()


def remember(children: Iterable[Child], path: Path) -> None:
    path.write_text(json.dumps({child.name: child.process.pid for child in children if child.process}))


def end_leftovers(path: Path) -> None:
    """Ends what an earlier supervisor that was killed left running."""
    try:
        pids = [int(pid) for pid in json.loads(path.read_text()).values()]
    except (OSError, ValueError, AttributeError):
        return
    for pid in pids:
        # The number may belong to another process by now.
        command = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True).stdout
        if command.startswith(sys.executable):
            _signal_group(pid, signal.SIGKILL)
    path.unlink()


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
