"""What the engine writes about a channel's provider: that it is away, back, or wants to be spoken to more slowly."""

import logging
import random
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from apps.accounts.models import User
from apps.accounts.services import record
from apps.channels.models import Channel
from apps.common.states import move

from . import pacing
from .models import CIRCUIT_TRANSITIONS, Batch, BatchState, Circuit, CircuitQuerySet, CircuitState

logger = logging.getLogger(__name__)

FORGOTTEN_AFTER = timedelta(minutes=10)  # a standstill so long ago and one now are not two in a row


@transaction.atomic
def note_standstill(channel_id: int, *, text: str, now: datetime) -> bool:
    """Nothing of the channel could leave just now; True when its circuit is open, and says itself when it is tried again."""
    row = _locked(channel_id)
    if row.state == CircuitState.OPEN:  # found out by a batch that was in hand already
        return True
    is_stale = row.failing_since is None or now - row.failing_since > FORGOTTEN_AFTER
    failures = 1 if is_stale and row.state == CircuitState.CLOSED else row.failures + 1
    since = row.failing_since if failures > 1 else now
    mine = Circuit.objects.filter(channel_id=channel_id)
    if not pacing.opens(failures):
        mine.update(failures=failures, failing_since=since, error=text[:500])
        return False
    pause = pacing.probe_pause(failures, random.Random(f"{channel_id}.{failures}"))
    _move(mine, CircuitState.OPEN, failures=failures, failing_since=since, error=text[:500], not_before=now + pause)
    logger.warning("The provider of channel %s is away; it is tried again in %s: %s", channel_id, pause, text)
    return True


def note_answer(channel_id: int, *, now: datetime) -> None:
    """The provider is there: standstills before this one no longer count, and what waited for it leaves at once."""
    mine = Circuit.objects.filter(channel_id=channel_id)
    if _close(mine, now=now):
        logger.warning("The provider of channel %s is back", channel_id)
        return
    mine.filter(failures__gt=0).update(failures=0, failing_since=None, error="")


def may_try(channel: Channel, *, now: datetime) -> bool:
    """Always, while its provider is there. Where it is away, one worker may, and the others leave its batches alone."""
    circuit: Circuit | None = getattr(channel, "circuit", None)
    if circuit is None or circuit.state == CircuitState.CLOSED:
        return True
    mine = Circuit.objects.filter(channel=channel, not_before__lte=now)
    return bool(_move(mine, CircuitState.HALF_OPEN, not_before=now + pacing.PROBE_PATIENCE))


def give_back_probe(channel_id: int, *, now: datetime) -> None:
    """Nothing was handed over after all, so nothing was learned: the next may try."""
    mine = Circuit.objects.filter(channel_id=channel_id, state=CircuitState.HALF_OPEN)
    _move(mine, CircuitState.OPEN, not_before=now)


@transaction.atomic
def slow_down(
    channel: Channel, *, seen: float, text: str, retry_after: timedelta | None, stops: bool, now: datetime
) -> datetime | None:
    """Cuts the channel's rate after a push-back; where that `stops` it, nothing leaves before the returned time."""
    row = _locked(channel.pk)
    slowdown = row.slowdown
    if slowdown is None or now - slowdown.at >= pacing.SETTLING:
        slowdown = pacing.slowed(channel.pace, slowdown, seen=seen, now=now)
        row.slowed_to, row.slowed_from, row.slowed_at, row.slowed_by = slowdown.to, slowdown.whole, now, text[:500]
        logger.warning("Channel %s goes on at %.3g messages a second: %s", channel.pk, slowdown.to, text)
    until = now + pacing.hold(retry_after, slowdown.to) if stops or retry_after else None
    if until and row.state == CircuitState.CLOSED:
        row.not_before = max(until, row.not_before or until)
    row.save(update_fields=("slowed_to", "slowed_from", "slowed_at", "slowed_by", "not_before"))
    return until


def hold(channel_id: int, *, until: datetime) -> None:
    """Nothing of the channel is taken before `until`: it has no permits, and its workers have other things to do."""
    Circuit.objects.get_or_create(channel_id=channel_id)
    sooner = Q(not_before__isnull=True) | Q(not_before__lt=until)
    Circuit.objects.filter(sooner, channel_id=channel_id, state=CircuitState.CLOSED).update(not_before=until)


@transaction.atomic
def reset_circuit(channel: Channel, *, actor: User | None, now: datetime) -> None:
    """A person knows better: the channel is tried at once, at its whole pace."""
    mine = Circuit.objects.filter(channel=channel)
    was = mine.values_list("state", flat=True).first()
    _close(mine, now=now)
    mine.update(
        failures=0, failing_since=None, not_before=None, slowed_to=None, slowed_from=None, slowed_at=None, slowed_by="", error=""
    )
    record("circuit.reset", subject=channel, actor=actor, now=now, was=was or CircuitState.CLOSED)


@transaction.atomic
def _close(circuit: CircuitQuerySet, *, now: datetime) -> bool:
    """Also brings forward what stood still: each batch has a pause of its own, which has lost its reason."""
    ids = list(circuit.away().values_list("channel_id", flat=True))
    if not _move(circuit, CircuitState.CLOSED, failures=0, failing_since=None, not_before=None, error=""):
        return False
    stood = Batch.objects.filter(state=BatchState.READY, channel__in=ids, standstills__gt=0, not_before__gt=now)
    stood.update(not_before=now)
    return True


def _locked(channel_id: int) -> Circuit:
    Circuit.objects.get_or_create(channel_id=channel_id)
    return Circuit.objects.select_for_update().get(channel_id=channel_id)


def _move(rows: CircuitQuerySet, to: str, **changes: Any) -> int:
    return move(rows, to=to, transitions=CIRCUIT_TRANSITIONS, **changes)
