"""The only module that talks HTTP: calls go to public places, end in time, follow no redirect, and know their phase."""

import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from .addresses import is_listed, is_public, not_public, url_problem
from .http_errors import refusal
from .messages import Phase, TransportError

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0
MOST_ADDRESSES = 3  # of one name are tried, each for as long
LONGEST_ANSWER_BYTES = 64 * 1024

# At DEBUG urllib3 writes each call's whole path, and the path of an incoming webhook is its password.
logging.getLogger("urllib3").setLevel(logging.INFO)


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def refusal(self, explanation: str = "") -> TransportError:
        """What this answer means where it is no success; `explanation` is what the provider says, if not all of it."""
        return refusal(self.status, text=explanation or self.text, headers=self.headers)


class HttpClient:
    """One connection at a time, kept open between calls."""

    def __init__(self, *, connect_timeout: float = CONNECT_SECONDS, answer_timeout: float | None = None) -> None:
        self.connect_timeout = connect_timeout
        self.answer_timeout = ANSWER_SECONDS if answer_timeout is None else answer_timeout
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy that would resolve names for us, no .netrc
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, _PinnedAdapter())

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str], auth: tuple[str, str] | None = None) -> Answer:
        """Whatever was answered; raises TransportError where nothing was."""
        problem = url_problem(url, allowlist=settings.CHANNEL_HOST_ALLOWLIST)
        if problem:
            raise _standstill(problem)
        return self._exchange(url, data=body, headers={"Accept-Encoding": "identity", **headers}, auth=auth)

    def close(self) -> None:
        self.session.close()

    def _exchange(self, url: str, **request: Any) -> Answer:
        timeouts = (self.connect_timeout, self.answer_timeout)
        with _watched(self.answer_timeout) as exchange:
            try:
                response = self.session.post(url, timeout=timeouts, allow_redirects=False, stream=True, **request)
            except requests.RequestException as error:
                raise _broken(error, exchange) from None  # its own text holds the address
            with response:
                return Answer(status=response.status_code, headers=response.headers, text=_start_of(response))


def _start_of(response: requests.Response) -> str:
    """As much of the body as matters. The status has been read: whatever happens now cannot change the outcome."""
    try:
        return response.raw.read(LONGEST_ANSWER_BYTES, decode_content=False).decode(errors="replace")
    except (HTTPError, OSError):
        return ""


def _broken(error: Exception, exchange: "_Exchange") -> TransportError:
    has_timed_out = exchange.is_over or isinstance(error, requests.Timeout)
    if exchange.phase is Phase.BEFORE:
        if isinstance(error, requests.exceptions.SSLError):
            return _standstill(_("The provider's certificate or TLS is not accepted."))
        return _standstill(_("The connection to the provider broke before the message was handed over."))
    what = (
        _("The provider did not answer in time.") if has_timed_out else _("The provider closed the connection without an answer.")
    )
    return TransportError(
        what + " " + _("The whole message had been handed over: it may have arrived."),
        permanent=False,
        phase=Phase.AFTER,
        channel_down=has_timed_out,
    )


def _standstill(reason: str) -> TransportError:
    return TransportError(reason, permanent=False, channel_down=True)


class _Exchange:
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


_current: ContextVar[_Exchange] = ContextVar("exchange")


@contextmanager
def _watched(answer_timeout: float) -> Iterator[_Exchange]:
    exchange = _Exchange(answer_timeout)
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
            raise _standstill(not_public(host))
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
        raise _standstill(_("Cannot connect to %(host)s.") % {"host": host})

    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)  # type: ignore[misc]
        _current.get().wait_for_answer(self.sock)


def _resolve(host: str, port: int) -> list[tuple[int, Any]]:
    try:
        return [(info[0], info[4]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise _standstill(_("The name %(host)s cannot be resolved.") % {"host": host}) from None


class _PinnedHTTPConnection(_Pinned, HTTPConnection):
    pass


class _PinnedHTTPSConnection(_Pinned, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _PinnedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PinnedHTTPSConnection


class _PinnedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
