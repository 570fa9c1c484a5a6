"""The one process that brings database and static files up to date and fills them, seen from the supervisor."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import IO

from .places import ROOT, Places


class PreparationFailed(Exception):
    """Its own words are on the terminal already."""


class Preparation:
    """Says one line when all is prepared, then waits for a line before it releases the campaign that starts soon.

    So that campaign begins when there is a worker to send it, and starts three minutes after the demo is there.
    """

    def __init__(self, places: Places, environment: Mapping[str, str], *, stopping: threading.Event) -> None:
        self.stopping = stopping
        self.is_prepared = False
        # In a session of its own: Ctrl-C is for the supervisor alone, which then ends everything in order.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demo.seed", str(places.folder)],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        assert self.process.stdout
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def wait(self) -> None:
        """Returns when all is prepared, or the demo is to stop."""
        self.is_prepared = self.is_prepared or bool(self._next_line())

    def release(self) -> dict[str, str]:
        """Lets the campaign go; returns what is worth telling, nothing when the demo is to stop."""
        self.wait()
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):  # it has failed, which its missing answer shows
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        told: dict[str, str] = json.loads(self._next_line() or "{}")
        return told

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(5)
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if stream:
                    stream.close()

    def _next_line(self) -> str:
        while not self.stopping.is_set():
            try:
                line = self._lines.get(timeout=0.05)
            except queue.Empty:
                continue
            if not line:
                raise PreparationFailed
            return line
        return ""

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)
        self._lines.put("")
