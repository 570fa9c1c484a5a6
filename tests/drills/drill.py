"""What a drill is: an injury, a promise that has to hold all the same, and the figures that show whether it did."""

import os
import platform
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from .judge import Verdict, add, judge
from .servers import Missing
from .stage import Stage, wait_until

EARLIEST = -1.0  # seconds before its due time at which a message would break the promise of every drill
QUIET_SECONDS = 90.0  # so long without any progress, and a drill is given up


@dataclass(frozen=True, kw_only=True)
class Drill:
    name: str
    family: str
    promise: str
    play: Callable[["Run"], None]
    small: dict[str, Any]
    full: dict[str, Any]
    breaks_server: bool  # the database server, which other installations share


DRILLS: dict[str, Drill] = {}


def drill(
    name: str, *, promise: str, small: dict[str, Any], full: dict[str, Any], breaks_server: bool = False
) -> Callable[[Callable[["Run"], None]], Callable[["Run"], None]]:
    """Registers a function as a drill; `small` is what CI plays, `full` what is played on demand."""

    def register(play: Callable[["Run"], None]) -> Callable[["Run"], None]:
        family = play.__module__.rpartition(".")[2]
        DRILLS[name] = Drill(
            name=name, family=family, promise=promise, play=play, small=small, full=full, breaks_server=breaks_server
        )
        return play

    return register


# Of the small form: CI's machine may be slow, or busy with something else. The full form holds to the second what is promised.
LEEWAY = 5


@dataclass(kw_only=True)
class Run:
    """One performance. What it injected and measured ends in its report, and each sentence that turned out false."""

    drill: Drill
    stage: Stage
    size: SimpleNamespace
    seed: int
    leeway: int = 1  # how many times as long as promised something may take
    injected: dict[str, Any] = field(default_factory=dict)
    measured: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)  # of all verdicts together
    scenes: list[dict[str, Any]] = field(default_factory=list)  # what `start` and `amid` have sent

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def hold(self, holds: bool, sentence: str) -> None:
        if not holds:
            self.broken.append(sentence)

    def touchpoint(self, people: int | None = None, **fields: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.stage.scene("touchpoint", people or self.size.people, **fields)
        return made

    def start(self, *, reply_seconds: float, **fields: Any) -> None:
        """Begins to send to everybody, through a mail server that takes so long for each message."""
        self.stage.sink.delay = reply_seconds
        self._fields = fields
        self.scenes.append(self.touchpoint(**fields))

    def amid(self, most: int) -> None:
        """Waits for up to so many more messages; when all have left, there is another touchpoint to as many people."""
        goal = self.received() + self.rng.randint(1, max(1, most))
        deadline = time.monotonic() + QUIET_SECONDS
        while self.received() < goal:
            if time.monotonic() > deadline:
                raise AssertionError(f"No message for {QUIET_SECONDS:g} s.")
            numbers = [number for scene in self.scenes for number in scene["touchpoints"]]
            if self.is_stuck_for(1.0) and not self.stage.scene("progress", numbers)["open"]:
                self.scenes.append(self.touchpoint(**self._fields))
        time.sleep(self.rng.random() * 0.02)  # anywhere between two messages

    def is_stuck_for(self, seconds: float) -> bool:
        """Whether nothing arrives for so long; returns as soon as something does."""
        since, ends = self.received(), time.monotonic() + seconds
        while time.monotonic() < ends:
            if self.received() > since:
                return False
            time.sleep(0.005)
        return True

    def finish(self, *, doubts: int | None) -> Verdict:
        """The mail server is quick again, and what `start` began comes to its end."""
        self.stage.sink.delay = 0.0
        self.wait_settled(*self.scenes)
        return self.judge(*self.scenes, doubts=doubts)

    def received(self) -> int:
        return len(self.stage.sink.received)

    def wait_for(self, more: int, *, since: int | None = None, seconds: float = QUIET_SECONDS) -> None:
        """Until the sink has so many messages more than now (or than `since`)."""
        goal = (self.received() if since is None else since) + more
        wait_until(lambda: self.received() >= goal, seconds=seconds, what=f"message {goal}", every=0.01)

    def wait_settled(self, *scenes: dict[str, Any], quiet: float = QUIET_SECONDS) -> None:
        """Until nothing of these is waiting or in a worker's hands; gives up when nothing has moved for a while."""
        touchpoints = [number for scene in scenes for number in scene["touchpoints"]]
        seen, since = None, time.monotonic()
        while True:
            found = self.stage.scene("progress", touchpoints)
            if not found["open"]:
                return
            if found != seen:
                seen, since = found, time.monotonic()
            if time.monotonic() - since > quiet:
                self.broken.append(f"Nothing moved for {quiet:g} s, with {found} in the ledger.")
                return
            time.sleep(0.25)

    def judge(self, *scenes: dict[str, Any], doubts: int | None = 0, received: Any = None, name: str = "") -> Verdict:
        """Holds what every drill promises; `doubts`: how many messages may have been in doubt (None: any number)."""
        touchpoints = [number for scene in scenes for number in scene["touchpoints"]]
        verdict = judge(
            self.stage.sink.received if received is None else received,
            self.stage.scene("ledger", touchpoints),
            people=sum(scene["people"] for scene in scenes),
            due_at=min(scene["due_at"] for scene in scenes),
        )
        for word in ("lost", "doubled", "denied", "stray"):
            found = getattr(verdict, word)
            self.hold(not found, f"{name}{len(found)} {word}: {', '.join(found[:5])}")
        if doubts is not None:
            self.hold(verdict.doubts <= doubts, f"{name}{verdict.doubts} messages were in doubt, and {doubts} may be.")
        early = verdict.first_after is not None and verdict.first_after < EARLIEST
        self.hold(not early, f"{name}A message came {-(verdict.first_after or 0):.1f} s before its time.")
        if name:
            self.measured[name.strip(": ")] = verdict.summary()
        self.figures = add(self.figures, verdict.summary())
        return verdict


def perform(drill: Drill, stage: Stage, *, form: str, seed: int, overrides: dict[str, Any]) -> dict[str, Any]:
    """Plays a drill and returns its report; `kept`: True, False, or None when this machine cannot play it."""
    size = SimpleNamespace(**{**(drill.full if form == "full" else drill.small), **overrides})
    run = Run(drill=drill, stage=stage, size=size, seed=seed, leeway=1 if form == "full" else LEEWAY)
    began = time.monotonic()
    skipped = ""
    try:
        drill.play(run)
        said = stage.verify()
        run.hold(not said, f"manage.py verify: {said}")
    except Missing as missing:
        skipped = str(missing)
    except (AssertionError, RuntimeError, OSError) as error:
        run.broken.append(f"{type(error).__name__}: {error}")
    return {
        "drill": drill.name,
        "promise": drill.promise,
        "form": form,
        "seed": seed,
        "kept": None if skipped else not run.broken,
        "skipped": skipped,
        "broken": run.broken,
        "size": vars(size),
        "injected": run.injected,
        "figures": run.figures,
        "measured": run.measured,
        "logged": stage.errors()[-10:] if run.broken else [],
        "seconds": round(time.monotonic() - began, 1),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "database": _database(stage)},
    }


def _database(stage: Stage) -> str:
    return "PostgreSQL" if stage.database_url.startswith("postgres") else "SQLite"
