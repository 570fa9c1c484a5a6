"""Without hints: the clock does by itself what workers would do, straight from the database.

Judged each second. Redis is *away* when it does not take a note in time, whatever the cause: gone, frozen, full, read-only.
The clock is *unheard* when, twice in a row, something has been due for some seconds and no worker has anything in hand: Redis is
back and the workers have not noticed, or there are none. Once is not enough: what is planned for at once was due all along. As soon
as neither holds, the workers have it all again. Nothing has to be agreed upon for that: claims are compare-and-set, and whoever
works beside this takes other batches.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

import redis
from django.db import Error, close_old_connections, connection

from apps.campaigns.models import Touchpoint
from apps.campaigns.services import start_due_windows
from apps.common.redis import hurried_redis_client, redis_key

from . import bucket, guard, housekeeping, journal, services, store, witness
from .clock import database_now
from .due import due, stalled
from .expand import Expanded
from .models import Batch, RehearsalMessage
from .rehearsing.sending import rehearse

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
SECOND_LOOK_SECONDS = 0.25  # after a first miss
ANSWER_SECONDS = 0.5  # in which Redis takes a note, or is away
AWAY_AFTER = 2  # such looks in a row
UNHEARD_AFTER = timedelta(seconds=3)
UNHEARD_LOOKS = 2  # in a row
FIRST_MOMENT_SECONDS = 10.0  # of the clock, in which workers that were started with it may still be starting
ROUND_SECONDS = 2.0  # of work between two judgements
BUDGET = timedelta(seconds=5)  # of a batch; what is left of it goes to whoever is next
SWEEP_SECONDS = 5.0
PULSE_SECONDS = 5.0


class Cause(StrEnum):
    """Why the clock works itself; the names of its pulses."""

    AWAY = "redis away"
    UNHEARD = "unheard"


class DirectWork:
    """Looks each second whether it is needed, in a thread with database connections of its own.

    The thread is no daemon: when the clock is told to stop, the process ends with the batch that is in hand.
    """

    def __init__(self, *, takes_notes: Callable[[], bool] | None = None) -> None:
        self.cause: Cause | None = None
        self._takes_notes = takes_notes or _redis_takes_notes
        self._missed = self._unheard = 0
        self._partly_written: list[int] = []
        self._hears_from = 0.0
        self._sweep_at = self._pulse_at = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="direct-work")

    @property
    def is_redis_away(self) -> bool:
        return self.cause is Cause.AWAY

    def start(self) -> None:
        self._hears_from = time.monotonic() + FIRST_MOMENT_SECONDS
        self._thread.start()

    def stop(self) -> None:
        """Returns at once; the batch in hand is finished first."""
        self._over.set()

    def look(self) -> bool:
        """Judges and, where it is needed, works for a moment; whether something was done."""
        cause = self._judge()
        if cause is not self.cause:
            logger.warning("Messages leave directly: %s", cause) if cause else logger.warning("The workers have it again")
            self.cause, self._pulse_at = cause, 0.0
        if cause is Cause.AWAY:
            for part in (journal, witness, bucket):  # or each would find out for itself, a second apiece
                part.stay_away()
        return cause is not None and self._work(cause)

    def _run(self) -> None:
        wait = LOOK_SECONDS
        while not self._over.wait(wait):
            wait = self._next_look_in(self._looked())
        connection.close()

    def _looked(self) -> bool:
        try:
            close_old_connections()
            return self.look()
        except Error as error:
            logger.warning("Direct work waits: the database does not answer (%s)", error)
            connection.close()
        except Exception:
            logger.exception("Direct work failed; it goes on")
        return False

    def _next_look_in(self, is_busy: bool) -> float:
        if is_busy:
            return 0.0
        return SECOND_LOOK_SECONDS if self._missed == 1 else LOOK_SECONDS

    def _judge(self) -> Cause | None:
        if not self._takes_notes():
            self._missed, self._unheard = self._missed + 1, 0
            return Cause.AWAY if self._missed >= AWAY_AFTER else None
        self._missed = 0
        is_unheard = time.monotonic() >= self._hears_from and _is_unheard(database_now())
        self._unheard = self._unheard + 1 if is_unheard else 0
        return Cause.UNHEARD if self._unheard >= UNHEARD_LOOKS else None

    def _work(self, cause: Cause) -> bool:
        """One round. What is not finished in it finds the next one, or a worker."""
        ends = time.monotonic() + ROUND_SECONDS
        now = database_now()
        if not guard.may_work(now):
            return False
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + SWEEP_SECONDS
            housekeeping.sweep(now)
        done = bool(start_due_windows(now)) | self._expand(now) | self._deliver(ends) | rehearse(clock=database_now, ends=ends)
        if (done or cause is Cause.AWAY) and time.monotonic() >= self._pulse_at:
            self._pulse_at = time.monotonic() + PULSE_SECONDS
            services.beat_once(cause, now=database_now())
        return done

    def _expand(self, now: datetime) -> bool:
        """A portion of each: the next round goes on with those that have more."""
        chosen = dict.fromkeys([*self._partly_written, *(pk for pk, _is_urgent in due(now).to_expand)])  # in order, each once
        written = {pk: _portion(pk, now) for pk in chosen if not self._over.is_set()}
        self._partly_written = [pk for pk, outcome in written.items() if outcome is Expanded.PARTLY]
        return any(outcome is not Expanded.NOT_NOW for outcome in written.values())

    def _deliver(self, ends: float) -> bool:
        done = False
        with services.Workplace() as workplace:
            while not self._over.is_set() and time.monotonic() < ends:
                now = database_now()
                batch = store.claim(now=now, touchpoint_of=workplace.desk.touchpoint_of)
                if batch is None:
                    break
                services.deliver_batch(batch, now=now, budget=BUDGET, workplace=workplace)
                done = True
        return done


def _portion(touchpoint_id: int, now: datetime) -> Expanded:
    """One that cannot be written keeps no other waiting."""
    try:
        return services.expand_or_wait(touchpoint_id, now=now)
    except Error:
        raise
    except Exception:
        logger.exception("Touchpoint %s could not be written", touchpoint_id)
        return Expanded.NOT_NOW


def _is_unheard(now: datetime) -> bool:
    """Something has been due for a while, and nobody is at anything."""
    then = now - UNHEARD_AFTER
    touchpoints = Touchpoint.objects.due_for_expansion(then).filter(useful_until__gt=now)
    rehearsed = RehearsalMessage.objects.due(then)
    waiting = (Batch.objects.claimable(then), touchpoints, stalled(now), rehearsed)
    if not any(rows.exists() for rows in waiting):
        return False
    return not Batch.objects.in_hand().filter(lease_until__gt=now).exists()


def _redis_takes_notes() -> bool:
    try:
        _client().set(redis_key("direct"), "", ex=60)
    except redis.RedisError:
        return False
    return True


def _client() -> "redis.Redis":
    return hurried_redis_client(wait_seconds=ANSWER_SECONDS)
