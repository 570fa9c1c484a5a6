"""How far a batch has come, noted in Redis while it is sent: one round trip per message, and none that anybody waits for.

A message's beginning is written before its envelope and known to stand before its text leaves (`confirm`); the result
travels with the next beginning. After a worker was killed the reaper reads which messages are done, which were never
begun, and which were begun without a result. A journal is trusted only while it is certainly complete: the batch names
the run of Redis that holds it, it begins with an opening line, and a worker that cannot write to it notes that in the
database before it goes on. The reaper takes the journal away before it judges, so that a worker thought dead that comes
back can begin nothing more. Anything else means that the messages without a result are in doubt: never lost, and never
sent twice by accident.
"""

import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import redis

from apps.common.redis import hurried_redis_client, redis_key

from .clock import iso_format
from .models import Batch, DeliveryState
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


class _Gone(redis.RedisError):
    """It was flushed, or taken by the reaper."""


class Journal:
    """The journal of one claim of one batch, for all its lanes.

    `run` is empty when there is none: every note then does nothing. After a note was lost `confirm` raises JournalLost.
    """

    def __init__(self, batch: Batch, run: str = "", connection: Any = None) -> None:
        self.run = run
        self._key = _key(batch)
        self._connection = connection
        self._lock = threading.Lock()
        self._written = self._confirmed = 0
        self._loss: Exception | None = None
        self._is_settled = False

    @classmethod
    def open(cls, batch: Batch) -> "Journal":
        """Begins an empty journal, or none while Redis is away: sending does not wait for it."""
        if time.monotonic() < _away_until:
            return cls(batch)
        connection = None
        try:
            connection = _client().connection_pool.get_connection()
            seconds = str(int(KEPT_FOR.total_seconds()))
            key = _key(batch)
            commands = (("DEL", key, _taken(batch)), ("RPUSH", key, OPENING), ("EXPIRE", key, seconds), ("INFO", "server"))
            connection.send_packed_command(connection.pack_commands(commands))
            answers = [connection.read_response() for _command in commands]
            run = _run_of(answers[-1])  # a Redis that hides it keeps no journal
        except redis.RedisError as error:
            stay_away()
            logger.warning("Sending goes on without a journal: Redis does not answer (%s)", error)
            if connection is not None:
                _give_back(connection, is_sound=False)
            return cls(batch)
        return cls(batch, run, connection)

    def note(self, *, done: Sequence[Outcome] = (), begin: Sequence[int] = ()) -> int:
        """Writes the results of the messages before and the beginnings of the next together; gives the number to `confirm`."""
        lines = [*map(_dump, done), *map(str, begin)]
        with self._lock:
            if lines and self.run:
                try:
                    # Not RPUSH: a journal that was flushed, or taken by the reaper, does not begin anew in the middle.
                    self._connection.send_packed_command(self._connection.pack_command("RPUSHX", self._key, *lines))
                    self._written += 1
                except redis.RedisError as error:
                    self._lose(error)
            return self._written

    def confirm(self, number: int) -> None:
        """Returns once the note of that number is known to stand; raises JournalLost."""
        with self._lock:
            try:
                while self.run and self._confirmed < number:
                    if not self._connection.read_response():
                        raise _Gone("the journal is gone")
                    self._confirmed += 1
            except redis.RedisError as error:
                self._lose(error)
            if self._loss:
                raise JournalLost(str(self._loss)) from self._loss

    def forget(self) -> None:
        """Its batch is settled: `close` deletes it. What cannot be deleted then goes by itself."""
        self._is_settled = True

    def close(self) -> None:
        with self._lock:
            connection, self._connection, run, self.run = self._connection, None, self.run, ""
        if connection is None:
            return
        answers = self._written - self._confirmed
        try:
            if run and self._is_settled:
                connection.send_packed_command(connection.pack_command("DEL", self._key))
                answers += 1
            for _answer in range(answers if run else 0):
                connection.read_response()
        except redis.RedisError:
            logger.info("A journal could not be deleted; it goes by itself in %s", KEPT_FOR)
            run = ""
        _give_back(connection, is_sound=bool(run))

    def _lose(self, error: Exception) -> None:
        if not isinstance(error, _Gone):  # Redis answers: the next batch has its journal again
            stay_away()
        self.run = ""
        self._loss = error


