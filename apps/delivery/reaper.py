"""Batches whose worker has stopped renewing its lease: killed, frozen or cut off."""

import logging
from datetime import datetime, timedelta

import redis

from . import journal, store
from .journal import Progress
from .models import Batch, BatchState
from .outcomes import Outcome
from .policy import DeliveryReason
from .settle import settle
from .waiting import WaitingRow, waiting_rows

logger = logging.getLogger(__name__)

JOURNAL_WAIT = timedelta(seconds=60)  # past the lease, for a Redis that is away to come back with the journal


def reap(now: datetime) -> int:
    """Gives back what was claimed but not begun, and settles from the journal what was; returns how many batches."""
    abandoned = Batch.objects.abandoned(now).select_related("touchpoint", "channel").order_by("pk")
    return sum(_reap(batch, now) for batch in abandoned)


def _reap(batch: Batch, now: datetime) -> bool:
    if batch.state == BatchState.LEASED:
        logger.warning("Batch %s is given back: its worker was lost before it began", batch.pk)
        return store.give_back_crashed(batch, now=now, error="")
    if not store.take_over(batch, now=now):
        return False
    try:
        progress = journal.read(batch)
    except redis.RedisError as error:
        if batch.lease_until and now < batch.lease_until + JOURNAL_WAIT:
            logger.warning("Batch %s waits for its journal: Redis does not answer (%s)", batch.pk, error)
            return False
        progress = Progress()
    rows = waiting_rows(batch)
    outcomes = [outcome for row in rows if (outcome := _judge(row, progress, batch))]
    is_settled = settle(batch, outcomes, now=now, lapsed=True)
    logger.warning("Batch %s lost its worker: %s of %s messages known or in doubt", batch.pk, len(outcomes), len(rows))
    return is_settled


def _judge(delivery: WaitingRow, progress: Progress, batch: Batch) -> Outcome | None:
    """Done: its result. Begun without a result: in doubt. Not begun: nothing happened, if the journal is complete."""
    known = progress.results.get(delivery.pk)
    if known:
        return known
    if progress.is_complete and delivery.pk not in progress.begun:
        return None
    at = batch.marked_at or batch.created_at
    return Outcome.in_doubt(delivery, DeliveryReason.WORKER_LOST, at=at)
