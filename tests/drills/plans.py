"""Planners change their minds while messages leave: cancel, move, pause."""

import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

from .drill import Run, drill

Scene = dict[str, Any]


def _amid(run: Run, verb: str, *words: str) -> tuple[Scene, Scene]:
    """A campaign in the middle of its fan-out, and what the verb answered."""
    scene: Scene = run.stage.scene("released_campaign", run.size.people)
    run.wait_for(run.rng.randint(1, run.size.people // 2))
    return scene, run.stage.scene(verb, scene["campaign"], *words)


def _times(run: Run, play: Callable[[], None]) -> None:
    stage = run.stage
    stage.sink.delay = 0.005
    stage.beat()
    stage.worker(processes=2)
    for _ in range(run.size.times):
        play()
    stage.sink.delay = 0.0


def _hold_stillness(run: Run, stopped: Scene, keys: set[str], word: str) -> None:
    """Of these messages nothing arrives once the verb has returned, but for what it named."""
    later = [note for note in run.stage.sink.received if note.key in keys and note.at > stopped["returned_at"]]
    run.measured["after_return"] = run.measured.get("after_return", 0) + len(later)
    run.measured["named_as_unanswered"] = run.measured.get("named_as_unanswered", 0) + stopped["unanswered"]
    run.hold(
        len(later) <= stopped["unanswered"],
        f"{len(later)} messages came after {word} had returned, and it had named {stopped['unanswered']}.",
    )


def _keys(run: Run, scene: Scene, revision: int) -> set[str]:
    return {row["token"] for row in run.stage.scene("ledger", scene["touchpoints"]) if row["revision"] == revision}


def _settled(run: Run, scene: Scene) -> Scene:
    run.wait_settled(scene)
    scene |= run.stage.scene("touchpoints_of", scene["campaign"])
    run.wait_settled(scene)
    return scene


@drill(
    "cancel",
    promise="A campaign is cancelled in the middle of its fan-out: nothing is handed over once the call has returned (but for what it "
    "names as unanswered), and exactly those who were told before hear that it is off.",
    small={"people": 150, "times": 2},
    full={"people": 400, "times": 30},
)
def cancel(run: Run) -> None:
    def play() -> None:
        scene, stopped = _amid(run, "cancel")
        told = _keys(run, scene, 1)
        scene = _settled(run, scene)
        _hold_stillness(run, stopped, told, "cancel")
        ledger = run.stage.scene("ledger", scene["touchpoints"])
        had = {note.recipient for note in run.stage.sink.received if note.key in told}
        corrected = {row["address"] for row in ledger if row["revision"] == 2 and row["state"] == "sent"}
        run.hold(had == corrected, f"{len(had)} were told before, {len(corrected)} heard that it is off.")
        run.judge(scene, doubts=0)

    _times(run, play)
    run.injected["cancels"] = run.size.times


@drill(
    "reschedule",
    promise="A window is moved in the middle of a fan-out: nothing with the old times is handed over once the call has returned (but "
    "for what it names as unanswered), and everybody hears the new times, once.",
    small={"people": 150, "times": 2},
    full={"people": 400, "times": 30},
)
def reschedule(run: Run) -> None:
    def play() -> None:
        scene, stopped = _amid(run, "reschedule")
        old = _keys(run, scene, 1)
        scene = _settled(run, scene)
        _hold_stillness(run, stopped, old, "reschedule")
        new = _keys(run, scene, 2)
        heard = [note.recipient for note in run.stage.sink.received if note.key in new]
        run.hold(
            len(heard) == len(set(heard)) == run.size.people, f"{len(heard)} messages with the new times for {run.size.people}."
        )
        run.judge(scene, doubts=0)

    _times(run, play)
    run.injected["moves"] = run.size.times


@drill(
    "pause",
    promise="A campaign, its touchpoint or its channel is paused in the middle of a fan-out and resumed: nothing is handed over between the two (but for what the "
    "pause names as unanswered), and afterwards everybody has got one message.",
    small={"people": 150, "times": 3, "seconds": 1},
    full={"people": 400, "times": 30, "seconds": 3},
)
def pause(run: Run) -> None:
    targets = cycle(("campaign", "touchpoint", "channel"))

    def play() -> None:
        what = next(targets)
        scene, stopped = _amid(run, "pause", what)
        time.sleep(run.size.seconds)
        _hold_stillness(run, stopped, _keys(run, scene, 1), "pause")
        run.stage.scene("resume", scene["campaign"], what)
        run.wait_settled(scene)
        run.judge(scene, doubts=0)

    _times(run, play)
    run.injected["pauses"] = run.size.times
