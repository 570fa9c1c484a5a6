"""kill -9 and SIGTERM of workers and of beat, in the middle of sending."""

import os
import signal
import subprocess
import time

from .drill import Run, drill
from .stage import children_of, has_port, wait_until

WARM_STOP_SECONDS = 45.0  # what docs/operating.md asks to allow
WORKERS = 2
LOOKS = 200  # for a worker at work


@drill(
    "kill-workers",
    promise="However often workers are killed with kill -9: nobody is lost, nobody is written to twice, "
    "and a kill leaves at most one message in doubt.",
    small={"people": 300, "times": 3},
    full={"people": 12_000, "times": 100},
)
def kill_workers(run: Run) -> None:
    _kill_workers(run, connections=1)


@drill(
    "kill-connections",
    promise="Workers that send through several connections each are killed with kill -9: nobody is lost, nobody is written to twice, "
    "and a kill leaves at most one message per connection in doubt.",
    small={"people": 300, "times": 2, "connections": 4},
    full={"people": 12_000, "times": 50, "connections": 8},
)
def kill_connections(run: Run) -> None:
    _kill_workers(run, connections=run.size.connections)


@drill(
    "kill-sealed",
    promise="Workers that send over TLS, through several connections each, are killed with kill -9: nobody is lost, nobody is written to "
    "twice, and a kill leaves at most one message per connection in doubt.",
    small={"people": 300, "times": 1, "connections": 4},
    full={"people": 12_000, "times": 25, "connections": 8},
)
def kill_sealed(run: Run) -> None:
    run.stage.seal_mail()
    _kill_workers(run, connections=run.size.connections)


def _kill_workers(run: Run, *, connections: int) -> None:
    """Half of the victims are whole workers, half only the process in which one works."""
    run.stage.beat()
    workers = [run.stage.worker() for _ in range(WORKERS)]
    run.start(reply_seconds=0.005 * connections, connections=connections)
    whole = 0
    for _ in range(run.size.times):
        run.amid(run.size.people // run.size.times)
        whole += _kill_one(run, workers)
    run.injected |= {"kills": run.size.times, "whole_workers": whole, "connections": connections}
    run.finish(doubts=run.size.times * connections)


def _kill_one(run: Run, workers: list[subprocess.Popen[bytes]]) -> bool:
    """Whoever has sent the last message; whether the whole worker died."""
    place, children = _sender(run, workers)
    if children and run.rng.random() < 0.5:
        for child in children:
            os.kill(child, signal.SIGKILL)
        return False
    run.stage.kill(workers[place])
    workers[place] = run.stage.worker()
    return True


def _sender(run: Run, workers: list[subprocess.Popen[bytes]]) -> tuple[int, list[int]]:
    """The place of the worker in which the last message was sent, and its process; any, where that cannot be told.

    It may have been the clock, which sends by itself while no worker hears: then the next message is waited for.
    """
    for _ in range(LOOKS):
        port = run.stage.sink.received[-1].port
        for place, worker in enumerate(workers):
            if senders := [child for child in children_of(worker) if has_port(child, port)]:
                return place, senders
        run.amid(2)
    place = run.rng.randrange(len(workers))
    return place, children_of(workers[place])


@drill(
    "kill-beat",
    promise="However often beat is killed with kill -9: nobody is lost, nobody is written to twice, nothing is in doubt, "
    "and what fell due meanwhile leaves once it is back.",
    small={"people": 60, "times": 3},
    full={"people": 2_000, "times": 50},
)
def kill_beat(run: Run) -> None:
    stage = run.stage
    stage.worker(processes=WORKERS)
    beat = stage.beat()
    each = max(1, run.size.people // run.size.times)
    scenes = []
    for _ in range(run.size.times):
        scenes.append(run.touchpoint(each, due_in=run.rng.random() * 4))
        time.sleep(run.rng.random() * 4)
        stage.kill(beat)
        beat = stage.beat()
    run.wait_settled(*scenes)
    run.injected |= {"kills": run.size.times}
    run.judge(*scenes, doubts=0)


@drill(
    "term-workers",
    promise="A worker that is stopped with SIGTERM in the middle of a batch ends within 45 s, leaves nothing in doubt and "
    "gives back what it has not sent.",
    small={"people": 300, "times": 1},
    full={"people": 4_000, "times": 12},
)
def term_workers(run: Run) -> None:
    run.stage.beat()
    worker = run.stage.worker()
    run.start(reply_seconds=0.02)
    took, codes = [], []
    for _ in range(run.size.times):
        run.amid(run.size.people // run.size.times // 2)
        old, began = worker, time.monotonic()
        os.kill(old.pid, signal.SIGTERM)
        worker = run.stage.worker()  # as a rolling deployment has it
        wait_until(lambda old=old: old.poll() is not None, seconds=2 * WARM_STOP_SECONDS, what="stopping")
        took.append(time.monotonic() - began)
        codes.append(old.returncode)
    run.injected |= {"stops": run.size.times}
    run.measured |= {"longest_stop_seconds": round(max(took), 1)}
    run.hold(max(took) <= WARM_STOP_SECONDS, f"A stop took {max(took):.0f} s.")
    run.hold(set(codes) == {0}, f"Workers ended with {sorted(set(codes))}.")
    run.finish(doubts=0)


@drill(
    "freeze-workers",
    promise="A worker that is frozen for longer than its lease, as a stopped virtual machine is, and then goes on, writes to "
    "nobody to whom another has written meanwhile; a freeze leaves at most one message per connection in doubt.",
    small={"people": 300, "times": 1},
    full={"people": 6_000, "times": 20},
)
def freeze_workers(run: Run) -> None:
    run.stage.beat()
    workers = [run.stage.worker() for _ in range(WORKERS)]
    run.start(reply_seconds=0.005)
    for _ in range(run.size.times):
        run.amid(run.size.people // run.size.times // 2)
        victim = workers[_sender(run, workers)[0]]
        os.killpg(victim.pid, signal.SIGSTOP)
        time.sleep(run.rng.uniform(8, 12))  # the lease is 5 s, and housekeeping looks each 5 s
        os.killpg(victim.pid, signal.SIGCONT)
    run.injected |= {"freezes": run.size.times}
    run.finish(doubts=run.size.times)
