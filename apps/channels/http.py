"""The only module that talks HTTP: calls go to public places, end in time, follow no redirect, and know their phase."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.exceptions import HTTPError

from .addresses import url_problem
from .http_errors import refusal
from .messages import Phase, TransportError
from .pinned import Exchange, PinnedAdapter, standstill, watched

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0
LONGEST_ANSWER_BYTES = 64 * 1024

# Up to WARNING urllib3 writes whole addresses, and that of an incoming webhook is its password.
logging.getLogger("urllib3").setLevel(logging.ERROR)


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
            self.session.mount(scheme, PinnedAdapter())

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str], auth: tuple[str, str] | None = None) -> Answer:
        """Whatever was answered; raises TransportError where nothing was."""
        return self._exchange("POST", url, data=body, headers=headers, auth=auth)

    def get(
        self, url: str, *, headers: Mapping[str, str], auth: tuple[str, str] | None = None, longest: int = LONGEST_ANSWER_BYTES
    ) -> Answer:
        """Asks and changes nothing: what was answered, up to `longest` bytes of it. Raises TransportError where nothing was."""
        try:
            return self._exchange("GET", url, longest=longest, headers=headers, auth=auth)
        except TransportError as error:
            if error.phase is Phase.BEFORE:
                raise
            raise standstill(_("The provider did not answer the question.")) from None

    def close(self) -> None:
        self.session.close()

    def _exchange(
        self, method: str, url: str, *, headers: Mapping[str, str], longest: int = LONGEST_ANSWER_BYTES, **request: Any
    ) -> Answer:
        problem = url_problem(url, allowlist=settings.CHANNEL_HOST_ALLOWLIST)
        if problem:
            raise standstill(problem)
        request |= {"headers": {"Accept-Encoding": "identity", **headers}, "allow_redirects": False, "stream": True}
        timeouts = (self.connect_timeout, self.answer_timeout)
        with watched(self.answer_timeout) as exchange:
            try:
                response = self.session.request(method, url, timeout=timeouts, **request)
            except requests.RequestException as error:
                raise _broken(error, exchange) from None  # its own text holds the address
            with response:
                return Answer(status=response.status_code, headers=response.headers, text=_start_of(response, longest))


def _start_of(response: requests.Response, longest: int) -> str:
    """As much of the body as matters. The status has been read: whatever happens now cannot change the outcome."""
    try:
        return response.raw.read(longest, decode_content=False).decode(errors="replace")
    except (HTTPError, OSError):
        return ""


def _broken(error: Exception, exchange: Exchange) -> TransportError:
    has_timed_out = exchange.is_over or isinstance(error, requests.Timeout)
    if exchange.phase is Phase.BEFORE:
        if isinstance(error, requests.exceptions.SSLError):
            return standstill(_("The provider's certificate or TLS is not accepted."))
        return standstill(_("The connection to the provider broke before the message was handed over."))
    what = (
        _("The provider did not answer in time.") if has_timed_out else _("The provider closed the connection without an answer.")
    )
    return TransportError(
        what + " " + _("The whole message had been handed over: it may have arrived."),
        permanent=False,
        phase=Phase.AFTER,
        channel_down=has_timed_out,
    )
