"""The clock: a scheduler for the standard `celery beat` that sleeps until the next due row, a second at most.

It keeps no schedule of its own: it looks what is due and publishes hints. So two of them are harmless, a new one has
nothing to catch up on, and while the database is away it waits. While Redis is away, or no worker hears the hints, it does
the work itself (direct.py).
"""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from celery.beat import Scheduler, Service
from celery.signals import beat_init
from django.db import Error, close_old_connections, connection

from . import guard, tasks
from .clock import database_now
from .direct import DirectWork
from .due import Due, due
from .lookout import Lookout
from .services import beat_once

logger = logging.getLogger(__name__)

PULSE_SECONDS = 10.0
SWEEP_SECONDS = 5.0
WATCH_SECONDS = 15.0
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
HOUSEKEEPING: dict[str, dict[str, Any]] = {
    "delivery.sweep": {
        "task": "delivery.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"queue": "housekeeping", "expires": SWEEP_SECONDS},
    },
    "delivery.watch_promises": {
        "task": "delivery.watch_promises",
        "schedule": WATCH_SECONDS,
        "options": {"queue": "housekeeping", "expires": WATCH_SECONDS},
    },
    "delivery.pulse": {
        "task": "delivery.pulse",
        "schedule": PULSE_SECONDS,
        "options": {"queue": "housekeeping", "expires": PULSE_SECONDS},
    },
}


class DueRowScheduler(Scheduler):
    """Adds the due rows to what any beat does with `beat_schedule`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._look_at = 0.0
        self._pulse_at = 0.0
        self._direct = DirectWork()
        self._lookout = Lookout()
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        super().setup_schedule()
        # As if they had last run long ago: a new clock heals and shows a worker's pulse at once.
        self.update_from_dict({name: entry | {"last_run_at": LONG_AGO} for name, entry in HOUSEKEEPING.items()})

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Does what is due and returns for how long there is nothing to do. What cannot be published now is not tried."""
        wait = float(self.max_interval) if self._direct.is_redis_away else super().tick(*args, **kwargs)
        return min(wait, self._look())

    def begin_threads(self) -> None:
        """Whatever waits for a provider does so beside the clock, never in it."""
        self._direct.start()
        self._lookout.start()

    def close(self) -> None:
        self._direct.stop()
        self._lookout.stop()
        super().close()

    def _look(self) -> float:
        if time.monotonic() >= self._look_at:
            try:
                close_old_connections()
                wait = self._publish_due(database_now())
            except Error as error:
                logger.warning("The clock waits: the database does not answer (%s)", error)
                connection.close()
                wait = float(self.max_interval)
            self._look_at = time.monotonic() + wait
        return max(self._look_at - time.monotonic(), 0.0)

    def _publish_due(self, now: datetime) -> float:
        found = due(now) if guard.clock_may_work(now) else None
        if found and not self._direct.is_redis_away:
            self._hint(found)
        if time.monotonic() >= self._pulse_at:
            beat_once("beat", now=now)
            guard.note_beat(now)
            self._pulse_at = time.monotonic() + PULSE_SECONDS
        if found is None:
            return float(self.max_interval)
        until_next = timedelta.max if found.next_at is None else found.next_at - now
        return min(until_next.total_seconds(), float(self.max_interval))

    def _hint(self, found: Due) -> None:
        """Stops at the first hint that cannot be published: Redis is away, and the next look tries again."""
        hints: list[tuple[Any, str, dict[str, Any]]] = []
        if found.has_windows_to_start:
            hints.append((tasks.start_due_windows, "urgent", {}))
        hints += [
            (tasks.expand_touchpoint, "urgent" if is_urgent else "bulk", {"touchpoint_id": pk})
            for pk, is_urgent in found.to_expand
        ]
        hints += [(tasks.work_batches, "urgent", {"urgent_only": True})] * found.urgent_batches
        hints += [(tasks.work_batches, "bulk", {})] * found.bulk_batches
        if found.has_rehearsals:
            hints.append((tasks.work_rehearsals, "bulk", {}))
        for task, queue, kwargs in hints:
            if not tasks.hint(task, queue=queue, **kwargs):
                return


@beat_init.connect
def begin_threads(sender: Service, **_: Any) -> None:
    """In the running clock only: a scheduler is also made to be asked or printed."""
    if isinstance(sender.scheduler, DueRowScheduler):
        sender.scheduler.begin_threads()
