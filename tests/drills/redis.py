"""Redis flushed, restarted empty, frozen, out of memory or away when messages fall due."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from .drill import Run, drill

NOTHING = "nobody is lost, nobody is written to twice, nothing is in doubt"
GOES_ON_SECONDS = 5.0
UNHEARD_SECONDS = 8.0  # the clock waits 3 s for somebody to hear it, and looks twice
FIRST_MOMENT_SECONDS = 10.0  # of a clock, in which it takes nobody for deaf; apps/delivery/direct.py
BATCH = 200  # DELIVERY_BATCH_SIZE
LARGEST_BATCH, SHARE = 800, 5  # of a large touchpoint, and of how many of its people; apps/delivery/policy.py
BACK_SECONDS = 60.0  # after Redis is back, for workers and beat to find it again without a restart


def _start(run: Run, *, reply_seconds: float = 0.005) -> None:
    """Two workers and beat in the middle of a touchpoint."""
    run.stage.beat()
    run.stage.worker(processes=2)
    run.start(reply_seconds=reply_seconds)
    run.wait_for(1)


def _hold_life(run: Run, name: str) -> None:
    """A touchpoint that falls due now, with everything back: how long until its first message."""
    since = run.received()
    began = time.monotonic()
    scene = run.touchpoint(1)
    run.wait_for(1, since=since, seconds=BACK_SECONDS * run.leeway + 30)
    took = time.monotonic() - began
    run.measured[name] = round(took, 1)
    run.hold(took <= BACK_SECONDS * run.leeway, f"With Redis back it took {took:.0f} s to send again.")
    run.wait_settled(scene)


@drill(
    "redis-flush",
    promise=f"Redis is flushed while messages leave: {NOTHING}.",
    small={"people": 300, "times": 3},
    full={"people": 12_000, "times": 50},
)
def flush(run: Run) -> None:
    _start(run)
    for _ in range(run.size.times):
        run.amid(run.size.people // run.size.times)
        run.stage.redis.client.flushall()
    run.injected["flushes"] = run.size.times
    run.finish(doubts=0)


@drill(
    "redis-flush-kill",
    promise="Redis is flushed and then a worker killed in the same batch: nobody is lost, nobody is written to twice; the "
    "messages of that batch may be in doubt.",
    small={"people": 300, "times": 1},
    full={"people": 12_000, "times": 10},
)
def flush_and_kill(run: Run) -> None:
    run.stage.beat()
    worker = run.stage.worker()
    run.start(reply_seconds=0.005)
    for _ in range(run.size.times):
        run.amid(run.size.people // run.size.times // 2)
        run.stage.redis.client.flushall()
        run.amid(5)
        run.stage.kill(worker)
        worker = run.stage.worker()
    run.injected |= {"flushes": run.size.times, "kills": run.size.times}
    run.finish(doubts=max(BATCH, min(LARGEST_BATCH, run.size.people // SHARE)) * run.size.times)


@drill(
    "redis-restart",
    promise=f"Redis is killed while messages leave and comes back empty: {NOTHING}; sending finds it again within 60 s.",
    small={"people": 300, "times": 1, "seconds": 3},
    full={"people": 12_000, "times": 10, "seconds": 8},
)
def restart(run: Run) -> None:
    _start(run)
    for _ in range(run.size.times):
        run.amid(run.size.people // run.size.times // 2)
        with run.stage.redis.away():
            time.sleep(run.size.seconds)
    run.injected |= {"restarts": run.size.times, "seconds_away": run.size.seconds}
    _hold_life(run, "back_after_seconds")
    run.finish(doubts=0)


@drill(
    "redis-pause",
    promise=f"Redis is frozen (SIGSTOP) while messages leave: {NOTHING}; what is in hand goes on within 5 s.",
    small={"people": 400, "times": 1, "seconds": 6},
    full={"people": 6_000, "times": 4, "seconds": 20},
)
def pause(run: Run) -> None:
    _start(run, reply_seconds=0.03)
    went_on = []
    for _ in range(run.size.times):
        run.amid(run.size.people // run.size.times // 8)
        with run.stage.redis.frozen():
            time.sleep(GOES_ON_SECONDS)
            since = run.received()
            time.sleep(run.size.seconds - GOES_ON_SECONDS)
            went_on.append(run.received() - since)
    run.injected |= {"pauses": run.size.times, "seconds_each": run.size.seconds}
    run.measured["sent_while_frozen_after_5_s"] = went_on
    run.hold(min(went_on) > 0, f"After {GOES_ON_SECONDS:g} s without Redis nothing left any more: {went_on}")
    _hold_life(run, "back_after_seconds")
    run.finish(doubts=0)


@drill(
    "redis-full",
    promise=f"Redis refuses every write for want of memory (noeviction) while messages leave: {NOTHING}.",
    small={"people": 400, "times": 1, "seconds": 3},
    full={"people": 12_000, "times": 4, "seconds": 15},
)
def full(run: Run) -> None:
    _start(run)
    for _ in range(run.size.times):
        run.amid(run.size.people // run.size.times // 4)
        with run.stage.redis.full():
            time.sleep(run.size.seconds)
    run.injected |= {"times_full": run.size.times, "seconds_each": run.size.seconds}
    _hold_life(run, "back_after_seconds")
    run.finish(doubts=0)


@drill(
    "redis-away",
    promise=f"Redis is gone when messages fall due: {NOTHING}; they leave directly within 5 s, and by hints when it is back.",
    small={"people": 100, "seconds": 8},
    full={"people": 4_000, "seconds": 60},
)
def away(run: Run) -> None:
    _falls_due_without(run, run.stage.redis.away)


@drill(
    "redis-frozen-when-due",
    promise=f"Redis is frozen when messages fall due: {NOTHING}; they leave directly within 5 s, and by hints when it is back.",
    small={"people": 100, "seconds": 8},
    full={"people": 4_000, "seconds": 60},
)
def frozen_when_due(run: Run) -> None:
    _falls_due_without(run, run.stage.redis.frozen)


@drill(
    "redis-full-when-due",
    promise=f"Redis answers but takes nothing (noeviction) when messages fall due: they leave directly within 5 s; {NOTHING}.",
    small={"people": 100, "seconds": 8},
    full={"people": 4_000, "seconds": 60},
)
def full_when_due(run: Run) -> None:
    _falls_due_without(run, run.stage.redis.full)


def _falls_due_without(run: Run, gone: Callable[[], AbstractContextManager[None]]) -> None:
    stage = run.stage
    stage.beat()
    stage.worker(processes=2)
    first = run.touchpoint(1)
    run.wait_for(1)  # the parts are up
    run.wait_settled(first)
    with gone():
        since = run.received()
        scene = run.touchpoint()
        began = time.monotonic()
        run.wait_for(1, since=since)
        time.sleep(max(0.0, run.size.seconds - (time.monotonic() - began)))
        run.measured["sent_while_away"] = run.received() - since
    run.injected["seconds_away"] = run.size.seconds
    _hold_life(run, "back_after_seconds")
    run.wait_settled(scene)
    verdict = run.judge(scene, doubts=0)
    late = verdict.first_after is None or verdict.first_after > GOES_ON_SECONDS * run.leeway
    run.hold(not late, f"The first message came {verdict.first_after} s after it was due.")


@drill(
    "redis-away-clock-term",
    promise=f"The clock is told to stop (TERM) while it sends directly, and started again: {NOTHING}.",
    small={"people": 400, "times": 1},
    full={"people": 4_000, "times": 5},
)
def clock_told_to_stop(run: Run) -> None:
    stage = run.stage
    stage.sink.delay = 0.005
    beat = stage.beat()
    with stage.redis.away():
        scene = run.touchpoint()
        for _ in range(run.size.times):
            run.wait_for(20)
            beat.terminate()
            run.hold(beat.wait(timeout=40) == 0, f"The clock ended with {beat.returncode}.")
            beat = stage.beat()
        run.wait_settled(scene)
    stage.sink.delay = 0.0
    run.injected["terms"] = run.size.times
    run.judge(scene, doubts=0)


@drill(
    "redis-unheard",
    promise=f"The workers are frozen when messages fall due, so that nobody hears the clock: {NOTHING}; they leave directly "
    "within 8 s, and by the workers when those wake.",
    small={"people": 100},
    full={"people": 4_000},
)
def unheard(run: Run) -> None:
    stage = run.stage
    stage.beat()
    workers = [stage.worker(), stage.worker()]
    first = run.touchpoint(1)
    run.wait_for(1)
    run.wait_settled(first)
    time.sleep(FIRST_MOMENT_SECONDS)
    for worker in workers:
        os.killpg(worker.pid, signal.SIGSTOP)
    since = run.received()
    scene = run.touchpoint()
    run.wait_for(1, since=since)
    run.wait_settled(scene)
    for worker in workers:
        os.killpg(worker.pid, signal.SIGCONT)
    _hold_life(run, "back_after_seconds")
    verdict = run.judge(scene, doubts=0)
    late = verdict.first_after is None or verdict.first_after > UNHEARD_SECONDS * run.leeway
    run.hold(not late, f"The first message came {verdict.first_after} s after it was due.")
