"""Writes what became of a batch's messages, in one transaction: the second and last write of a delivery's good life."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from apps.common.statements import run_together, takes_several
from apps.common.states import move
from apps.common.text import one_line

from . import policy
from .clock import iso_format
from .closing import Closing, close_deliveries, finish_last, is_any, leave_in_doubt
from .gists import gist
from .models import BATCH_TRANSITIONS, Attempt, Batch, BatchState, Delivery, DeliveryState
from .outcomes import Outcome, Standstill
from .policy import DeliveryReason
from .store import held
from .trail import By, note_resolved

ROWS_PER_STATEMENT = 1000  # SQLite takes 32,766 parameters
LOGGED_RETRIES = 5  # of one delivery; later ones say the same again, until the last


def settle(
    batch: Batch, outcomes: Sequence[Outcome], *, now: datetime, standstill: Standstill | None = None, lapsed: bool = False
) -> bool:
    """Writes `outcomes` and ends the batch; False when the claim has been lost, and nothing was written.

    Deliveries that go again move to new batches. Those without an outcome go again at once or, where something stood still,
    after a pause. `lapsed`: the writer is not the worker but the reaper, and the worker's lease must be over.
    """
    is_simple = takes_several() and not lapsed and _all_were_accepted(outcomes)
    is_settled = (is_simple and _settle_at_once(batch, outcomes, now)) or _settle(batch, outcomes, now, standstill, lapsed=lapsed)
    if not is_settled:
        return False
    finish_last(batch, now=now)
    return True


@transaction.atomic
def _settle(batch: Batch, outcomes: Sequence[Outcome], now: datetime, standstill: Standstill | None, *, lapsed: bool) -> bool:
    claim = held(batch)
    if lapsed:  # and has not gone on without the journal that was read meanwhile
        claim = claim.filter(lease_until__lte=now, journal=batch.journal)
    if not move(claim.filter(state=BatchState.SENDING), to=BatchState.DONE, transitions=BATCH_TRANSITIONS, done_at=now):
        return False
    _write(batch, outcomes, now, standstill)
    return True


def _all_were_accepted(outcomes: Sequence[Outcome]) -> bool:
    return 0 < len(outcomes) <= ROWS_PER_STATEMENT and all(row.state == DeliveryState.SENT for row in outcomes)


def _settle_at_once(batch: Batch, outcomes: Sequence[Outcome], now: datetime) -> bool:
    """In one exchange; False where the claim has been lost, or something is left of the batch, for which it stays in hand."""
    accepted, values = _as_arrays(outcomes)
    claim = [batch.pk, batch.token, batch.attempt]
    written = [now, batch.composed_at, *values, batch.pk, *claim]
    _locked, _sent, is_done = run_together(_settling(accepted), [*claim, *written, now, *claim, batch.pk])
    return bool(is_done)


@cache
def _settling(accepted: str) -> str:
    """Deliveries first: a batch is done when nothing in it waits. The lock keeps the claim from being taken meanwhile."""
    batches, deliveries = Batch._meta.db_table, Delivery._meta.db_table
    held_now = "id = %s AND token = %s AND attempt = %s AND state = 'sending'"
    return f"""
        SELECT 1 FROM {batches} WHERE {held_now} FOR NO KEY UPDATE;
        {_sent_sql(accepted)} AND EXISTS (SELECT 1 FROM {batches} WHERE {held_now});
        UPDATE {batches} SET state = 'done', done_at = %s
        WHERE {held_now} AND NOT EXISTS (SELECT 1 FROM {deliveries} WHERE batch_id = %s AND state = 'pending')
    """


@transaction.atomic
def accept_late(outcomes: Iterable[Outcome], *, now: datetime) -> int:
    """Acceptances of a worker that had lost its claim are evidence all the same: what was judged in doubt was sent.

    A delivery that waits to be sent again is spared that, unless another worker has it in hand already.
    """
    doubted = Q(state__in=(DeliveryState.IN_DOUBT, DeliveryState.UNKNOWN))
    waits = Q(state=DeliveryState.PENDING, batch__state=BatchState.READY)
    sent = []
    for outcome in outcomes:
        if outcome.state == DeliveryState.SENT:
            rows = Delivery.objects.filter(doubted | waits, pk=outcome.delivery_id)
            if Delivery.objects.filter(pk__in=rows.values("pk")).update(
                state=DeliveryState.SENT, reason="", provider_id=outcome.provider_id, sent_at=outcome.at, settled_at=now
            ):
                sent.append(outcome.delivery_id)
    note_resolved(sent, to=DeliveryState.SENT, by=By.EVIDENCE, now=now)
    return len(sent)


def _write(batch: Batch, outcomes: Sequence[Outcome], now: datetime, standstill: Standstill | None) -> None:
    rows = Delivery.objects.filter(batch=batch.pk, state=DeliveryState.PENDING)
    decided = [_decided(outcome, batch, now) for outcome in outcomes if outcome.was_tried or outcome.reason]
    again: dict[datetime, list[Outcome]] = defaultdict(list)
    groups: dict[tuple[str, str, bool], list[Outcome]] = defaultdict(list)
    for outcome, not_before in decided:
        if not_before:
            again[not_before].append(outcome)
        elif outcome.state != DeliveryState.SENT:
            groups[outcome.state, outcome.reason, outcome.was_tried].append(outcome)
    _log_attempts([outcome for outcome, _not_before in decided if outcome.state != DeliveryState.SENT])
    _write_sent(batch, [outcome for outcome, _not_before in decided if outcome.state == DeliveryState.SENT], now)
    for (state, reason, was_tried), group in groups.items():
        _write_group(rows, batch, group, now, state=state, reason=reason, was_tried=was_tried)
    for not_before, group in again.items():
        _send_again(rows, batch, group, not_before, now)
    _send_rest(rows, batch, now, standstill)


def _decided(outcome: Outcome, batch: Batch, now: datetime) -> tuple[Outcome, datetime | None]:
    """The outcome, and when to try again where it was refused for now and that is still of use."""
    if outcome.state != DeliveryState.PENDING:
        return outcome, None
    failures = outcome.attempts + 1
    if failures >= policy.MOST_ATTEMPTS:
        return replace(outcome, state=DeliveryState.FAILED, reason=DeliveryReason.ATTEMPTS_USED_UP), None
    not_before = _pause(failures, batch, now, outcome.retry_after)
    if not_before is None:
        return replace(outcome, state=DeliveryState.EXPIRED, reason=DeliveryReason.PAST_USE), None
    return outcome, not_before


def _pause(failures: int, batch: Batch, now: datetime, retry_after: timedelta | None) -> datetime | None:
    """The same failure of the same batch gets the same pause, so that its deliveries stay together."""
    useful_until = batch.touchpoint.useful_until or now
    chance = random.Random(f"{batch.pk}.{failures}")
    return policy.retry_at(failures, now=now, useful_until=useful_until, chance=chance, retry_after=retry_after)


def _write_sent(batch: Batch, outcomes: Sequence[Outcome], now: datetime) -> None:
    """One statement for all of them, as long as a batch is not larger than any should be."""
    as_rows = _as_arrays if connection.vendor == "postgresql" else _as_values
    adapt = connection.ops.adapt_datetimefield_value
    for first in range(0, len(outcomes), ROWS_PER_STATEMENT):
        accepted, values = as_rows(outcomes[first : first + ROWS_PER_STATEMENT])
        with connection.cursor() as cursor:
            cursor.execute(_sent_sql(accepted), [adapt(now), adapt(batch.composed_at), *values, batch.pk])


def _sent_sql(accepted: str) -> str:
    """`accepted`: what stands for a table of the accepted ones."""
    table = Delivery._meta.db_table
    return f"""
        UPDATE {table} SET state = 'sent', reason = '', attempts = attempts + 1,
            provider_id = COALESCE(accepted.provider_id, ''),
            sent_at = accepted.at, settled_at = %s, composed_at = COALESCE(composed_at, %s)
        FROM {accepted}
        WHERE {table}.id = accepted.id AND batch_id = %s AND state = 'pending'
    """


def _as_arrays(outcomes: Sequence[Outcome]) -> tuple[str, list[Any]]:
    """Written out here: the driver would look at each value on its own. Line ends part the providers' names for messages."""
    ids = ",".join(str(row.delivery_id) for row in outcomes)
    times = ",".join(iso_format(row.at) for row in outcomes)
    names = "\n".join(row.provider_id for row in outcomes)
    if names.count("\n") != len(outcomes) - 1:  # one that a transport of others gave, in which there is a line end
        names = "\n".join(one_line(row.provider_id) for row in outcomes)
    arrays = "unnest(%s::bigint[], %s::timestamptz[], string_to_array(%s, chr(10))) accepted(id, at, provider_id)"
    return arrays, [f"{{{ids}}}", f"{{{times}}}", names]


