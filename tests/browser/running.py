"""The demo as a newcomer starts it: its own processes, ports and folder."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from demo.places import Places
from demo.ports import Ports

ANY_PORTS = Ports(web=0, mailbox=0, smtp=0)  # so that a demo that starts beside takes others
ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 240  # on a machine that is busy with other things


@dataclass(frozen=True, kw_only=True)
class Demo:
    site: str
    mailbox: str
    feed: str
    watch: str
    title: str
    user: str
    password: str


@contextlib.contextmanager
def running_demo(folder: Path, *, may_complain: bool = False) -> Iterator[Demo]:
    """From its first start on; what it printed is what a newcomer knows. Nothing of it may be left and, unless it
    `may_complain` of what it is asked, nothing have failed."""
    Places(folder=folder).remember_ports(ANY_PORTS)
    environment = os.environ | {"DEMO_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "demo"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    rest: list[str] = []
    reader = Thread(target=rest.extend, args=(process.stdout,))  # a pipe that nobody reads fills, and then all of it stands still
    try:
        demo = _demo_of(_greeting(process))
        reader.start()
        yield demo
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        if reader.ident:
            reader.join()
        process.stdout.close()
    said = "".join(rest)
    assert process.returncode == 0
    assert not _processes_of(folder), "Ctrl-C left something behind"
    assert may_complain or not re.search(r"ERROR|Traceback", said), said


def _processes_of(folder: Path) -> list[str]:
    """Every process that was started with the demo's environment and still runs."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def _greeting(process: "subprocess.Popen[str]") -> str:
    signal.signal(signal.SIGALRM, lambda *_: process.kill())
    signal.alarm(START_SECONDS)
    lines = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            break
    signal.alarm(0)
    return "".join(lines)


def _demo_of(greeting: str) -> Demo:
    def find(pattern: str) -> str:
        found = re.search(pattern, greeting)
        assert found, f"{pattern} is not in what the demo printed:\n{greeting}"
        return found[1]

    return Demo(
        site=find(r"Planners\s+(\S+?)/admin/"),
        user=find(r"user (\S+),"),
        password=find(r"password (\S+)\)"),
        mailbox=find(r"Mailbox\s+(\S+?)/ "),
        feed=find(r"Calendar\s+(\S+)"),
        watch=find(r"Watch\s+(\S+)"),
        title=find(r"“(.+)” starts in"),
    )
