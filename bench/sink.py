"""An SMTP server that takes everything, for what Debian's smtp-sink cannot do: delays, times of arrival, one kept message.

    python -m bench.sink PORT [--delay SECONDS] [--per command|trip] [--report FILE]

It runs until TERM and then writes its report as JSON. Recipients at one domain are one group (`cem@t7.example.org` is of
group `t7.example.org`): for each it notes how many messages came and when the first was complete. PIPELINING and 8BITMIME are offered.
"""

import argparse
import asyncio
import json
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

GREETING = b"220 bench ESMTP\r\n"
ABILITIES = b"250-bench\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10485760\r\n"
END_OF_DATA = b"\r\n.\r\n"


class Report:
    def __init__(self) -> None:
        self.connections = 0
        self.messages: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.first: dict[str, float] = {}  # by the wall clock
        self.sample = b""

    def note(self, groups: set[str], content: bytes) -> None:
        self.sample = self.sample or content
        for group in groups:
            self.messages[group] += 1
            self.bytes[group] += len(content)
            if group not in self.first:
                self.first[group] = time.time()

    def dump(self) -> str:
        return json.dumps(vars(self) | {"sample": self.sample.decode("utf-8", "replace")})


class Session(asyncio.Protocol):
    """One connection. Each reply takes `delay`, one after the other as on a slow server; with `per_trip` those to commands
    that arrived together leave together after one `delay`, as over a long line."""

    def __init__(self, report: Report, *, delay: float, per_trip: bool) -> None:
        self.report, self.delay, self.per_trip = report, delay, per_trip
        self.pending = b""
        self.is_content = False
        self.groups: set[str] = set()
        self.free_at = 0.0  # when the reply before has left

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.report.connections += 1
        self.reply(GREETING)

    def data_received(self, data: bytes) -> None:
        self.pending += data
        replies = []
        while (reply := self.next_reply()) is not None:
            replies.append(reply)
        if not self.delay or self.per_trip:
            replies = [b"".join(replies)] if replies else []
        for reply in replies:
            self.reply(reply)

    def next_reply(self) -> bytes | None:
        """Takes one command or one message from what has arrived; None when it is not all there yet."""
        if self.is_content:
            content, end, rest = self.pending.partition(END_OF_DATA)
            if not end:
                return None
            self.pending, self.is_content = rest, False
            self.report.note(self.groups, content + b"\r\n")
            return b"250 2.0.0 Ok: queued as BENCH\r\n"
        line, end, rest = self.pending.partition(b"\n")
        if not end:
            return None
        self.pending = rest
        return self.answer(line.strip())

    def answer(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            self.groups.add(line.rpartition(b"@")[2].rpartition(b">")[0].decode("ascii", "replace"))
        elif verb == b"MAIL":
            self.groups = set()
        elif verb == b"DATA":
            self.is_content = True
            return b"354 End data with <CR><LF>.<CR><LF>\r\n"
        elif verb == b"EHLO":
            return ABILITIES
        elif verb == b"QUIT":
            return b"221 2.0.0 Bye\r\n"
        return b"250 2.0.0 Ok\r\n"

    def reply(self, text: bytes) -> None:
        if not self.delay:
            self.write(text)
            return
        loop = asyncio.get_running_loop()
        begins = loop.time() if self.per_trip else max(self.free_at, loop.time())
        self.free_at = begins + self.delay
        loop.call_at(self.free_at, self.write, text)

    def write(self, text: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(text)
            if text.startswith(b"221"):
                self.transport.close()


async def serve(port: int, report: Report, *, delay: float, per_trip: bool) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    server = await loop.create_server(lambda: Session(report, delay=delay, per_trip=per_trip), "127.0.0.1", port, backlog=512)
    async with server:
        await over.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--per", choices=("command", "trip"), default="command")
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    report = Report()
    asyncio.run(serve(given.port, report, delay=given.delay, per_trip=given.per == "trip"))
    if given.report:
        given.report.write_text(report.dump())


if __name__ == "__main__":
    main()
