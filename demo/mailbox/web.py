"""The mailbox in a browser, on the standard library's server: one reader on the same machine."""

import logging
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from . import pages
from .parse import parse
from .store import Store

logger = logging.getLogger("mailbox")
FILES = {"/mailbox.css": "text/css; charset=utf-8", "/mailbox.js": "text/javascript; charset=utf-8"}
HOSTS = ("127.0.0.1", "localhost", "[::1]")
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# What a mail program grants a message: its own styles, and pictures of the one site whose messages arrive here (so that
# its pixel counts an open). No script, no form, and no way out of the frame but a link into a new tab.
MESSAGE_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: {site}; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 50

    def __init__(self, store: Store, *, port: int, site_url: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        parts = urlsplit(site_url)
        self.store = store
        self.site = f"{parts.scheme}://{parts.netloc}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "mailbox"
    sys_version = ""
    server: Server

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if host not in HOSTS:  # a page elsewhere must not read the mail by a name that points to this machine
            return self._sorry(HTTPStatus.MISDIRECTED_REQUEST, "Not this host", "Use the address that the demo printed.")
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        if found := re.fullmatch(r"/messages/(\d{1,15})(/html)?", address.path):
            return self._message(int(found[1]), query.get("view", "html"), bare=bool(found[2]))
        if address.path == "/":
            return self._list(query)
        if address.path in FILES:
            content = (Path(__file__).parent / address.path[1:]).read_bytes()
            return self._answer(content, content_type=FILES[address.path])
        if address.path == "/newest":
            return self._answer(b"%d" % self.server.store.newest(), content_type="text/plain")
        return self._nothing_there()

    do_HEAD = do_GET

    def _list(self, query: dict[str, str]) -> None:
        words = query.get("q", "").strip()[:200]
        wanted = query.get("page", "1")
        newest = self.server.store.newest()
        page = self.server.store.page(query=words, number=int(wanted) if re.fullmatch(r"\d{1,6}", wanted) else 1)
        self._answer(pages.listing(page, query=words, newest=newest).encode())

    def _message(self, number: int, view: str, *, bare: bool) -> None:
        found = self.server.store.get(number)
        if not found or view not in pages.VIEWS:
            return self._nothing_there()
        row, raw = found
        parsed = parse(raw)
        if bare:
            policy = MESSAGE_POLICY.format(site=self.server.site)
            return self._answer(_opening_links_in_tabs(parsed.html).encode(errors="replace"), policy=policy)
        source = raw.decode("utf-8", errors="replace")
        return self._answer(pages.message(row, parsed, view=view, source=source).encode(errors="replace"))

    def _nothing_there(self) -> None:
        self._sorry(HTTPStatus.NOT_FOUND, "Nothing there", "There is no such message or page here.")

    def _sorry(self, status: HTTPStatus, title: str, sentence: str) -> None:
        self._answer(pages.sorry(title, sentence).encode(), status=status)

    def _answer(
        self,
        content: bytes,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        content_type: str = "text/html; charset=utf-8",
        policy: str = PAGE_POLICY,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        logger.debug(format, *arguments)


def _opening_links_in_tabs(html: str) -> str:
    base = '<base target="_blank">'
    changed, count = re.subn(r"(<head\b[^>]*>)", lambda found: found[1] + base, html, count=1, flags=re.IGNORECASE)
    return changed if count else base + html
