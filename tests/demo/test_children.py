import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from demo.children import Child, end_leftovers, remember, stop

SLEEP = "import time; time.sleep(60)"
# Starts a process of its own, says its number, and does not care for SIGTERM; nor does that process.
STUBBORN = f"""
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"]).pid, flush=True)
{SLEEP}
"""

Run = Callable[..., Child]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def run(tmp_path: Path, said: list[str]) -> Iterator[Run]:
    children = []

    def run(code: str, name: str = "worker") -> Child:
        child = Child(name, ["-c", code], environment=os.environ, log=tmp_path / f"{name}.log", say=said.append)
        child.start()
        children.append(child)
        return child

    yield run
    stop(children, patience=0, hurry=Event())
    for child in children:
        assert child.reader
        child.reader.join(5)


def eventually(happened: Callable[[], object]) -> bool:
    deadline = time.monotonic() + 10
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state) and not state.startswith("Z")


def test_stop_ends_grandchildren_and_those_who_will_not(run: Run) -> None:
    child = run(STUBBORN)
    assert eventually(lambda: child.log.exists() and child.log.read_text().strip())
    grandchild = int(child.log.read_text())
    stop([child], patience=0.2, hurry=Event())
    assert child.exit_code == -signal.SIGKILL
    assert eventually(lambda: not is_alive(grandchild))


def test_a_hurry_ends_the_patience(run: Run) -> None:
    child = run(STUBBORN)
    assert eventually(lambda: child.log.exists() and child.log.read_text().strip())
    hurry = Event()
    hurry.set()
    began = time.monotonic()
    stop([child], patience=60, hurry=hurry)
    assert time.monotonic() - began < 10


def test_the_leader_may_end_its_own_in_order(run: Run) -> None:
    helper = "import time; time.sleep(0.3); print('done', flush=True)"
    child = run(f"""
import signal, subprocess, sys, time
helper = subprocess.Popen([sys.executable, "-c", {helper!r}])
signal.signal(signal.SIGTERM, lambda *_: (helper.wait(), sys.exit()))
print("ready", flush=True)
{SLEEP}
""")
    assert eventually(lambda: child.log.exists() and "ready" in child.log.read_text())
    stop([child], patience=10, hurry=Event())
    assert eventually(lambda: "done" in child.log.read_text())
    assert child.exit_code == 0


def test_one_that_dies_is_started_again_with_a_message(run: Run, said: list[str]) -> None:
    child = run("raise SystemExit(3)")
    assert eventually(lambda: child.exit_code is not None)
    child.arguments = [sys.executable, "-c", SLEEP]
    assert child.revive()
    assert child.exit_code is None
    assert said == ["worker ended with code 3; it is started again"]


def test_one_that_dies_at_once_again_and_again_is_given_up(run: Run, said: list[str]) -> None:
    child = run("raise SystemExit(3)")
    revived = []
    while not revived or revived[-1]:
        assert eventually(lambda: child.exit_code is not None)
        revived.append(child.revive())
    assert revived == [True, True, False]
    assert said[-1].startswith("worker ended again and again (last with code 3)")


def test_warnings_are_forwarded_with_their_lines_and_the_rest_only_logged(run: Run, said: list[str]) -> None:
    record = "2026-03-02 09:00:00,000 {} apps.delivery: {}"
    lines = [record.format("INFO", "usual"), record.format("ERROR", "wrong"), "Traceback", "  x", record.format("INFO", "usual")]
    child = run(f"print({chr(10).join(lines)!r})")
    assert eventually(lambda: child.log.exists() and len(child.log.read_text().splitlines()) == len(lines))
    assert said == [f"worker | {line}" for line in lines[1:4]]


def test_what_a_killed_supervisor_left_is_ended_at_the_next_start(run: Run, tmp_path: Path) -> None:
    child = run(SLEEP)
    remember([child], tmp_path / "children.json")
    end_leftovers(tmp_path / "children.json")
    assert eventually(lambda: child.exit_code == -signal.SIGKILL)
    assert not (tmp_path / "children.json").exists()


def test_a_number_that_now_belongs_to_another_program_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    (tmp_path / "children.json").write_text(f'{{"worker": {other.pid}}}')
    end_leftovers(tmp_path / "children.json")
    assert other.poll() is None
    other.kill()
    other.wait()


@pytest.mark.parametrize("content", ["", "[]", "null", '{"worker": "x"}'])
def test_a_broken_note_of_an_earlier_start_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "children.json").write_text(content)
    end_leftovers(tmp_path / "children.json")
