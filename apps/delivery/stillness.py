"""Waits, after something was stopped, until the workers that had it in hand have seen that and given back the rest."""

import time
from collections.abc import Iterable
from datetime import datetime

import redis

from apps.campaigns.models import Campaign
from apps.campaigns.stillness import Unanswered

from . import journal
from .clock import RunningClock, database_now
from .models import Batch, BatchQuerySet, DeliveryState

LONGEST_WAIT_SECONDS = 10.0  # a worker looks four times a second; only a provider that does not answer takes longer
POLL_SECONDS = 0.05


def await_stillness(batches: BatchQuerySet, *, now: datetime) -> Unanswered:
    """Returns once nobody hands over any more of `batches` that may not leave, or says what is still unanswered then.

    What a worker has begun it ends: it looks before each message, not while it waits for the answer to one.
    """
    clock, ends = RunningClock(now), time.monotonic() + LONGEST_WAIT_SECONDS
    while vain := in_vain(batches, clock.now()):
        if time.monotonic() >= ends:
            return _unanswered(vain)
        time.sleep(POLL_SECONDS)
    return Unanswered()


def await_campaign(campaign: Campaign) -> Unanswered:
    """After a verb of the campaign; what may still leave of it is not waited for."""
    return await_stillness(Batch.objects.filter(touchpoint__campaign=campaign), now=database_now())


def in_vain(batches: BatchQuerySet, now: datetime) -> list[Batch]:
    """Those that a living worker hands over although they may not leave any more: it has not looked since."""
    sending = list(batches.handed_over(now).values_list("pk", flat=True))
    if not sending:
        return []
    may_leave = set(Batch.objects.filter(pk__in=sending).free().of_open_touchpoints().values_list("pk", flat=True))
    return list(Batch.objects.handed_over(now).filter(pk__in=set(sending) - may_leave))


def _unanswered(batches: Iterable[Batch]) -> Unanswered:
    counts = [_in_flight(batch) for batch in batches]
    most = sum(count if count is not None else _waiting(batch) for count, batch in zip(counts, batches, strict=True))
    return Unanswered(messages=most, is_exact=None not in counts)


def _in_flight(batch: Batch) -> int | None:
    """From its journal; None when that does not say."""
    try:
        progress = journal.peek(batch)
    except redis.RedisError:
        return None
    return len(progress.begun - progress.results.keys()) if progress.is_complete else None


def _waiting(batch: Batch) -> int:
    return batch.deliveries.filter(state=DeliveryState.PENDING).count()
