"""What an SMTP server says, reply by reply, however its bytes arrive (RFC 5321, 4.2)."""

import smtplib
from collections import deque
from functools import lru_cache

LONGEST_REPLY_BYTES = 64 * 1024
LONGEST_KNOWN_BYTES = 80


class Replies:
    """Takes bytes as they come, gives whole replies: a code, and the text of all its lines."""

    def __init__(self) -> None:
        self._whole: deque[tuple[int, bytes]] = deque()
        self._lines: list[bytes] = []  # of a reply that goes on
        self._rest = b""  # of a line that goes on
        self._size = 0
        self._nonsense = ""

    def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._size += len(chunk)
        for line in lines:
            code, text, goes_on = _known(line) if len(line) < LONGEST_KNOWN_BYTES else _read(line)
            if code < 0:
                self._nonsense = self._nonsense or "The reply was not SMTP."
                return
            if goes_on:
                self._lines.append(text)
                continue
            if self._lines:
                text, self._lines = b"\n".join((*self._lines, text)), []
            self._whole.append((code, text))
            self._size = len(self._rest)
        if self._size > LONGEST_REPLY_BYTES:
            self._nonsense = self._nonsense or "The reply does not end."

    def next(self) -> tuple[int, bytes] | None:
        """None until there is a whole one; raises SMTPServerDisconnected where what follows is not a reply."""
        if self._whole:
            return self._whole.popleft()
        if self._nonsense:
            raise smtplib.SMTPServerDisconnected(self._nonsense)
        return None

    @property
    def is_empty(self) -> bool:
        """Whether the server has said nothing more than what was taken."""
        return not (self._whole or self._lines or self._rest or self._nonsense)


def _read(line: bytes) -> tuple[int, bytes, bool]:
    """Its code, below 0 where it has none; its text; whether the reply goes on."""
    code = line[:3]
    is_code = code.isdigit() and len(code) == 3
    return int(code) if is_code else -1, line[4:].strip(), line[3:4] == b"-"


_known = lru_cache(maxsize=256)(_read)  # of the four lines that a server says of a message, three are always the same
