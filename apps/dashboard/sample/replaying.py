"""What the engine would have sent up to an instant, written by the engine's own verbs with the clock of then.

No message is handed over: the provider's answers are made up, everything else is as it would have been.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from apps.audiences.models import AddressKind, SuppressionReason
from apps.audiences.services import suppress
from apps.campaigns.models import Campaign, Touchpoint, TouchpointState
from apps.delivery import expand, store
from apps.delivery.models import Batch
from apps.delivery.outcomes import Outcome
from apps.delivery.settle import settle
from apps.delivery.waiting import WaitingRow, waiting_rows

LATENESS = timedelta(milliseconds=180)
PER_MESSAGE = timedelta(milliseconds=1)
Answer = Callable[[WaitingRow, datetime], Outcome]


def accepted(delivery: WaitingRow, at: datetime) -> Outcome:
    return Outcome.accepted(delivery, at=at, provider_id=f"250 OK kept as {delivery.token.hex[:12]}")


class HeldBack(Exception):
    """What is to be sent cannot be written: the installation is halted, or something is paused."""


def replay(campaign: Campaign, *, until: datetime, answer: Answer = accepted) -> None:
    """Sends what was due before `until`, in order; raises HeldBack."""
    before = None
    while touchpoint := _next(campaign, until):
        if touchpoint == before:
            raise HeldBack(str(touchpoint))
        before = touchpoint
        assert touchpoint.due_at is not None
        assert touchpoint.expand_at is not None
        expand.expand_wholly(touchpoint.pk, now=touchpoint.expand_at)
        at = touchpoint.due_at + LATENESS
        while batch := store.claim(now=at):
            at = _send(batch, at, answer)


def _next(campaign: Campaign, until: datetime) -> Touchpoint | None:
    due = Touchpoint.objects.filter(campaign=campaign, state=TouchpointState.PLANNED, due_at__lt=until)
    return due.order_by("due_at", "pk").first()


def _send(batch: Batch, at: datetime, answer: Answer) -> datetime:
    """Hands the batch's messages over in name only; returns when the last one would have gone."""
    waiting = waiting_rows(batch)
    if not store.mark_sending(batch, composed_at=at, journal="", now=at):
        store.close_refused(batch, now=at)
        return at
    outcomes = [answer(delivery, at + place * PER_MESSAGE) for place, delivery in enumerate(waiting)]
    done = at + len(waiting) * PER_MESSAGE
    settle(batch, outcomes, now=done)
    for delivery, outcome in zip(waiting, outcomes, strict=True):
        if outcome.is_bad_address:
            kind, reason = AddressKind.EMAIL, SuppressionReason.HARD_BOUNCE
            suppress(kind=kind, address=delivery.address, reason=reason, note=outcome.text, now=done)
    return done
