"""A quick SMTP server that notes each message the moment its final dot is read, and fails on command.

What it has noted is what recipients have: a client that dies, or is left without an answer, after that moment does not
know, and the sink does. A message that the sink refuses, or whose dot it never reads, was not received.
"""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

MESSAGE_ID = re.compile(rb"^message-id:\s*<([^>@]*)[^>]*>", re.IGNORECASE | re.MULTILINE)
END = b"\r\n.\r\n"
LONGEST_MESSAGE = 4 * 1024 * 1024
REPLIES = {
    "greeting": b"220 sink.test ESMTP\r\n",
    "ehlo": b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 4194304\r\n",
    "mail": b"250 2.1.0 Ok\r\n",
    "rcpt": b"250 2.1.5 Ok\r\n",
    "data": b"354 Go on\r\n",
    "dot": b"250 2.0.0 Ok\r\n",
}


@dataclass(frozen=True, kw_only=True)
class Received:
    recipient: str
    key: str  # what stands before the @ of its Message-ID
    at: float  # seconds since 1970
    port: int = 0  # from which it came: the sender's end of the connection


@dataclass(kw_only=True)
class Fault:
    """What goes wrong at a step: greeting, ehlo, mail, rcpt, data, body (amid the message) or dot (after it was read).

    `who` chooses recipients; before RCPT there is none and it is asked about "". `times`: how often it strikes for one
    recipient, or in all where there is none yet; None: for ever. `skip`: it spares so many first.
    """

    step: str
    reply: str = ""  # in place of the usual one; 421 closes the connection behind it
    then: str = ""  # "reset": no reply, the connection breaks; "silence": no reply, ever; "drip": byte by byte
    seconds: float = 0.0  # before the reply; of a drip: between two bytes
    who: Callable[[str], bool] = bool
    times: int | None = None
    skip: int = 0
    _struck: dict[str, int] = field(default_factory=dict)

    def strikes(self, step: str, recipient: str) -> bool:
        if step != self.step or not (self.who(recipient) if recipient else step in ("greeting", "ehlo", "mail")):
            return False
        if self.skip:
            self.skip -= 1
            return False
        struck = self._struck.get(recipient, 0)
        if self.times is not None and struck >= self.times:
            return False
        self._struck[recipient] = struck + 1
        return True


class Sink:
    """Listens on a port of its own as long as the `with` block lasts, in a thread of its own."""

    def __init__(self, *, delay: float = 0.0, faults: list[Fault] | None = None, is_narrow: bool = False) -> None:
        """`is_narrow`: takes in little at a time, so that a long message is still being written when it breaks."""
        self.is_narrow = is_narrow
        self.delay = delay  # seconds before each final reply, as a provider would take
        self.faults = faults or []
        self.received: list[Received] = []
        self.port = 0
        self.tls: ssl.SSLContext | None = None  # with one, nothing is taken in the clear
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sink", daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> "Sink":
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def listen(self) -> None:
        """Takes connections (again), always on the same port."""
        self._do(self._listen())

    def refuse(self) -> None:
        """Breaks every connection and refuses new ones, as a server does that is down."""
        self._do(self._refuse())

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(timeout=30)

    async def _listen(self) -> None:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.is_narrow:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind(("127.0.0.1", self.port))
        self.port = sock.getsockname()[1]
        limit = 4096 if self.is_narrow else LONGEST_MESSAGE
        self._server = await asyncio.start_server(self._converse, sock=sock, limit=limit, backlog=128)

    async def _refuse(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            _reset(writer)

    async def _end(self) -> None:
        await self._refuse()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, _Closed):
            await _Conversation(self, reader, writer).hold()
        self._open.discard(writer)
        writer.close()


class _Closed(Exception):
    """The conversation is over, by a fault or as agreed."""


class _Conversation:
    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sink, self.reader, self.writer = sink, reader, writer
        self.recipient = ""
        self.must_be_sealed = sink.tls is not None

    async def hold(self) -> None:
        await self.answer("greeting")
        while line := await self.reader.readline():
            verb = line[:4].upper()
            if verb in (b"EHLO", b"HELO"):
                await self.answer("ehlo")
            elif verb == b"STAR" and self.must_be_sealed:
                await self.seal()
            elif verb == b"MAIL":
                self.recipient = ""
                await self.answer("mail")
            elif verb == b"RCPT":
                self.recipient = line.partition(b"<")[2].partition(b">")[0].decode().lower()
                if not await self.answer("rcpt"):
                    self.recipient = ""
            elif verb == b"DATA":
                await self.take_message()
            elif verb == b"QUIT":
                self.writer.write(b"221 2.0.0 Bye\r\n")
                return
            else:
                self.writer.write(b"250 2.0.0 Ok\r\n")

    async def seal(self) -> None:
        assert self.sink.tls
        self.writer.write(b"220 2.0.0 Go ahead\r\n")
        await self.writer.start_tls(self.sink.tls)
        self.must_be_sealed = False

    async def take_message(self) -> None:
        """A client that pipelines says DATA before it has read that its recipient was refused."""
        if not self.recipient:
            self.writer.write(b"554 5.5.1 No valid recipients\r\n")
            return
        if not await self.answer("data"):
            return
        if any(fault.strikes("body", self.recipient) for fault in self.sink.faults):
            await self.reader.read(16)
            _reset(self.writer)
            raise _Closed
        content = await self.read_message()
        at = time.time()
        key = MESSAGE_ID.search(content)
        port = self.writer.get_extra_info("peername")[1]
        await self.answer("dot", Received(recipient=self.recipient, key=key[1].decode() if key else "", at=at, port=port))

    async def read_message(self) -> bytes:
        if not self.sink.is_narrow:
            return await self.reader.readuntil(END)
        content = bytearray()
        while not content.endswith(END):
            content += await self.reader.read(4096)
            if self.reader.at_eof():
                raise _Closed
        return bytes(content)

    async def answer(self, step: str, message: Received | None = None) -> bool:
        """Replies as usual, or as a fault has it; whether that was a yes. `message` is received unless it is refused."""
        fault = next((fault for fault in self.sink.faults if fault.strikes(step, self.recipient)), Fault(step=step))
        reply = fault.reply.encode() + b"\r\n" if fault.reply else self.usual(step)
        is_yes = reply[:1] in b"23"
        if message and is_yes:
            self.sink.received.append(message)
        if fault.then == "reset":
            _reset(self.writer)
            raise _Closed
        if fault.then == "silence":
            while await self.reader.read(65536):
                pass
            raise _Closed
        if fault.then == "drip":
            for byte in reply:
                self.writer.write(bytes([byte]))
                await self.writer.drain()
                await asyncio.sleep(fault.seconds)
            return is_yes
        if wait := fault.seconds or (self.sink.delay if step == "dot" else 0.0):
            await asyncio.sleep(wait)
        self.writer.write(reply)
        if reply.startswith(b"421"):
            await self.writer.drain()
            raise _Closed
        return is_yes

    def usual(self, step: str) -> bytes:
        if self.must_be_sealed and step == "ehlo":
            return b"250-sink.test\r\n250 STARTTLS\r\n"
        if self.must_be_sealed and step == "mail":
            return b"530 5.7.0 Must issue a STARTTLS command first\r\n"
        return REPLIES[step]


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST in place of FIN: what a crashed server or a middlebox does."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
