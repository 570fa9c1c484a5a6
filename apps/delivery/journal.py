"""How far a batch has come, noted in Redis while it is sent: one round trip per message.

After a worker was killed the reaper reads from it which messages are done, which were never begun, and which one was
begun without a result. It is trusted only while it is certainly complete: the batch names the run of Redis that holds
it, it begins with an opening line, and a worker that cannot write to it notes that in the database before it goes on.
Anything else means that the messages without a result are in doubt: never lost, and never sent twice by accident.
"""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.common.redis import redis_key

from .models import Batch
from .outcomes import Outcome

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=2)
LONGEST_WAIT_SECONDS = 1.0
PAUSE_SECONDS = 30.0  # after a failure this process works without a journal so long
OPENING = b'"open"'
_away_until = 0.0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a journal says. `is_complete`: a message that it does not name was never begun."""

    is_complete: bool = False
    results: Mapping[int, Outcome] = field(default_factory=dict)  # by delivery
    begun: frozenset[int] = frozenset()


class JournalLost(Exception):
    """Redis did not take a note: from here on the journal says less than what happened."""


class Journal:
    """The journal of one claim of one batch; `run` is empty when there is none, and every note then does nothing."""

    def __init__(self, batch: Batch, run: str) -> None:
        self.run = run
        self._key = _key(batch)

    @classmethod
    def open(cls, batch: Batch) -> "Journal":
        """Begins an empty journal, or none while Redis is away: sending does not wait for it."""
        global _away_until
        if time.monotonic() < _away_until:
            return cls(batch, "")
        try:
            with _client().pipeline(transaction=True) as pipe:
                pipe.delete(_key(batch))
                pipe.rpush(_key(batch), OPENING)
                pipe.expire(_key(batch), KEPT_FOR)
                pipe.info("server")
                run = str(pipe.execute()[-1].get("run_id", ""))  # a Redis that hides it keeps no journal
        except redis.RedisError as error:
            _away_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("Sending goes on without a journal: Redis does not answer (%s)", error)
            run = ""
        return cls(batch, run)

    def note(self, *, done: Outcome | None, begin: int | None) -> None:
        """Notes the previous message's result and the next one's beginning together; raises JournalLost."""
        global _away_until
        lines = [_dump(done)] if done else []
        lines += [json.dumps(begin)] if begin is not None else []
        if not self.run or not lines:
            return
        try:
            _client().rpush(self._key, *lines)
        except redis.RedisError as error:
            _away_until = time.monotonic() + PAUSE_SECONDS
            self.run = ""
            raise JournalLost(str(error)) from error

    def forget(self) -> None:
        """Its batch is settled. What cannot be deleted now goes by itself."""
        if self.run:
            try:
                _client().delete(self._key)
            except redis.RedisError:
                logger.info("A journal could not be deleted; it goes by itself in %s", KEPT_FOR)


def read(batch: Batch) -> Progress:
    """What is known of an abandoned batch; raises redis.RedisError while Redis is away."""
    if not batch.journal:
        return Progress()
    with _client().pipeline(transaction=True) as pipe:
        pipe.lrange(_key(batch), 0, -1)
        pipe.info("server")
        lines, server = pipe.execute()
    results, begun = {}, set()
    for line in map(json.loads, lines):
        if isinstance(line, dict):
            outcome = _load(line)
            results[outcome.delivery_id] = outcome
        elif isinstance(line, int):
            begun.add(line)
    is_complete = bool(lines) and lines[0] == OPENING and server["run_id"] == batch.journal
    return Progress(is_complete=is_complete, results=results, begun=frozenset(begun))


def _dump(outcome: Outcome) -> str:
    wait = outcome.retry_after
    odd = {"at": outcome.at.isoformat(), "retry_after": None if wait is None else wait.total_seconds()}
    return json.dumps(asdict(outcome) | odd)


def _load(line: dict[str, Any]) -> Outcome:
    wait = line["retry_after"]
    odd = {"at": datetime.fromisoformat(line["at"]), "retry_after": None if wait is None else timedelta(seconds=wait)}
    return Outcome(**(line | odd))


def _key(batch: Batch) -> str:
    return redis_key("journal", batch.pk, batch.attempt)


@cache
def _client() -> "redis.Redis":
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=LONGEST_WAIT_SECONDS,
        socket_connect_timeout=LONGEST_WAIT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
