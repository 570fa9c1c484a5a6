"""What a worker writes about the batch it holds. Every write names the claim (token and attempt): the fence.

A worker that was thought dead and comes back finds its fence broken and can change nothing more.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, QuerySet

from apps.campaigns.models import OPEN_STATES, TOUCHPOINT_TRANSITIONS, Touchpoint, TouchpointState
from apps.channels.models import Channel
from apps.common.statements import run_together, takes_several
from apps.common.states import move

from . import guard
from .circuits import may_try
from .closing import Closing, close_deliveries, finish_touchpoint
from .models import BATCH_TRANSITIONS, IN_HAND, IS_FREE_SQL, Batch, BatchQuerySet, BatchState, Delivery, DeliveryState
from .policy import URGENT_PRIORITIES, DeliveryReason

MOST_CRASHES = 5
CRASH_PAUSE = timedelta(seconds=15)


def lease() -> timedelta:
    return timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)


def read_touchpoint(batch: Batch) -> Touchpoint:
    """With all that its messages say."""
    return Touchpoint.objects.select_related("campaign__window", "segment", "channel").get(pk=batch.touchpoint_id)


def claim(
    *, now: datetime, urgent_only: bool = False, touchpoint_of: Callable[[Batch], Touchpoint] = read_touchpoint
) -> Batch | None:
    """Takes the most urgent due batch for this worker, or None. Rows that others are just taking are passed over.

    Where its channel's provider is away, this claim is the one that tries it again, or another batch is taken.

    `touchpoint_of`: a worker's own, which need not read again what it has just read. Channel and circuit are always read.
    """
    if not guard.may_work(now):
        return None
    take = _take_at_once if connection.vendor == "postgresql" else _take
    while batch := take(now, urgent_only):
        batch.touchpoint = touchpoint_of(batch)
        batch.channel = Channel.objects.select_related("circuit").get(pk=batch.channel_id)
        if may_try(batch.channel, now=now):
            return batch
        release(batch, not_before=batch.not_before, error=batch.error)  # another worker tries its provider just now
    return None


def _claimable(now: datetime, urgent_only: bool) -> BatchQuerySet:
    due = Batch.objects.claimable(now)
    return due.filter(priority__in=URGENT_PRIORITIES) if urgent_only else due


def _take_at_once(now: datetime, urgent_only: bool) -> Batch | None:
    """One statement."""
    sql, params = _taking(urgent_only)
    known: dict[Any, Any] = {_NOW: now, _UNTIL: now + lease(), _TOKEN: uuid.uuid4()}
    with connection.cursor() as cursor:
        cursor.execute(sql, [known.get(value, value) for value in params])
        row = cursor.fetchone()
    return Batch.from_db(connection.alias, _COLUMNS, row) if row else None


_COLUMNS = [field.attname for field in Batch._meta.concrete_fields]  # of which PostgreSQL gives the values as they are
_NOW, _UNTIL, _TOKEN = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), uuid.UUID(int=0)


@cache
def _taking(urgent_only: bool) -> tuple[str, Sequence[Any]]:
    """The statement and its parameters, of which three stand for what each claim fills in: to build it takes longer than
    to run it. Materialised, so that the row is chosen once and not anew for each that is looked at."""
    chosen, params = _claimable(_NOW, urgent_only).values("pk")[:1].query.sql_with_params()
    table = Batch._meta.db_table
    sql = f"""
        WITH chosen AS MATERIALIZED ({chosen} FOR UPDATE OF {table} SKIP LOCKED)
        UPDATE {table} SET state = %s, token = %s, attempt = attempt + 1, lease_until = %s
        WHERE id = (SELECT * FROM chosen) RETURNING {", ".join(_COLUMNS)}
    """
    return sql, (*params, BatchState.LEASED.value, _TOKEN, _UNTIL)


@transaction.atomic
def _take(now: datetime, urgent_only: bool) -> Batch | None:
    """The same where only one can write at a time."""
    batch = _claimable(now, urgent_only).first()
    if batch is None:
        return None
    _move(
        Batch.objects.filter(pk=batch.pk),
        BatchState.LEASED,
        token=uuid.uuid4(),
        attempt=F("attempt") + 1,
        lease_until=now + lease(),
    )
    return Batch.objects.get(pk=batch.pk)


def mark_sending(batch: Batch, *, composed_at: datetime, journal: str, now: datetime, edition_id: int | None = None) -> bool:
    """The durable write that alone permits handing over; False when the touchpoint may not leave any more.

    The touchpoint's row stays locked to the end of this transaction: a cancel that has returned is seen here, and one
    that has not waits for this mark. The lock is exclusive where a shared one would do, because the first mark also
    moves the touchpoint, and two shared locks that both want to write would block each other; it lasts one commit.
    A pause takes the same locks; whether the batch is free is asked by the statement that marks it, behind the lock.
    """
    marked: dict[str, Any] = {"marked_at": now, "composed_at": composed_at, "journal": journal, "lease_until": now + lease()}
    marked["edition_id"] = edition_id
    mark = _mark_at_once if takes_several() else _mark
    return mark(batch, marked, now)


def _mark_at_once(batch: Batch, marked: dict[str, Any], now: datetime) -> bool:
    """In one exchange."""
    of_the_batch = {name: getattr(batch, name) for name in ("pk", "token", "attempt", "touchpoint_id", "revision")}
    _locked, is_marked, _is_first = run_together(_marking(), of_the_batch | marked | {"now": now})
    return bool(is_marked)


@cache
def _marking() -> str:
    batches, touchpoints = Batch._meta.db_table, Touchpoint._meta.db_table
    open_states = ", ".join(f"'{state}'" for state in OPEN_STATES)
    may_leave = f"""
        SELECT 1 FROM {touchpoints} WHERE id = %(touchpoint_id)s AND revision = %(revision)s
            AND state IN ({open_states}) AND useful_until > %(now)s
    """
    return f"""
        {may_leave} FOR NO KEY UPDATE;
        UPDATE {batches} SET state = 'sending', marked_at = %(marked_at)s, composed_at = %(composed_at)s,
            journal = %(journal)s, lease_until = %(lease_until)s, edition_id = %(edition_id)s
        WHERE id = %(pk)s AND token = %(token)s AND attempt = %(attempt)s AND state = 'leased'
            AND {IS_FREE_SQL} AND EXISTS ({may_leave});
        UPDATE {touchpoints} SET state = 'sending', first_sent_at = %(now)s
        WHERE id = %(touchpoint_id)s AND state = 'due'
            AND EXISTS (SELECT 1 FROM {batches} WHERE id = %(pk)s AND token = %(token)s AND state = 'sending')
    """


@transaction.atomic
def _mark(batch: Batch, marked: dict[str, Any], now: datetime) -> bool:
    touchpoint = _may_leave(batch, now)
    state = touchpoint.select_for_update(no_key=True).values_list("state", flat=True).first()
    if state is None:
        return False
    if not _move(held(batch).free(), BatchState.SENDING, **marked):
        return False
    if state == TouchpointState.DUE:
        move(touchpoint, to=TouchpointState.SENDING, transitions=TOUCHPOINT_TRANSITIONS, first_sent_at=now)
    return True


def renew(batch: Batch, *, now: datetime) -> bool:
    """Keeps the batch for another lease; False when it has been taken away."""
    return bool(held(batch).filter(state__in=IN_HAND).update(lease_until=now + lease()))


def give_up_journal(batch: Batch) -> bool:
    """Notes durably that this batch's journal is no longer complete; before this returns nothing more may be handed over."""
    return bool(held(batch).filter(state=BatchState.SENDING).update(journal=""))


