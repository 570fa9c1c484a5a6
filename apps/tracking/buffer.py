"""Hits on their way from a request to the database: a Redis list, pushed to in one round trip.

A request must not wait and must not fail: while Redis is away hits stay in this process's memory (bounded) and go with
the first hit after its return. A taker first renames the list, so that a crash between taking and writing leaves it to
be found again; every hit has a key of its own, so that writing it twice adds nothing.
"""

import json
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import cast

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.common.redis import redis_client, redis_key

logger = logging.getLogger(__name__)

LONGEST_LIST = 200_000  # about 60 MB; beyond it the oldest hits give way
KEPT_IN_PROCESS = 10_000
LONGEST_WAIT_SECONDS = 0.25
PAUSE_SECONDS = 1.0  # after a failure Redis is left alone so long
TAKEN_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One request for a pixel (`link` is None) or a link, as it came; `at` in seconds since 1970."""

    key: str
    token: str  # of the delivery, hexadecimal
    link: int | None
    at: float
    method: str
    user_agent: str
    purpose: str

    def dump(self) -> str:
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, separators=(",", ":"))

    @classmethod
    def load(cls, raw: bytes) -> "Hit":
        return cls(**json.loads(raw))


class HitBuffer:
    """Takes hits from the threads of one process."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque(maxlen=KEPT_IN_PROCESS)
        self._taking = threading.Lock()
        self._not_before = 0.0

    def push(self, hit: Hit) -> None:
        """Never raises because of Redis, and waits for it LONGEST_WAIT_SECONDS at most."""
        self._waiting.append(hit.dump())
        if time.monotonic() < self._not_before:
            return
        with self._taking:
            taken = list(self._waiting)
            self._waiting.clear()
        if not taken:  # another thread took this hit along
            return
        try:
            _append(taken)
        except redis.RedisError:
            self._not_before = time.monotonic() + PAUSE_SECONDS
            self._waiting.extendleft(reversed(taken))
            logger.warning("Redis does not answer; %d opens and clicks wait in this process.", len(self._waiting))


hits = HitBuffer()


def take() -> Iterator[list[Hit]]:
    """Lists of hits to be written. What was left behind by a crash comes too.

    A taken list is deleted when the caller asks for what follows it, that is, once it has written all before.
    """
    client = redis_client()
    names = {str(name, "ascii") for name in cast(set[bytes], client.smembers(_taken_key()))}
    if client.exists(_list_key()):
        names.add(_rename(client))
    for name in sorted(names):
        yield from _chunks(client, name)
        with client.pipeline() as pipe:
            pipe.delete(name)
            pipe.srem(_taken_key(), name)
            pipe.execute()


def _append(dumped: list[str]) -> None:
    client = _quick_client()
    if client.rpush(_list_key(), *dumped) > LONGEST_LIST:
        client.ltrim(_list_key(), -LONGEST_LIST, -1)


def _rename(client: "redis.Redis") -> str:
    name = redis_key("hits", "taken", uuid.uuid4().hex)
    with client.pipeline() as pipe:
        # When another taker was quicker the rename fails and the name stays empty, which does no harm.
        pipe.sadd(_taken_key(), name)
        pipe.rename(_list_key(), name)
        pipe.execute(raise_on_error=False)
    return name


def _chunks(client: "redis.Redis", name: str) -> Iterator[list[Hit]]:
    length = client.llen(name)
    if length >= LONGEST_LIST:
        logger.warning("The buffer of opens and clicks was full; the oldest may have been lost.")
    for first in range(0, length, TAKEN_AT_ONCE):
        chunk = cast(list[bytes], client.lrange(name, first, first + TAKEN_AT_ONCE - 1))
        yield [hit for raw in chunk if (hit := _load(raw))]


def _load(raw: bytes) -> Hit | None:
    try:
        hit = Hit.load(raw)
        uuid.UUID(hit.token)
        return hit
    except (ValueError, TypeError):
        logger.exception("An open or click in the buffer cannot be read: %r", raw[:200])
        return None


@cache
def _quick_client() -> "redis.Redis":
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=LONGEST_WAIT_SECONDS,
        socket_connect_timeout=LONGEST_WAIT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def _list_key() -> str:
    return redis_key("hits")


def _taken_key() -> str:
    return redis_key("hits", "taken")
