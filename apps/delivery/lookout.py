"""Alarms that no worker takes up: the clock's process sends them by itself, in a thread of their own.

A provider that answers slowly delays the next alarm, and neither the clock nor the messages that leave without workers.
"""

import logging
import threading
from datetime import datetime, timedelta

from django.db import Error, close_old_connections, connection

from . import alarms, guard
from .clock import database_now

logger = logging.getLogger(__name__)

LOOK_SECONDS = 15.0
UNTAKEN_FOR = timedelta(seconds=20)  # by then a worker would have had it in hand


class Lookout:
    """The thread is no daemon: when the clock is told to stop, the process ends with the alarm that is in hand."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns at once; no further alarm is begun."""
        self._over.set()

    def look(self) -> int:
        """How many alarms were sent. What is halted alarms nobody, and a long silence is the clock's to judge first."""
        return alarms.watch(clock=database_now, goes_on=self._goes_on, untaken_for=UNTAKEN_FOR)

    def _goes_on(self, now: datetime) -> bool:
        return not self._over.is_set() and guard.may_work(now)

    def _run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            try:
                close_old_connections()
                self.look()
            except Error as error:
                logger.warning("Alarms wait: the database does not answer (%s)", error)
                connection.close()
            except Exception:
                logger.exception("The look after promises failed; it goes on")
        connection.close()
