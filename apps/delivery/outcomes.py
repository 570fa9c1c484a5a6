"""What became of one message in the hands of a worker, in the words of the ledger."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, Self

from apps.channels.messages import Phase, Receipt, TransportError

from .models import DeliveryState
from .policy import DeliveryReason


class Tried(Protocol):
    """A delivery, or as much of one as its worker has read."""

    @property
    def pk(self) -> int: ...
    @property
    def attempts(self) -> int: ...


@dataclass(kw_only=True, slots=True)
class Outcome:
    """The state a delivery goes to, and why. PENDING with `was_tried`: it goes again later; without: nothing happened."""

    delivery_id: int
    state: str
    reason: str = ""
    was_tried: bool = True
    attempts: int = 0  # hand-overs before this one
    at: datetime  # of the hand-over
    provider_id: str = ""
    phase: str = ""
    code: str = ""
    text: str = ""
    retry_after: timedelta | None = None
    is_bad_address: bool = False

    @classmethod
    def accepted(cls, delivery: Tried, *, at: datetime, provider_id: str = "") -> Self:
        return cls(
            delivery_id=delivery.pk, attempts=delivery.attempts, state=DeliveryState.SENT, at=at, provider_id=provider_id[:128]
        )

    @classmethod
    def untried(cls, delivery: Tried, *, at: datetime) -> Self:
        return cls(delivery_id=delivery.pk, attempts=delivery.attempts, state=DeliveryState.PENDING, was_tried=False, at=at)

    @classmethod
    def in_doubt(cls, delivery: Tried, reason: DeliveryReason, *, at: datetime, text: str = "", code: str = "") -> Self:
        return cls(
            delivery_id=delivery.pk,
            attempts=delivery.attempts,
            state=DeliveryState.IN_DOUBT,
            reason=reason,
            at=at,
            phase=Phase.AFTER,
            code=code,
            text=text,
        )

    @classmethod
    def left_out(cls, delivery: Tried, state: DeliveryState, reason: str, *, at: datetime, text: str = "") -> Self:
        """Settled without a hand-over."""
        return cls(
            delivery_id=delivery.pk, attempts=delivery.attempts, state=state, reason=reason, was_tried=False, at=at, text=text
        )


@dataclass(frozen=True, kw_only=True)
class Standstill:
    """Why what is left of a batch has to wait, all of it: it was not tried, and the fault is not its own.

    `not_before`: then, whatever the pause after so many standstills would be.
    """

    reason: DeliveryReason
    text: str
    retry_after: timedelta | None = None
    not_before: datetime | None = None


def outcome_of(delivery: Tried, receipt: Receipt, *, at: datetime) -> Outcome:
    if receipt.error is None:
        return Outcome.accepted(delivery, at=at, provider_id=receipt.provider_id)
    return outcome_of_error(delivery, receipt.error, at=at)


def outcome_of_error(delivery: Tried, error: TransportError, *, at: datetime) -> Outcome:
    """After the hand-over without an answer: in doubt. Before: failed for good, to be tried again, or never tried at all."""
    if error.phase == Phase.AFTER:
        return Outcome.in_doubt(delivery, DeliveryReason.NO_ANSWER, at=at, text=error.text, code=error.code)
    if error.channel_down:
        return Outcome.untried(delivery, at=at)
    refused = Outcome(
        delivery_id=delivery.pk,
        attempts=delivery.attempts,
        state=DeliveryState.PENDING,
        reason=DeliveryReason.TRY_AGAIN,
        at=at,
        phase=error.phase,
        code=error.code,
        text=error.text,
        retry_after=error.retry_after,
        is_bad_address=error.bad_address,
    )
    if error.bad_address:
        return replace(refused, state=DeliveryState.FAILED, reason=DeliveryReason.BAD_ADDRESS)
    if error.permanent:
        return replace(refused, state=DeliveryState.FAILED, reason=DeliveryReason.REFUSED)
    return refused