def _as_values(outcomes: Sequence[Outcome]) -> tuple[str, list[Any]]:
    adapt = connection.ops.adapt_datetimefield_value
    values = [value for row in outcomes for value in (row.delivery_id, adapt(row.at), row.provider_id)]
    rows = ", ".join(["(%s, %s, %s)"] * len(outcomes))
    return f"(SELECT column1 id, column2 at, column3 provider_id FROM (VALUES {rows})) accepted", values


def _write_group(
    rows: QuerySet[Delivery],
    batch: Batch,
    group: Sequence[Outcome],
    now: datetime,
    *,
    state: str,
    reason: str,
    was_tried: bool,
) -> None:
    in_doubt = state == DeliveryState.IN_DOUBT
    rows = rows.filter(pk__in=[outcome.delivery_id for outcome in group])
    if state == DeliveryState.EXPIRED:
        leave_in_doubt(rows)
    rows.update(
        state=state,
        reason=reason,
        attempts=F("attempts") + int(was_tried),
        composed_at=Coalesce("composed_at", batch.composed_at) if was_tried else F("composed_at"),
        sent_at=group[0].at if in_doubt else None,
        settled_at=None if in_doubt else now,
    )


def _send_again(rows: QuerySet[Delivery], batch: Batch, group: Sequence[Outcome], not_before: datetime, now: datetime) -> None:
    rows.filter(pk__in=[outcome.delivery_id for outcome in group]).update(
        batch=follow_up(batch, not_before=not_before, now=now),
        reason=DeliveryReason.TRY_AGAIN,
        attempts=F("attempts") + 1,
        composed_at=Coalesce("composed_at", batch.composed_at),
    )


