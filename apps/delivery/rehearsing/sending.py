"""The messages of rehearsals leave one by one: written, marked durably, handed over, settled.

A mark is a conditional update, committed before the provider is spoken to, so nothing goes twice: a worker that dies behind it
leaves its message in doubt, and that one never goes again. One that dies before it has done nothing. A channel's pace is kept
to, and what is known of its provider is read; nothing a rehearsal hears is held against the channel.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from apps.accounts.services import record
from apps.campaigns.content import ContentError
from apps.channels.contract import Transport
from apps.channels.messages import Phase, Receipt, TransportError
from apps.channels.models import Channel
from apps.channels.pool import TransportPool
from apps.common.states import move

from .. import bucket, guard, pacing
from ..models import (
    REHEARSAL_TRANSITIONS,
    REHEARSED_TRANSITIONS,
    STILL_TO_BE_REHEARSED,
    Circuit,
    Rehearsal,
    RehearsalMessage,
    RehearsalMessageQuerySet,
    RehearsalState,
    RehearsedState,
)
from .writing import Written, write

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 20.0  # a person is watching
LEASE = timedelta(minutes=2)  # after which a mark without an outcome is that of a worker that is gone
PATIENCE = timedelta(minutes=30)  # behind its time a message is of no use to whoever rehearses
MOST_ATTEMPTS = 3
RETRY_PAUSE = timedelta(seconds=10)
LONGEST_NAP = timedelta(seconds=1)

RELATED = ("rehearsal__campaign__window", "rehearsal__planner", "segment", "channel", "leaves_by", "stand_in")


def rehearse(*, clock: Callable[[], datetime], ends: float) -> bool:
    """Sends what is due until there is nothing more, or `ends` by the monotonic clock; whether anything was done."""
    done = False
    with TransportPool(answer_timeout=ANSWER_SECONDS) as pool:
        while time.monotonic() < ends:
            now = clock()
            if not guard.may_work(now) or not rehearse_next(pool, now=now):
                return done
            done = True
    return done


def rehearse_next(pool: TransportPool, *, now: datetime) -> bool:
    """One message; False when none is due."""
    row = RehearsalMessage.objects.due(now).select_related(*RELATED).first()
    if row is None:
        return False
    assert row.leaves_by is not None, "what is due has a channel to leave by"
    if row.channel is None:  # deleted since it began
        _end(row, RehearsedState.FAILED, now=now)
        return True
    try:
        written = write(row, at=now)
        (transport, *_rest) = pool.lend(row.leaves_by)
    except ContentError as error:
        _end(row, RehearsedState.FAILED, now=now, answer=str(error))
        return True
    except Exception as error:  # ours to mend; without an end it would be tried for ever
        logger.exception("The message %s of rehearsal %s cannot be written", row.pk, row.rehearsal_id)
        _end(row, RehearsedState.FAILED, now=now, answer=repr(error))
        return True
    wait = _turn(row.leaves_by, now=now)
    if wait > LONGEST_NAP:
        _waiting(row).update(due_at=now + wait)
        return True
    time.sleep(max(wait.total_seconds(), 0.0))
    if mark(row, parts=written.sms.parts if written.sms else None, now=now):
        _hand_over(row, written, transport, now=now)
    return True


def mark(row: RehearsalMessage, *, parts: int | None, now: datetime) -> bool:
    """The durable write that alone permits handing over. False: stopped, or another worker has this or one beside it in hand."""
    try:
        with transaction.atomic():
            changes: dict[str, Any] = {"marked_at": now, "attempts": F("attempts") + 1, "parts": parts}
            return bool(_move(_waiting(row), RehearsedState.SENDING, **changes))
    except IntegrityError:
        return False


def settle(row: RehearsalMessage, receipt: Receipt, *, marked_at: datetime, now: datetime) -> None:
    """What the provider said of it. One that has been given up meanwhile, as its worker seemed dead, is known after all."""
    mine = RehearsalMessage.objects.filter(pk=row.pk, marked_at=marked_at)
    state, changes = _outcome(receipt, attempts=row.attempts + 1, now=now)
    if state == RehearsedState.WAITING:
        _move(mine, state, **changes)
        return
    _move(mine, state, settled_at=now, **changes)
    finish(Q(pk=row.rehearsal_id), now=now)


def _outcome(receipt: Receipt, *, attempts: int, now: datetime) -> tuple[str, dict[str, Any]]:
    error = receipt.error
    if error is None:
        return RehearsedState.SENT, {"answer": receipt.provider_id}
    answer = {"answer": " ".join(part for part in (error.code, error.text) if part)[:500]}
    if error.phase == Phase.AFTER:
        return RehearsedState.IN_DOUBT, answer
    if error.permanent or error.bad_address or attempts >= MOST_ATTEMPTS:
        return RehearsedState.FAILED, answer
    return RehearsedState.WAITING, answer | {"due_at": now + max(error.retry_after or RETRY_PAUSE, RETRY_PAUSE)}


def sweep_rehearsals(now: datetime) -> None:
    """Ends what nobody will: marks of workers that are gone, messages that were kept for too long, rehearsals that are over."""
    lost = RehearsalMessage.objects.filter(state=RehearsedState.SENDING, marked_at__lt=now - LEASE)
    _move(lost, RehearsedState.IN_DOUBT, settled_at=now, answer="")
    late = RehearsalMessage.objects.filter(state=RehearsedState.WAITING, due_at__lt=now - PATIENCE)
    _move(late, RehearsedState.EXPIRED, settled_at=now)
    finish(Q(), now=now)


@transaction.atomic
def finish(which: Q, *, now: datetime) -> None:
    """Ends the rehearsals of `which` that have nothing left to send."""
    over = Rehearsal.objects.filter(which, state=RehearsalState.RUNNING).exclude(messages__state__in=STILL_TO_BE_REHEARSED)
    for rehearsal in over.select_related("campaign", "planner"):
        mine = Rehearsal.objects.filter(pk=rehearsal.pk)
        if move(mine, to=RehearsalState.FINISHED, transitions=REHEARSAL_TRANSITIONS, ended_at=now):
            sent = rehearsal.messages.filter(state=RehearsedState.SENT).count()
            record(
                "rehearsal.finished",
                subject=rehearsal.campaign,
                actor=rehearsal.planner,
                now=now,
                rehearsal=rehearsal.pk,
                sent=sent,
                not_sent=rehearsal.messages.leaving().count() - sent,
            )


def _hand_over(row: RehearsalMessage, written: Written, transport: Transport, *, now: datetime) -> None:
    began = time.monotonic()
    try:
        (receipt,) = transport.send((written.message,), keep_open=True)
    except Exception as error:  # ours or the transport's; nobody knows how far it came
        logger.exception("The message %s of rehearsal %s failed while it was handed over", row.pk, row.rehearsal_id)
        doubt = TransportError(repr(error), permanent=False, phase=Phase.AFTER)
        receipt = Receipt(key=written.message.key, error=doubt)
    settle(row, receipt, marked_at=now, now=now + timedelta(seconds=time.monotonic() - began))


def _turn(channel: Channel, *, now: datetime) -> timedelta:
    """The wait for a permit of the channel's bucket, taken with it where it is short."""
    circuit = Circuit.objects.filter(channel=channel).first()
    rate = pacing.rate_now(channel.pace, circuit.slowdown if circuit else None, now)
    if rate is None:
        return timedelta(0)
    got = bucket.take(channel.pk, wanted=1, rate=rate, is_urgent=False)
    return timedelta(seconds=got.wait) if got.count else max(timedelta(seconds=got.wait), 2 * LONGEST_NAP)


def _end(row: RehearsalMessage, state: str, *, now: datetime, answer: str = "") -> int:
    ended = _move(_waiting(row), state, settled_at=now, answer=answer[:500])
    finish(Q(pk=row.rehearsal_id), now=now)
    return ended


def _waiting(row: RehearsalMessage) -> RehearsalMessageQuerySet:
    return RehearsalMessage.objects.filter(pk=row.pk, state=RehearsedState.WAITING)


def _move(rows: RehearsalMessageQuerySet, to: str, **changes: Any) -> int:
    return move(rows, to=to, transitions=REHEARSED_TRANSITIONS, **changes)
