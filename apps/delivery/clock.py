"""The engine's clocks: due times and leases by the database's, spans by the monotonic one.

Hosts disagree about the time; the database is the one clock they share. Only doors call `database_now`.
"""

import time
from datetime import datetime, timedelta
from functools import lru_cache

from django.db import connection
from django.utils import timezone


def database_now() -> datetime:
    """The time by the database's clock; SQLite lives on this machine and so does its clock."""
    if connection.vendor != "postgresql":
        return timezone.now()  # noqa: TID251
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


iso_format = lru_cache(maxsize=256)(datetime.isoformat)  # several messages are handed over together, and each is noted twice


class RunningClock:
    """Goes on from a given `now` by the monotonic clock, so that a jump of the wall clock disturbs no batch."""

    def __init__(self, now: datetime) -> None:
        self._began_at = now
        self._began = time.monotonic()

    def now(self) -> datetime:
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)
