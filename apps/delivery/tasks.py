"""What workers are told to do. Each message is a hint: what has to be done, and whether, stands in the database."""

import logging
import time
from typing import Any

from celery import Task, shared_task
from kombu.exceptions import OperationalError

from apps.campaigns.services import start_due_windows as start_windows

from . import alarms, guard, housekeeping, services, store
from .clock import database_now
from .rehearsing.sending import rehearse
from .services import Expanded, beat_once

logger = logging.getLogger(__name__)

HINT_EXPIRES = 5  # seconds; the clock repeats a hint each second for as long as there is something to do
# A worker goes on claiming so long. With BATCH_BUDGET and the longest wait for an answer behind it, a task ends before
# its soft time limit.
CLAIMING_SECONDS = 15.0
ALARMING_SECONDS = 15.0
REHEARSING_SECONDS = 5.0  # then it is the turn of messages to others


@shared_task(name="delivery.expand_touchpoint")
def expand_touchpoint(*, touchpoint_id: int) -> None:
    """Portion after portion, while time is left; others send what is written already."""
    ends, outcome = time.monotonic() + CLAIMING_SECONDS, Expanded.PARTLY
    while outcome is Expanded.PARTLY and time.monotonic() < ends:
        now = database_now()
        if not guard.may_work(now):
            return
        outcome = services.expand_or_wait(touchpoint_id, now=now)
        if outcome in (Expanded.PARTLY, Expanded.WRITTEN):
            hint(work_batches, queue="urgent", urgent_only=True)
            hint(work_batches)
    if outcome is Expanded.PARTLY:
        hint(expand_touchpoint, touchpoint_id=touchpoint_id)


@shared_task(name="delivery.work_batches")
def work_batches(*, urgent_only: bool = False) -> None:
    """Claims the most urgent due batch and delivers it, again and again while there is one and time is left.

    Where one waits for the pace of its channel, the tasks that have queued up meanwhile come first.
    """
    ends = time.monotonic() + CLAIMING_SECONDS
    with services.Workplace() as workplace:
        while time.monotonic() < ends:
            now = database_now()
            batch = store.claim(now=now, urgent_only=urgent_only, touchpoint_of=workplace.desk.touchpoint_of)
            if batch is None:
                return
            report = services.deliver_batch(batch, now=now, workplace=workplace)
            logger.info("Batch %s of touchpoint %s: %s", batch.pk, batch.touchpoint_id, report)
            if report.was_paced:
                hint(work_batches, queue="urgent" if urgent_only else "bulk", urgent_only=urgent_only)
                return


@shared_task(name="delivery.work_rehearsals")
def work_rehearsals() -> None:
    rehearse(clock=database_now, ends=time.monotonic() + REHEARSING_SECONDS)


@shared_task(name="delivery.start_due_windows")
def start_due_windows() -> None:
    now = database_now()
    if guard.may_work(now):
        start_windows(now)


@shared_task(name="delivery.sweep")
def sweep() -> None:
    """What is halted is left as it stands."""
    now = database_now()
    if guard.may_work(now):
        housekeeping.sweep(now)


@shared_task(name="delivery.watch_promises")
def watch_promises() -> None:
    """Alarms whoever owns a promise that is about to be broken. What is halted alarms nobody."""
    ends = time.monotonic() + ALARMING_SECONDS
    alarms.watch(clock=database_now, goes_on=lambda now: time.monotonic() < ends and guard.may_work(now))


@shared_task(name="delivery.pulse")
def pulse() -> None:
    """Sent by beat through Redis and written by a worker: proof that the whole chain works."""
    beat_once("worker", now=database_now())


def hint(task: Task, *, queue: str = "bulk", **kwargs: Any) -> bool:
    """Publishes one; False while Redis is away, which delays the work and loses nothing."""
    try:
        task.apply_async(kwargs=kwargs, queue=queue, expires=HINT_EXPIRES)
    except OperationalError as error:
        logger.warning("The hint %s could not be published: %s", task.name, error)
        return False
    return True
