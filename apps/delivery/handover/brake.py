"""What stops a hand-over that is under way."""

import time
from datetime import timedelta

from .. import store
from ..clock import RunningClock
from ..lease import Lease
from ..models import Batch

LOOK_SECONDS = 0.25  # how often a sending batch looks whether its touchpoint was stopped


class Halted(Exception):
    """Raised at the gate: this message and those behind it may not be handed over any more."""


class Brake:
    """Says whether the next message may still be handed over. `look` asks the database; `is_free` what it said last."""

    def __init__(self, batch: Batch, lease: Lease, clock: RunningClock, *, budget: timedelta) -> None:
        self._batch, self._lease, self._clock = batch, lease, clock
        self._ends = time.monotonic() + budget.total_seconds()
        self._look_at = time.monotonic() + LOOK_SECONDS  # the mark itself was the first look
        self._is_stopped = False
        self.has_seen_a_stop = False  # of what it sends for

    def is_free(self) -> bool:
        return not self._is_stopped and self._lease.is_held and time.monotonic() < self._ends

    def look(self) -> None:
        if time.monotonic() >= self._look_at:
            if not store.may_go_on(self._batch, now=self._clock.now()):
                self._is_stopped = self.has_seen_a_stop = True
            self._look_at = time.monotonic() + LOOK_SECONDS

    def stop(self) -> None:
        self._is_stopped = True