def read(batch: Batch) -> Progress:
    """Takes the journal of an abandoned batch away from its worker and reads it; raises redis.RedisError while Redis is away."""
    if not batch.journal:
        return Progress()
    taken = _taken(batch)
    with _client().pipeline(transaction=True) as pipe:
        pipe.rename(_key(batch), taken)  # fails where it is gone, or was taken by a reaper that did not come to an end
        pipe.lrange(taken, 0, -1)
        pipe.info("server")
        _renamed, lines, server = pipe.execute(raise_on_error=False)
    for answer in (lines, server):
        if isinstance(answer, redis.RedisError):
            raise answer
    return _progress(batch, lines, server)


def peek(batch: Batch) -> Progress:
    """What it says so far, while its worker goes on with it; raises redis.RedisError while Redis is away."""
    if not batch.journal:
        return Progress()
    with _client().pipeline(transaction=True) as pipe:
        pipe.lrange(_key(batch), 0, -1)
        pipe.info("server")
        lines, server = pipe.execute()
    return _progress(batch, lines, server)


def _progress(batch: Batch, lines: Sequence[bytes], server: Mapping[str, Any]) -> Progress:
    results, begun = {}, set()
    for line in map(json.loads, lines):
        if isinstance(line, int):
            begun.add(line)
        elif isinstance(line, dict | list):
            outcome = _load(line)
            results[outcome.delivery_id] = outcome
    is_complete = bool(lines) and lines[0] == OPENING and server["run_id"] == batch.journal
    return Progress(is_complete=is_complete, results=results, begun=frozenset(begun))


def _dump(outcome: Outcome) -> str:
    """An acceptance, which nearly all of them are, in short."""
    if outcome.state == DeliveryState.SENT:
        return f'[{outcome.delivery_id},"{iso_format(outcome.at)}",{_quoted(outcome.provider_id)},{outcome.attempts}]'
    wait = outcome.retry_after
    odd = {"at": outcome.at.isoformat(), "retry_after": None if wait is None else wait.total_seconds()}
    return json.dumps(asdict(outcome) | odd)


_quoted = json.encoder.encode_basestring_ascii


def _load(line: dict[str, Any] | list[Any]) -> Outcome:
    """Whatever a worker of another version wrote beside what is known here is passed over."""
    if isinstance(line, list):
        delivery_id, at, provider_id, attempts = line[:4]
        sent = {"state": DeliveryState.SENT, "provider_id": provider_id, "attempts": attempts}
        return Outcome(delivery_id=delivery_id, at=datetime.fromisoformat(at), **sent)
    wait = line["retry_after"]
    odd = {"at": datetime.fromisoformat(line["at"]), "retry_after": None if wait is None else timedelta(seconds=wait)}
    known = {name: value for name, value in line.items() if name in Outcome.__dataclass_fields__}
    return Outcome(**(known | odd))


def _run_of(server: Any) -> str:
    text = server.decode() if isinstance(server, bytes) else str(server)
    return next((line[7:] for line in text.splitlines() if line.startswith("run_id:")), "")


def stay_away() -> None:
    """This process does without journals for a while: Redis is away."""
    global _away_until
    _away_until = time.monotonic() + PAUSE_SECONDS


def _give_back(connection: Any, *, is_sound: bool) -> None:
    if not is_sound:
        connection.disconnect()
    _client().connection_pool.release(connection)


def _key(batch: Batch) -> str:
    return redis_key("journal", batch.pk, batch.attempt)


def _taken(batch: Batch) -> str:
    """Its name once a reaper has it."""
    return f"{_key(batch)}:taken"


def _client() -> "redis.Redis":
    return hurried_redis_client(wait_seconds=LONGEST_WAIT_SECONDS)
