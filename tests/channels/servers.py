"""Real servers on 127.0.0.1 that follow a script: what to do, one entry per occurrence, before behaving well again."""

import asyncio
import socket
import ssl
import struct
import threading
from collections import defaultdict, deque
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

RESET = "reset"  # TCP reset
CLOSE = "close"  # a polite end of the connection
SILENCE = "silence"  # nothing, and the connection stays open
DRIP = "drip"  # one byte of an answer at a time, for ever
DRIP_SECONDS = 0.02


class SmtpServer(Controller):
    """aiosmtpd with faults: `script["RCPT"]` and so on hold replies such as "450 later", one of the words above, or None for none.

    Steps: CONNECT, EHLO, MAIL, RCPT, DATA (before 354), BODY (in the middle of it), DOT (after the final dot), RSET.
    """

    def __init__(self, **options: Any) -> None:
        self.script: dict[str, deque[str | None]] = defaultdict(deque)
        self.connections = 0
        self.transports: list[Any] = []
        self.commands: list[str] = []
        self.envelopes: list[Envelope] = []
        self.extensions: list[str] = []  # offered beside its own
        self.hidden_extensions: list[str] = []
        self.holds_back = False
        super().__init__(self, hostname="127.0.0.1", port=0, **options)

    def factory(self) -> SMTP:
        return _ScriptedSMTP(self, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        self._factory_invoked.set()
        self.smtpd = True

    def stop(self, no_assert: bool = False) -> None:
        if self._thread is not None:
            asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(5)
            super().stop(no_assert)

    async def _hang_up(self) -> None:
        """Ends what a silent or dripping server has left open, so that nothing of it outlives the test."""
        for transport in self.transports:
            transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def messages(self) -> list[Any]:
        return [message_from_bytes(envelope.original_content, policy=policy.default) for envelope in self.envelopes]

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        offered = [line for line in responses[:-1] if line[4:] not in self.hidden_extensions]
        return [*offered, *(f"250-{name}" for name in self.extensions), responses[-1]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        planned = next(iter(self.script["DOT"]), None)
        if planned in (None, RESET, CLOSE, SILENCE, DRIP):  # taken, whatever is said of it
            self.envelopes.append(envelope)
        return await server.fault("DOT") or f"250 2.0.0 Ok: queued as Q{len(self.envelopes)}"


class _ScriptedSMTP(SMTP):
    def __init__(self, owner: SmtpServer, **options: Any) -> None:
        self.owner = owner
        super().__init__(owner, **options)

    async def _handle_client(self) -> None:
        self.owner.connections += 1
        self.owner.transports.append(self.transport)
        if reply := await self.fault("CONNECT"):
            await self.push(reply)
            self.transport.close()
            return
        await super()._handle_client()

    async def smtp_EHLO(self, hostname: str) -> None:
        await self._step("EHLO", super().smtp_EHLO, hostname)

    async def push(self, status: str) -> None:
        """Holding back: MAIL and RCPT are answered together with DATA."""
        self._kept = getattr(self, "_kept", [])
        if self.owner.holds_back and self.owner.commands and self.owner.commands[-1].startswith(("MAIL", "RCPT")):
            self._kept.append(status)
            return
        for line in (*self._kept, status):
            await super().push(line)
        self._kept.clear()

    async def smtp_MAIL(self, arg: str | None) -> None:
        await self._step("MAIL", super().smtp_MAIL, arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        await self._step("RCPT", super().smtp_RCPT, arg)

    async def smtp_RSET(self, arg: str | None) -> None:
        await self._step("RSET", super().smtp_RSET, arg)

    async def smtp_DATA(self, arg: str | None) -> None:
        if self.owner.script["BODY"]:
            await self.push("354 go on")
            await self._reader.readuntil(b"\r\n")
            await self.fault("BODY")
        await self._step("DATA", super().smtp_DATA, arg)

    async def _step(self, step: str, method: Any, arg: str | None) -> None:
        self.owner.commands.append(f"{step} {arg or ''}".strip())
        reply = await self.fault(step)
        if reply and reply.startswith("354"):  # although it has refused the envelope
            await self.push(reply)
            await self._reader.readuntil(b".\r\n")
            reply = await self.fault("EMPTY")
        if reply is None:
            await method(arg)
            return
        await self.push(reply)
        if reply.startswith("421"):
            self.transport.close()

    async def fault(self, step: str) -> str | None:
        """The reply the script wants; other faults happen here, and end with the connection."""
        script = self.owner.script[step]
        fault = script.popleft() if script else None
        if fault == RESET:
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        if fault in (RESET, CLOSE):
            self.transport.abort() if fault == RESET else self.transport.close()
        if fault in (RESET, CLOSE, SILENCE):
            await asyncio.sleep(60)
        while fault == DRIP:
            self.transport.write(b"2")
            await asyncio.sleep(DRIP_SECONDS)
        return fault


def accept_anybody(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.password == b"correct horse", handled=False)


class HttpServer(ThreadingHTTPServer):
    """Answers by script: (status, headers, body), raw bytes or one of the words above; then with `default`."""

    daemon_threads = True

    def __init__(self, default: tuple[int, dict[str, str], str] = (200, {}, "ok"), tls: ssl.SSLContext | None = None) -> None:
        self.script: deque[Any] = deque()
        self.default = default
        self.answer_to_questions: tuple[int, dict[str, str], str] = (200, {}, "{}")
        self.calls: list[Call] = []
        self.asked: list[Call] = []
        self.connections = 0
        self.is_over = threading.Event()
        super().__init__(("127.0.0.1", 0), _ScriptedHandler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        if self.is_over.is_set():
            return
        self.is_over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the script."""


class Call:
    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path = path
        self.headers = headers
        self.body = body


class _ScriptedHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HttpServer

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self._act(self.server.asked, b"", self.server.answer_to_questions)

    def do_POST(self) -> None:
        self._act(self.server.calls, self.rfile.read(int(self.headers["Content-Length"])), self.server.default)

    def _act(self, calls: list[Call], body: bytes, default: Any) -> None:
        calls.append(Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        action = self.server.script.popleft() if self.server.script else default
        if isinstance(action, tuple):
            self._answer(*action)
            return
        self.close_connection = True
        if isinstance(action, bytes):
            self.wfile.write(action)
        if action == RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        if action == SILENCE:
            self.server.is_over.wait()
        while action == DRIP and not self.server.is_over.wait(DRIP_SECONDS):
            self.wfile.write(b"H")

    def _answer(self, status: int, headers: dict[str, str], body: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass
