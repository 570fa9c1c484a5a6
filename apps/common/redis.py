from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


@cache
def redis_client() -> "redis.Redis":
    """The process's one connection pool. Callers must live with Redis being away: it carries hints and buffers only."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=1, health_check_interval=10)


@cache
def hurried_redis_client(*, wait_seconds: float) -> "redis.Redis":
    """For those whom Redis must not keep waiting: it answers in time, at the first attempt, or raises redis.RedisError."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=wait_seconds,
        socket_connect_timeout=wait_seconds,
        retry=Retry(NoBackoff(), 0),
    )


def redis_key(*parts: object) -> str:
    """A key under this installation's prefix, e.g. `redis_key("journal", 17)`."""
    return str(settings.REDIS_KEY_PREFIX) + ":".join(str(part) for part in parts)
