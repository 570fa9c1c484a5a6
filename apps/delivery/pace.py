"""What one batch may do of its channel's pace, and what the provider's answers to it mean for the channel.

Before each message: `turn`. After each: `heard`. Either returns a standstill where the rest of the batch has to wait. A
channel without a pace, whose provider takes everything, costs two comparisons a message and no round trip anywhere.
"""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from apps.campaigns.models import Touchpoint
from apps.channels.messages import Phase, Receipt, TransportError

from . import bucket, circuits, pacing
from .clock import RunningClock
from .models import IN_HAND, Batch, Circuit, CircuitState
from .outcomes import Standstill
from .policy import URGENT_PRIORITIES, DeliveryReason

LONGEST_NAP = timedelta(seconds=1)  # a longer wait is not slept, it ends the hand-over
NAP_SECONDS = 0.1  # between looks at the brake
LOOK_SECONDS = 1.0  # how often a paced batch looks what others have learned of the provider
NEIGHBOUR_SECONDS = 0.25  # how often a batch that waits looks whether something else could leave meanwhile
ABSENCE = timedelta(seconds=0.5)  # for that; less than a bucket keeps, so that nothing of the pace is lost
SHIFT_SECONDS = 4.0  # after which a batch that waits lets a worker's other tasks have their turn
SLACK_SECONDS = 0.005
UNTIL_VERDICT = timedelta(seconds=0.05)
SHORTEST_RUN_SECONDS = 0.5  # below, a rate seen is an accident