def _send_rest(rows: QuerySet[Delivery], batch: Batch, now: datetime, standstill: Standstill | None) -> None:
    """What nobody tried leaves at once, or after a pause where something stood still."""
    if not is_any(f"SELECT 1 FROM {Delivery._meta.db_table} WHERE batch_id = %s AND state = 'pending' LIMIT 1", batch.pk):
        return
    if standstill is None:
        rows.update(batch=follow_up(batch, not_before=now, now=now))
        return
    failures = 0 if standstill.reason == DeliveryReason.PACED else batch.standstills + 1  # a pace is no failure
    not_before = standstill.not_before or _pause(failures, batch, now, standstill.retry_after)
    if not_before is None:
        close_deliveries(rows, Closing.PAST_USE, now=now)
        return
    later = follow_up(batch, not_before=not_before, now=now, standstills=failures, error=standstill.text[:500])
    rows.update(batch=later, reason=standstill.reason)


def follow_up(batch: Batch, *, not_before: datetime, now: datetime, standstills: int = 0, error: str = "") -> Batch:
    """A new batch of the same touchpoint and revision for deliveries of `batch` that go again."""
    return Batch.objects.create(
        touchpoint_id=batch.touchpoint_id,
        revision=batch.revision,
        channel_id=batch.channel_id,
        priority=batch.priority,
        not_before=not_before,
        standstills=standstills,
        error=error,
        created_at=now,
    )


def requeue(rows: QuerySet[Delivery], *, like: Batch, reason: DeliveryReason, not_before: datetime, now: datetime) -> int:
    """Makes `rows` wait again, under their own keys, in a new batch; returns how many. Those that may have arrived
    keep the time of that (`sent_at`)."""
    batch = follow_up(like, not_before=not_before, now=now)
    count = rows.update(state=DeliveryState.PENDING, reason=reason, batch=batch, settled_at=None)
    if not count:
        batch.delete()
    return count


def _log_attempts(outcomes: Iterable[Outcome]) -> None:
    Attempt.objects.bulk_create(
        Attempt(
            delivery_id=outcome.delivery_id,
            number=outcome.attempts + 1,
            at=outcome.at,
            outcome=outcome.state,
            phase=outcome.phase,
            code=outcome.code[:16],
            text=outcome.text[:500],
            gist=gist(outcome.text),
        )
        for outcome in outcomes
        if outcome.was_tried or outcome.text
        if outcome.state != DeliveryState.PENDING or outcome.attempts < LOGGED_RETRIES
    )
