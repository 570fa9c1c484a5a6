"""How fast a channel may go, how it yields to a provider's push-back, and when a provider counts as away.

Pure: plain values in, a decision out. Spans in seconds are floats on the clock of whoever asks.
"""

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

# --- permits -----------------------------------------------------------------------------------------------------------

LOT_SECONDS = 0.2  # a worker takes permits for so long at once: one round for a lot, not for a message
BURST_SECONDS = 1.0  # what nobody used for so long may be caught up on
ROUTINE_AHEAD = 0.25  # so far ahead a lot may be promised; what is urgent never waits behind more than that
URGENT_AHEAD = 1.0
URGENT_GRACE = 0.25  # after a lot, for the urgent worker to come back for the next


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """When the next permit of a channel is free, and until when only urgent messages get one."""

    next_at: float = 0.0
    urgent_until: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Grant:
    """`permits` from `start` on, one each 1/rate; none: ask again then. `start` may lie in the past."""

    permits: int
    start: float


def lot(rate: float, left: int) -> int:
    """How many permits to take at once, of those that a batch still needs."""
    return min(max(math.ceil(rate * LOT_SECONDS), 1), left)


def take(bucket: Bucket, *, now: float, wanted: int, rate: float, is_urgent: bool) -> tuple[Grant, Bucket]:
    """Promises `wanted` permits, now or shortly; the same as the script in bucket.py does inside Redis.

    An unknown bucket is empty and not full: nobody knows what left before. A promise further ahead than this rate can
    have made is of an earlier, slower one, and void.
    """
    step = 1 / rate
    first = bucket.next_at or now
    start = min(max(first, now - BURST_SECONDS), now + URGENT_AHEAD + lot(rate, wanted) * step)
    if is_urgent:
        if start - now > URGENT_AHEAD:
            return Grant(permits=0, start=start), Bucket(next_at=start, urgent_until=start + URGENT_GRACE)
        next_at = start + wanted * step
        urgent_until = next_at + URGENT_GRACE if start > now else bucket.urgent_until
        return Grant(permits=wanted, start=start), Bucket(next_at=next_at, urgent_until=urgent_until)
    if bucket.urgent_until > now:
        return Grant(permits=0, start=bucket.urgent_until), bucket
    if start - now > ROUTINE_AHEAD:
        return Grant(permits=0, start=start), Bucket(next_at=start, urgent_until=bucket.urgent_until)
    return Grant(permits=wanted, start=start), Bucket(next_at=start + wanted * step, urgent_until=bucket.urgent_until)


# --- push-back ---------------------------------------------------------------------------------------------------------

SLOW_DOWN = 0.5  # multiplied at each push-back, and added back in equal steps
RECOVERY = timedelta(minutes=10)  # from a standstill to the whole pace
SETTLING = timedelta(seconds=2)  # what was under way on other connections says the same once more
FLOOR = 0.01  # of the whole pace
SLOWEST = 1 / 60  # one message a minute always shows whether the provider takes more again
UNKNOWN_PACE = 10.0  # where nothing had left before the first push-back
SHORTEST_HOLD = timedelta(seconds=1)

_PUSH_BACK_CODES = ("421", "429")
_TOO_FAST_CODES = ("450", "451", "452")  # with an enhanced code 4.7.x: a policy, and mostly one about the rate
_GREY = ("greylist", "graylist", "grey-list", "gray-list")  # about a recipient new to the server, not about the rate


@dataclass(frozen=True, kw_only=True)
class Slowdown:
    """The last push-back: the rate it cut the channel `to`, from which whole pace, and when."""

    to: float
    whole: float
    at: datetime


def is_push_back(*, code: str, text: str, retry_after: timedelta | None) -> bool:
    """Whether a refusal says that the channel goes too fast, rather than anything about its message."""
    if retry_after is not None or code in _PUSH_BACK_CODES:
        return True
    says = text.lower()
    return code in _TOO_FAST_CODES and " 4.7." in f" {says}" and not any(word in says for word in _GREY)


def rate_now(pace: float | None, slowdown: Slowdown | None, now: datetime) -> float | None:
    """Messages per second at `now`: the channel's pace, or what it has recovered of it; None: no limit."""
    if slowdown is None:
        return pace
    whole = pace or slowdown.whole
    recovered = slowdown.to + whole * max((now - slowdown.at) / RECOVERY, 0.0)
    return pace if recovered >= whole else recovered


def slowed(pace: float | None, before: Slowdown | None, *, seen: float, now: datetime) -> Slowdown:
    """What a push-back at `now` leads to; `seen` is the rate at which the channel went where nothing limited it."""
    limit = rate_now(pace, before, now)
    rate = limit or seen or UNKNOWN_PACE
    whole = pace or (before.whole if before and limit else rate)
    floor = max(whole * FLOOR, SLOWEST)
    return Slowdown(to=min(max(rate * SLOW_DOWN, floor), rate), whole=whole, at=now)


def hold(retry_after: timedelta | None, rate: float) -> timedelta:
    """How long nothing leaves after a push-back that stopped the channel."""
    return max(retry_after or timedelta(0), SHORTEST_HOLD, timedelta(seconds=1 / rate))


# --- a provider that is away -------------------------------------------------------------------------------------------

OPENS_AFTER = 2  # standstills in a row, of whatever batches
PROBE_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 10, 20, 40))
LONGEST_PROBE_PAUSE = timedelta(seconds=60)  # what is urgent leaves so soon after a provider is back
JITTER = 0.2  # up to so much later, so that the channels of one provider do not all ask together
PROBE_PATIENCE = timedelta(seconds=90)  # a probe without a verdict by then is lost with its worker


def opens(failures: int) -> bool:
    """Whether that many standstills in a row mean that the provider is away."""
    return failures >= OPENS_AFTER


def probe_pause(failures: int, chance: random.Random) -> timedelta:
    """How long to leave a provider alone after that many standstills in a row."""
    number = failures - OPENS_AFTER
    pause = PROBE_PAUSES[number] if number < len(PROBE_PAUSES) else LONGEST_PROBE_PAUSE
    return pause * (1 + JITTER * chance.random())
