"""Rendered entries, remembered by each process and, for those that begin, by the cache that all share."""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from threading import Lock
from typing import Any

import redis
from django.core.cache import cache

Key = tuple[Any, ...]  # everything an entry's bytes depend on

REMEMBERED_ENTRIES = 10_000
SHARED_FOR = timedelta(days=7)

logger = logging.getLogger(__name__)


class Memory:
    """The least recently used entries give way. `None`: one that cannot be rendered, which another process may try again."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Key, bytes | None] = OrderedDict()
        self._lock = Lock()

    def get(self, keys: Iterable[Key]) -> dict[Key, bytes | None]:
        wanted = list(keys)
        with self._lock:
            found = {key: self._entries[key] for key in wanted if key in self._entries}
            for key in found:
                self._entries.move_to_end(key)
        if missing := [key for key in wanted if key not in found]:
            shared = _shared(missing)
            self._remember(shared)
            found |= shared
        return found

    def keep(self, entries: Mapping[Key, bytes | None]) -> None:
        self._remember(entries)
        _share({key: entry for key, entry in entries.items() if entry is not None})

    def _remember(self, entries: Mapping[Key, bytes | None]) -> None:
        with self._lock:
            self._entries.update(entries)
            while len(self._entries) > REMEMBERED_ENTRIES:
                self._entries.popitem(last=False)


def _shared(keys: Iterable[Key]) -> dict[Key, bytes]:
    names = {_name(key): key for key in keys}
    try:
        return {names[name]: entry for name, entry in cache.get_many(names).items()}
    except redis.RedisError as error:
        logger.warning("The cache does not answer; calendar entries are rendered anew: %s", error)
        return {}


def _share(entries: Mapping[Key, bytes]) -> None:
    try:
        cache.set_many({_name(key): entry for key, entry in entries.items()}, timeout=int(SHARED_FOR.total_seconds()))
    except redis.RedisError as error:
        logger.warning("The cache does not answer; other processes will render calendar entries again: %s", error)


def _name(key: Key) -> str:
    return f"calendar-entry:{hashlib.sha256(repr(key).encode()).hexdigest()}"
