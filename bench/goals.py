"""What Preavis wants to reach on two cores, and whether it did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .results import number, table

Kept = dict[str, Any]  # the JSON file: part → figures
W = "throughput-20000"
LARGE = "throughput-100000"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """`measured` finds the figure; KeyError where its part was not measured."""

    text: str
    measured: Callable[[Kept], float]
    bound: float
    at_least: bool = True
    unit: str = ""

    def is_met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


def _row(kept: Kept, part: str, contender: str) -> dict[str, Any]:
    row: dict[str, Any] = kept[part]["contenders"][contender]
    return row


def _rate(kept: Kept) -> float:
    return float(_row(kept, W, "preavis-12")["per_second"])


def _times(peer: str) -> Callable[[Kept], float]:
    return lambda kept: _rate(kept) / float(_row(kept, W, peer)["per_second"])


def _late(how: str) -> Callable[[Kept], float]:
    return lambda kept: kept["lateness"]["rows"][how]["p99"] * 1000


GOALS = (
    Goal(text="W, messages per second, 12 connections per worker", measured=_rate, bound=7000, unit="/s"),
    Goal(text="beside Celery, a task per message", measured=_times("celery-each"), bound=25, unit=" ×"),
    Goal(text="beside django-post_office", measured=_times("post-office"), bound=15, unit=" ×"),
    Goal(text="beside Celery, a connection per 100", measured=_times("celery-chunks"), bound=8, unit=" ×"),
    Goal(
        text="of what the connections to a slow server allow, at worst",
        measured=lambda kept: min(row["share"] for row in kept["slow"]["rows"]) * 100,
        bound=85,
        unit=" %",
    ),
    Goal(text="first message, idle, p99", measured=_late("idle"), bound=250, at_least=False, unit=" ms"),
    Goal(text="first message, under load, p99", measured=_late("load"), bound=1000, at_least=False, unit=" ms"),
    Goal(
        text="writing 100,000 deliveries",
        measured=lambda kept: _row(kept, LARGE, "preavis")["writing_seconds"],
        bound=3,
        at_least=False,
        unit=" s",
    ),
    Goal(
        text="a worker's memory at 100,000 recipients",
        measured=lambda kept: _row(kept, LARGE, "preavis")["peak_mib"],
        bound=120,
        at_least=False,
        unit=" MiB",
    ),
    Goal(text="open pixels per second", measured=lambda kept: kept["pixel"]["per_second"], bound=2000, unit="/s"),
    Goal(
        text="feed of 2,000 windows, unchanged",
        measured=lambda kept: kept["feed"]["unchanged_ms"],
        bound=3,
        at_least=False,
        unit=" ms",
    ),
    Goal(text="the same in full", measured=lambda kept: kept["feed"]["changed_ms"], bound=150, at_least=False, unit=" ms"),
    Goal(
        text="slowest page of the dashboard",
        measured=lambda kept: max(page["median_ms"] for page in kept["dashboard"]["pages"].values()),
        bound=300,
        at_least=False,
        unit=" ms",
    ),
    Goal(
        text="slowest list or form of the admin",
        measured=lambda kept: max(page["median_ms"] for page in kept["admin"]["pages"].values()),
        bound=150,
        at_least=False,
        unit=" ms",
    ),
)


def show(kept: Kept) -> str:
    return table(["wanted", "bound", "measured", ""], list(_rows(kept)))


def _rows(kept: Kept) -> Iterator[tuple[str, str, str, str]]:
    for goal in GOALS:
        try:
            value = goal.measured(kept)
        except KeyError:
            continue
        sign = "≥" if goal.at_least else "≤"
        yield goal.text, f"{sign} {number(goal.bound)}{goal.unit}", f"{number(value)}{goal.unit}", _verdict(goal, value)


def _verdict(goal: Goal, value: float) -> str:
    return "reached" if goal.is_met(value) else "not reached"
