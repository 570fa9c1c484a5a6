"""The permits of a channel, shared by all workers of all hosts: in Redis, or in the database while Redis is away.

Both decide as `pacing.take` does, each by its own clock, which all workers share. Only a channel with a pace comes here.
"""

import logging
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.db import transaction

from apps.common.redis import hurried_redis_client, redis_key

from . import pacing
from .clock import database_now
from .models import Circuit

logger = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 1.0
PAUSE_SECONDS = 30.0  # after a failure this process asks the database for so long
KEPT_MS = 60_000  # beyond the last promise; a bucket that nobody asks is forgotten, which costs nothing
_away_until = 0.0

# KEYS: the bucket. ARGV: wanted, rate, 1 for urgent, the bounds of pacing.take in microseconds, the lot at that rate.
# Returns permits and microseconds from now to the first of them (negative: they lie idle since then).
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wanted, step, urgent = tonumber(ARGV[1]), 1000000 / ARGV[2], ARGV[3] == '1'
local burst, routine_ahead, urgent_ahead, grace = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local kept = redis.call('HMGET', KEYS[1], 'next', 'urgent')
local urgent_until = tonumber(kept[2] or 0)
local start = math.min(math.max(tonumber(kept[1] or now), now - burst), now + urgent_ahead + ARGV[8] * step)
if not urgent and urgent_until > now then
    return {0, urgent_until - now}
end
local permits, next = wanted, start + wanted * step
if start - now > (urgent and urgent_ahead or routine_ahead) then
    permits, next = 0, start
    if urgent then urgent_until = start + grace end
elseif urgent and start > now then
    urgent_until = next + grace
end
redis.call('HSET', KEYS[1], 'next', string.format('%.0f', next), 'urgent', string.format('%.0f', urgent_until))
redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(next - now, 0) / 1000) + ARGV[9])
return {permits, start - now}
"""


@dataclass(frozen=True, kw_only=True)
class Permits:
    """`count` permits, the first in `wait` seconds and one each step after it; none: ask again in `wait` seconds."""

    count: int
    wait: float


def take(channel_id: int, *, wanted: int, rate: float, is_urgent: bool) -> Permits:
    if time.monotonic() >= _away_until:
        try:
            return _take_from_redis(channel_id, wanted=wanted, rate=rate, is_urgent=is_urgent)
        except redis.RedisError as error:
            stay_away()
            logger.warning("Channels keep their pace through the database: Redis does not answer (%s)", error)
    return _take_from_database(channel_id, wanted=wanted, rate=rate, is_urgent=is_urgent)


def give_back(channel_id: int, *, unused: int, rate: float) -> None:
    """Makes permits that nobody needed free for the next; where that fails they are lost, and nothing else is."""
    if time.monotonic() >= _away_until:
        try:
            if _client().exists(_key(channel_id)):
                _client().hincrbyfloat(_key(channel_id), "next", -unused * 1_000_000 / rate)
        except redis.RedisError as error:
            logger.info("%s permits of channel %s were not given back: %s", unused, channel_id, error)


def _take_from_redis(channel_id: int, *, wanted: int, rate: float, is_urgent: bool) -> Permits:
    seconds = (pacing.BURST_SECONDS, pacing.ROUTINE_AHEAD, pacing.URGENT_AHEAD, pacing.URGENT_GRACE)
    bounds = [int(bound * 1_000_000) for bound in seconds]
    words: list[Any] = [wanted, rate, int(is_urgent), *bounds, pacing.lot(rate, wanted), KEPT_MS]
    count, wait = _script()(keys=[_key(channel_id)], args=words)
    return Permits(count=int(count), wait=int(wait) / 1_000_000)


@transaction.atomic
def _take_from_database(channel_id: int, *, wanted: int, rate: float, is_urgent: bool) -> Permits:
    """Exact too, for a short transaction per lot: five a second and worker, whatever the rate."""
    Circuit.objects.get_or_create(channel_id=channel_id)
    row = Circuit.objects.select_for_update().get(channel_id=channel_id)
    now = database_now().timestamp()
    bucket = pacing.Bucket(next_at=row.next_permit_at, urgent_until=row.urgent_permits_until)
    grant, after = pacing.take(bucket, now=now, wanted=wanted, rate=rate, is_urgent=is_urgent)
    Circuit.objects.filter(channel_id=channel_id).update(next_permit_at=after.next_at, urgent_permits_until=after.urgent_until)
    return Permits(count=grant.permits, wait=grant.start - now)


def _key(channel_id: int) -> str:
    return redis_key("pace", channel_id)


@cache
def _script() -> Any:
    return _client().register_script(_TAKE)


def stay_away() -> None:
    """This process keeps the pace through the database for a while: Redis is away."""
    global _away_until
    _away_until = time.monotonic() + PAUSE_SECONDS


def _client() -> "redis.Redis":
    return hurried_redis_client(wait_seconds=LONGEST_WAIT_SECONDS)