class Pace:
    """Safe to be used by the several connections of a batch at once."""

    def __init__(self, batch: Batch, clock: RunningClock) -> None:
        self._batch, self._clock = batch, clock
        self._left = int(settings.DELIVERY_BATCH_SIZE)  # messages that still need a permit
        self._channel = batch.channel
        self._circuit: Circuit | None = getattr(batch.channel, "circuit", None)
        self._is_urgent = batch.priority in URGENT_PRIORITIES
        self._is_probe = self._circuit is not None and self._circuit.state != CircuitState.CLOSED
        self._is_probing = False  # its one message is on its way
        self._began = self._looked = time.monotonic()
        self._accepted = 0
        self._permits, self._next, self._step = 0, 0.0, 0.0
        self._neighbours_at = 0.0
        self._lock = threading.RLock()
        self._see()

    def begin(self, messages: int) -> None:
        """The hand-over begins, of so many."""
        self._left = messages
        self._began = time.monotonic()

    def turn(self, may_go_on: Callable[[], bool], *, before_nap: Callable[[], None] = lambda: None) -> Standstill | None:
        """Sleeps until the next message may go, or nothing may go on; a standstill where sleeping is not worth it."""
        while wait := self.permit():
            before_nap()
            if wait > LONGEST_NAP or self._has_neighbours():
                return self._absence(wait)
            if time.monotonic() >= self._began + SHIFT_SECONDS:
                return Standstill(reason=DeliveryReason.PACED, text="", not_before=self._clock.now())
            time.sleep(min(wait.total_seconds(), NAP_SECONDS))
            if not may_go_on():
                return None
        return None

    def permit(self) -> timedelta | None:
        """None: the next message goes at once, and that is counted. A span: not before it is over; then ask again."""
        if self.is_free:
            return None
        with self._lock:
            return self._permit()

    def heard(self, receipt: Receipt) -> Standstill | None:
        """Takes note of what the provider said of a message; a standstill: nothing else of this batch leaves now."""
        if receipt.error is None:
            self._accepted += 1
            if not self._is_uneasy:
                return None
        with self._lock:
            if receipt.error is None:
                self._answered()
                return None
            return self._heard(receipt.error)

    def opening(self) -> timedelta | None:
        """Whether it is worth while to prepare the batch: the wait for its first message, where that is a long one."""
        if self.is_free or self._is_probe:
            return None
        with self._lock:
            wait = self._reserve()
        if wait is None or wait <= LONGEST_NAP:
            return None
        self._hold(wait)
        return wait

    def close(self) -> None:
        """Leaves to others what was not used."""
        with self._lock:
            if self._permits:
                bucket.give_back(self._channel.pk, unused=self._permits, rate=1 / self._step)
                self._permits = 0
            if self._is_probe:
                circuits.give_back_probe(self._channel.pk, now=self._clock.now())

    # --- permits

    def _permit(self) -> timedelta | None:
        if self._is_probing:
            return UNTIL_VERDICT
        if time.monotonic() >= self._looked + LOOK_SECONDS:
            self._look()
        rest = self._rest()
        if rest is not None:
            return rest
        wait = self._reserve()
        if wait is not None:
            return wait
        if self._permits:
            self._permits -= 1
            self._next += self._step
        self._left = max(self._left - 1, 1)
        self._is_probing = self._is_probe
        return None

    def _reserve(self) -> timedelta | None:
        """Has permits in hand, where any are needed; the wait for the first of them."""
        rate = pacing.rate_now(self._channel.pace, self._slowdown, self._clock.now())
        if rate is None:
            self._permits = 0
            return None
        if not self._permits:
            wanted = pacing.lot(rate, self._left)
            got = bucket.take(self._channel.pk, wanted=wanted, rate=rate, is_urgent=self._is_urgent)
            if not got.count:
                return timedelta(seconds=max(got.wait, SLACK_SECONDS))
            self._permits, self._next, self._step = got.count, time.monotonic() + got.wait, 1 / rate
        ahead = self._next - time.monotonic()
        return timedelta(seconds=ahead) if ahead > SLACK_SECONDS else None

    def _rest(self) -> timedelta | None:
        """How long the provider still wants to be left alone; a probe is what it is left alone for."""
        until = self._circuit.not_before if self._circuit and not self._is_probe else None
        left = until - self._clock.now() if until else timedelta(0)
        return left if left > timedelta(0) else None

    def _look(self) -> None:
        self._looked = time.monotonic()
        self._circuit = Circuit.objects.filter(channel=self._channel).first()
        self._see()

    def _see(self) -> None:
        circuit = self._circuit
        slowdown = circuit.slowdown if circuit else None
        has_recovered = pacing.rate_now(self._channel.pace, slowdown, self._clock.now()) == self._channel.pace
        self._slowdown = None if has_recovered else slowdown
        self._is_uneasy = circuit is not None and (circuit.failures > 0 or circuit.state != CircuitState.CLOSED)
        self.is_free = self._channel.pace is None and self._slowdown is None and not self._is_probe

    # --- giving way

    def _has_neighbours(self) -> bool:
        """Whether something could be done while this batch waits: for another channel, or something more urgent."""
        now = time.monotonic()
        if now < self._neighbours_at:
            return False
        self._neighbours_at = now + NEIGHBOUR_SECONDS
        at = self._clock.now()
        others = ~Q(channel=self._channel) | Q(priority__lt=self._batch.priority)
        if Batch.objects.claimable(at).order_by().filter(others).exists():
            return True
        return Touchpoint.objects.due_for_expansion(at).filter(useful_until__gt=at).exists()

    def _absence(self, wait: timedelta) -> Standstill:
        """Leaves the worker to others. The channel rests as a whole, or its batches would be taken one after the other
        for nothing; unless something more urgent of its own is what this batch makes way for."""
        own = Batch.objects.claimable(self._clock.now()).filter(channel=self._channel, priority__lt=self._batch.priority)
        if not own.exists():
            wait = max(wait, ABSENCE)
            self._hold(wait)
        return Standstill(reason=DeliveryReason.PACED, text="", not_before=self._clock.now() + wait)

    def _hold(self, wait: timedelta) -> None:
        circuits.hold(self._channel.pk, until=self._clock.now() + wait)

    # --- what the provider says

    def _answered(self) -> None:
        if self._is_uneasy or self._is_probe:
            circuits.note_answer(self._channel.pk, now=self._clock.now())
            self._is_probe = self._is_probing = False
            self._look()

    def _heard(self, error: TransportError) -> Standstill | None:
        text = error.text
        if pacing.is_push_back(code=error.code, text=text, retry_after=error.retry_after) and not self._is_absence(error):
            return self._pushed_back(error)
        if error.channel_down or (self._is_probe and error.phase is Phase.AFTER):
            return self._stood_still(error)
        if error.phase is Phase.BEFORE and error.code:
            self._answered()
        return None

    def _is_absence(self, error: TransportError) -> bool:
        """421 is also what a server says that is shutting down: where nothing else was heard of it, it counts as away."""
        return error.code == "421" and error.channel_down and error.retry_after is None and not self._accepted

    def _pushed_back(self, error: TransportError) -> Standstill | None:
        self._answered()
        now = self._clock.now()
        until = circuits.slow_down(
            self._channel,
            seen=self._seen_rate(),
            text=error.text,
            retry_after=error.retry_after,
            stops=error.channel_down,
            now=now,
        )
        self._permits = 0  # promised at another rate
        self._look()
        if until is None:
            return None
        return Standstill(reason=DeliveryReason.PACED, text=error.text, not_before=until)

    def _stood_still(self, error: TransportError) -> Standstill:
        now = self._clock.now()
        is_open = error.code != "configuration" and circuits.note_standstill(self._channel.pk, text=error.text, now=now)
        self._is_probe = self._is_probing = False
        return Standstill(
            reason=DeliveryReason.CHANNEL_DOWN,
            text=error.text,
            retry_after=error.retry_after,
            not_before=now if is_open else None,  # the circuit says when it is tried again, for all its batches
        )

    def _seen_rate(self) -> float:
        """Messages per second of the whole channel, supposing that its other workers are as fast as this one; 0: unknown."""
        ran = time.monotonic() - self._began
        if ran < SHORTEST_RUN_SECONDS:
            return 0.0
        workers = Batch.objects.filter(channel=self._channel, state__in=IN_HAND).count()
        return self._accepted / ran * max(workers, 1)
