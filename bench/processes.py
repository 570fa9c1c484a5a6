"""What processes cost, read from /proc: processor time and the highest memory of a tree, its ended children included."""

import os
import signal
import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
LOOK_SECONDS = 0.25
PROC = Path("/proc")


def stop(process: "subprocess.Popen[bytes]", *, patience: float = 10.0) -> None:
    """TERM, and KILL for the whole group when that does not help. Everything here is started in a session of its own."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Meter:
    """Processor seconds of groups of process trees between `start` and `stop`, and each group's largest process.

    A group is named and has root pids. A process that ends while it is measured is counted by its parent, which has
    waited for it. `counters` are read beside them: each gives the seconds used so far.
    """

    def __init__(self, groups: Mapping[str, Iterable[int]], counters: Mapping[str, Callable[[], float]]) -> None:
        self._groups = {name: set(pids) for name, pids in groups.items()}
        self._counters = counters
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seconds: dict[str, float] = {}
        self.peak_bytes: dict[str, int] = dict.fromkeys(self._groups, 0)

    def start(self) -> None:
        self._before = self._read()
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        after = self._read()
        self.seconds = {name: seconds - self._before[name] for name, seconds in after.items()}

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._read()

    def _read(self) -> dict[str, float]:
        stats = dict(_stats())
        children = defaultdict(list)
        for pid, (parent, _seconds) in stats.items():
            children[parent].append(pid)
        used = {}
        for name, roots in self._groups.items():
            tree = _tree(roots, children)
            used[name] = sum(stats[pid][1] for pid in tree if pid in stats)
            self.peak_bytes[name] = max([self.peak_bytes[name], *map(_peak_bytes, tree)])
        return used | {name: counter() for name, counter in self._counters.items()}


def seconds_of(pid: int) -> float:
    """Processor seconds of a running process; 0 when it cannot be read."""
    try:
        return _stat(pid)[1]
    except OSError:
        return 0.0


def _tree(roots: Iterable[int], children: Mapping[int, list[int]]) -> list[int]:
    found = list(roots)
    for pid in found:  # grows while it is walked
        found += [child for child in children.get(pid, ()) if child not in found]
    return found


def _stats() -> Iterable[tuple[int, tuple[int, float]]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), _stat(int(entry.name))
            except OSError:
                continue


def _stat(pid: int) -> tuple[int, float]:
    """Parent and processor seconds, with those of children that ended and were waited for."""
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICK


def _peak_bytes(pid: int) -> int:
    try:
        status = (PROC / str(pid) / "status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