def take_over(batch: Batch, *, now: datetime) -> bool:
    """Breaks the fence of a worker whose lease is over, for the reaper; False when it is not, or another was quicker.

    To be called before the journal is taken: a worker that is alive after all, and finds it gone, would else note that its
    batch has none and go on, and every message without a result would have to be in doubt.
    """
    token = uuid.uuid4()
    if not held(batch).filter(state=BatchState.SENDING, lease_until__lte=now).update(token=token):
        return False
    batch.refresh_from_db(fields=("token", "journal"))
    return batch.token == token


def release(batch: Batch, *, not_before: datetime, error: str = "") -> bool:
    """Gives an unmarked batch back for anyone to take, from `not_before` on."""
    freed: dict[str, Any] = {"token": None, "lease_until": None, "not_before": not_before, "error": error[:500]}
    return bool(_move(held(batch).filter(state=BatchState.LEASED), BatchState.READY, **freed))


@transaction.atomic
def give_back_crashed(batch: Batch, *, now: datetime, error: str) -> bool:
    """Gives back what could not be prepared, after a pause; at the MOST_CRASHES-th time its deliveries fail instead.

    Without this a batch that kills its worker would kill one worker after the other.
    """
    crashes = batch.crashes + 1
    claim = held(batch).filter(state=BatchState.LEASED)
    if crashes < MOST_CRASHES:
        claim.update(crashes=crashes)
        return release(batch, not_before=now + crashes * CRASH_PAUSE, error=error)
    if not _move(claim, BatchState.DONE, crashes=crashes, error=error[:500], done_at=now):
        return False
    failed = batch.deliveries.filter(state=DeliveryState.PENDING)
    failed.update(state=DeliveryState.FAILED, reason=DeliveryReason.CRASHED, settled_at=now)
    finish_touchpoint(batch.touchpoint_id, now=now)
    return True


@transaction.atomic
def close_refused(batch: Batch, *, now: datetime) -> bool:
    """Ends a batch that could not be marked because its touchpoint may not leave any more, with its deliveries.

    One that is only held back is given back as it is.
    """
    if _may_leave(batch, now).exists():
        return release(batch, not_before=batch.not_before)
    if not _move(held(batch).filter(state=BatchState.LEASED), BatchState.DONE, done_at=now):
        return False
    touchpoint = Touchpoint.objects.get(pk=batch.touchpoint_id)
    closing = Closing.of(touchpoint) if touchpoint.revision == batch.revision else Closing.REPLANNED
    close_deliveries(Delivery.objects.filter(batch=batch), closing, now=now)
    finish_touchpoint(batch.touchpoint_id, now=now)
    return True


def may_go_on(batch: Batch, *, now: datetime) -> bool:
    """Whether what is left of a marked batch may still be handed over, and by this worker."""
    return held(batch).free().filter(Exists(_may_leave(batch, now)), state=BatchState.SENDING).exists()


def _may_leave(batch: Batch, now: datetime) -> QuerySet[Touchpoint]:
    """The batch's touchpoint, if it is open, as the batch was made for it, and of use."""
    return Touchpoint.objects.filter(pk=batch.touchpoint_id, revision=batch.revision, state__in=OPEN_STATES, useful_until__gt=now)


def held(batch: Batch) -> BatchQuerySet:
    """The batch, as long as it is still in the hands of the claim that `batch` was read under."""
    return Batch.objects.filter(pk=batch.pk, token=batch.token, attempt=batch.attempt)


def _move(rows: QuerySet[Batch], to: str, **changes: Any) -> int:
    return move(rows, to=to, transitions=BATCH_TRANSITIONS, **changes)
