"""Beat calls these; each is safe to run twice at once and to be killed anywhere."""

import logging

from celery import shared_task
from django.utils import timezone

from apps.common.redis import redis_client, redis_key

from . import answers, buffer, hits, rescoring, services
from .inbox.poll import poll

logger = logging.getLogger(__name__)

FLUSH_LOCK_SECONDS = 60


@shared_task(name="tracking.flush_hits")
def flush_hits() -> None:
    """Buffered opens and clicks become events. The lock only spares work: writing a hit twice adds nothing."""
    lock = redis_key("hits", "flushing")
    if not redis_client().set(lock, 1, nx=True, ex=FLUSH_LOCK_SECONDS):
        return
    try:
        for taken in buffer.take():
            hits.write_hits(taken, now=timezone.now())
    finally:
        redis_client().delete(lock)


@shared_task(name="tracking.handle_provider_events")
def handle_provider_events() -> None:
    answers.handle_provider_events(now=timezone.now())


@shared_task(name="tracking.poll_inbox")
def poll_inbox() -> None:
    """Only in the schedule where a mailbox is named."""
    poll(clock=timezone.now)


@shared_task(name="tracking.rescore_recent")
def rescore_recent() -> None:
    """Finds what shows only in hindsight: a whole domain opening at once, a late word of the delivery."""
    rescoring.rescore_recent(now=timezone.now())


@shared_task(name="tracking.forget")
def forget() -> None:
    services.forget(now=timezone.now())
