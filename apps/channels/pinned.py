"""Connections that lead where they were allowed to, and calls that end in time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .addresses import is_listed, is_public, not_public
from .messages import Phase, TransportError

MOST_ADDRESSES = 3  # of one name are tried, each for as long


def standstill(reason: str) -> TransportError:
    return TransportError(reason, permanent=False, channel_down=True)


class Exchange:
    """One call under way: how far it came, and a watchdog that shuts the socket when the answer takes too long.

    A read time-out counts per read, so that a server dripping bytes could hold the call for ever.
    """

    def __init__(self, answer_timeout: float) -> None:
        self.phase = Phase.BEFORE
        self.is_over = False
        self._sock: socket.socket | None = None
        self._watchdog = threading.Timer(answer_timeout, self._end)
        self._watchdog.daemon = True

    def wait_for_answer(self, sock: socket.socket) -> None:
        self.phase, self._sock = Phase.AFTER, sock
        self._watchdog.start()

    def finish(self) -> None:
        self._watchdog.cancel()
        self._sock = None

    def _end(self) -> None:
        self.is_over = True
        if sock := self._sock:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not SSLSocket's, which the reader still uses


_current: ContextVar[Exchange] = ContextVar("exchange")


@contextmanager
def watched(answer_timeout: float) -> Iterator[Exchange]:
    exchange = Exchange(answer_timeout)
    token = _current.set(exchange)
    try:
        yield exchange
    finally:
        _current.reset(token)
        exchange.finish()


class _Pinned:
    """Connects to an address that was resolved and judged here, so that no second look-up can lead elsewhere."""

    host: str
    port: int
    timeout: float | None
    sock: socket.socket

    def _new_conn(self) -> socket.socket:
        host = self.host.strip("[]")
        addresses = _resolve(host, self.port)
        is_inner = not all(is_public(address[0]) for _family, address in addresses)
        if is_inner and not is_listed(host, self.port, settings.CHANNEL_HOST_ALLOWLIST):
            raise standstill(not_public(host))
        for family, address in addresses[:MOST_ADDRESSES]:
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(self.timeout)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
            except OSError:
                sock.close()
            else:
                return sock
        raise standstill(_("Cannot connect to %(host)s.") % {"host": host})

    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)  # type: ignore[misc]
        _current.get().wait_for_answer(self.sock)


def _resolve(host: str, port: int) -> list[tuple[int, Any]]:
    try:
        return [(info[0], info[4]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise standstill(_("The name %(host)s cannot be resolved.") % {"host": host}) from None


class _PinnedHTTPConnection(_Pinned, HTTPConnection):
    pass


class _PinnedHTTPSConnection(_Pinned, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _PinnedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PinnedHTTPSConnection


class PinnedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
