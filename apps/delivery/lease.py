"""Keeps a batch in this worker's hands while it talks to a provider that may take minutes to answer."""

import logging
import threading
import time
from types import TracebackType

from django.db import DatabaseError, connection, connections

from . import store
from .clock import RunningClock
from .models import Batch

logger = logging.getLogger(__name__)

RENEWALS_PER_LEASE = 3
LONGEST_GOODBYE_SECONDS = 5.0  # for a renewal that waits for a database that is away
MARGIN = 0.2  # of a lease: handing over stops so long before it ends


class Lease:
    """Renews the batch's lease from a thread of its own while the `with` block runs."""

    def __init__(self, batch: Batch, clock: RunningClock) -> None:
        self._batch = batch
        self._clock = clock
        self._seconds = store.lease().total_seconds()
        self._over = threading.Event()
        self._ends = time.monotonic() + self._seconds
        self._thread = threading.Thread(target=self._keep, name=f"lease-of-batch-{batch.pk}", daemon=True)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(timeout=LONGEST_GOODBYE_SECONDS)

    @property
    def is_held(self) -> bool:
        """Whether the batch is surely still ours. A worker that was frozen finds here that its time is over."""
        return time.monotonic() < self._ends - MARGIN * self._seconds

    def _keep(self) -> None:
        try:
            while not self._over.wait(self._seconds / RENEWALS_PER_LEASE):
                self._renew()
        finally:
            connections.close_all()  # of this thread: none, as a rule

    def _renew(self) -> None:
        began = time.monotonic()
        if began >= self._ends:  # too late: the reaper may already have judged
            return
        try:
            is_ours = store.renew(self._batch, now=self._clock.now())
        except DatabaseError as error:
            logger.warning("The lease of batch %s could not be renewed: %s", self._batch.pk, error)
            connection.close()
            return
        self._ends = began + self._seconds if is_ours else began
