"""What is kept outside the database of how often its clock has beaten: in Redis, and in a file beside other state.

A witness is written after the database has taken the beat. So it never knows more than a database that has lost nothing.
"""

import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import redis
from django.conf import settings

from apps.common.redis import hurried_redis_client, redis_key

logger = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 1.0
PAUSE_SECONDS = 30.0  # after a failure this process asks Redis no more for so long
_away_until = 0.0


def remember(name: UUID, beats: int) -> None:
    _with_redis(lambda client: client.set(redis_key("witness", name.hex), beats))
    try:
        _write(name, beats)
    except OSError as error:
        logger.warning("The clock's witness could not be written: %s", error)


def recall(name: UUID) -> int | None:
    """The most beats that are known of this installation; None: nothing is."""
    kept = _with_redis(lambda client: client.get(redis_key("witness", name.hex)))
    found = [int(kept)] if kept is not None else []
    written = _read(name)
    return max([*found, *([written] if written is not None else [])], default=None)


def path() -> Path:
    return Path(settings.VAR_DIR) / "witness.json"


def _write(name: UUID, beats: int) -> None:
    """Whole or not at all, even when the power goes."""
    path().parent.mkdir(parents=True, exist_ok=True)
    fresh = path().with_suffix(f".{os.getpid()}")
    with fresh.open("w", encoding="ascii") as file:
        json.dump({"installation": name.hex, "beats": beats}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path())


def _read(name: UUID) -> int | None:
    try:
        kept = json.loads(path().read_text(encoding="ascii"))
        return int(kept["beats"]) if kept["installation"] == name.hex else None
    except (OSError, ValueError, KeyError, TypeError):  # none, or not one of ours
        return None


def _with_redis(deed: Callable[[Any], Any]) -> Any:
    """Its answer; None while Redis is away, which hinders nobody."""
    if time.monotonic() < _away_until:
        return None
    try:
        return deed(_client())
    except redis.RedisError as error:
        stay_away()
        logger.info("Redis does not answer as a witness: %s", error)
        return None


def stay_away() -> None:
    """This process does not ask Redis for a while: it is away."""
    global _away_until
    _away_until = time.monotonic() + PAUSE_SECONDS


def _client() -> "redis.Redis":
    return hurried_redis_client(wait_seconds=LONGEST_WAIT_SECONDS)
