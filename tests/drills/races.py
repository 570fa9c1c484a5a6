"""More of a part than there should be: two beats, several expanders at once."""

import time
from typing import Any

from .drill import Run, drill
from .stage import answer_of, begin

ORPHAN_SECONDS = 10.0  # for which the database may go on with the statement of a process that was killed


@drill(
    "two-beats",
    promise="Two beats run side by side: nobody is lost, nobody is written to twice, nothing is in doubt.",
    small={"people": 200, "times": 4},
    full={"people": 10_000, "times": 100},
)
def two_beats(run: Run) -> None:
    stage = run.stage
    stage.beat()
    stage.beat()
    stage.worker(processes=2)
    each = run.size.people // run.size.times
    scenes = []
    for _ in range(run.size.times):
        scenes.append(run.touchpoint(each, due_in=2 + run.rng.random() * 3))
        time.sleep(run.rng.random())
    run.wait_settled(*scenes)
    run.injected |= {"beats": 2, "touchpoints": run.size.times}
    run.judge(*scenes, doubts=0)


@drill(
    "expanders",
    promise="Several processes expand the same touchpoint at once, and some are killed with kill -9 amid it: it has one "
    "delivery per recipient.",
    small={"people": 5_000, "times": 2, "processes": 3},
    full={"people": 20_000, "times": 10, "processes": 4},
)
def expanders(run: Run) -> None:
    stage = run.stage
    rows, killed = [], 0
    for number in range(run.size.times):
        scene = run.touchpoint(due_in=300)
        racers = [stage.another_scene() for _ in range(run.size.processes)]
        for racer in racers:
            answer_of(racer, begin(racer, "now"))  # they are up
        for racer in racers:
            begin(racer, "expand", scene["touchpoints"][0])
        if number % 2:
            time.sleep(run.rng.random() * 0.15)
            for racer in racers[:-1]:
                racer.kill()
                killed += 1
        answer_of(racers[-1], "expand")
        for racer in racers:
            racer.kill()
            racer.wait()
        ledger = _seen_to(run, scene["touchpoints"])
        rows.append(len(ledger))
        run.hold(
            len({row["address"] for row in ledger}) == len(ledger) == run.size.people,
            f"Touchpoint {number}: {len(ledger)} deliveries for {run.size.people} recipients",
        )
    run.injected |= {"touchpoints": run.size.times, "expanders_each": run.size.processes, "kills": killed}
    run.measured |= {"people": run.size.people, "rows": rows}


def _seen_to(run: Run, touchpoints: list[int]) -> list[dict[str, Any]]:
    """The rows, once the clock has seen to it: each second it asks again for what is not written to its end yet. What a killed
    process was writing stays in its hands until the database has found out."""
    ends = time.monotonic() + ORPHAN_SECONDS * run.leeway
    while True:
        run.stage.scene("expand", touchpoints[0])
        ledger: list[dict[str, Any]] = run.stage.scene("ledger", touchpoints)
        if len(ledger) >= run.size.people or time.monotonic() > ends:
            return ledger
        time.sleep(1)
