"""Content lines (RFC 5545, 3.1 and 3.3) written as text.

icalendar makes several objects of each property, which takes a feed of thousands of entries seconds. Here a line is one
string; tests hold that icalendar writes and reads the same.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

MOST_OCTETS = 75  # of a line without its end
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_BACKSLASH = 0x5C


def text_line(name: str, *values: str) -> str:
    """A TEXT value, or a list of them. What is no text for people passes `clean_text` or `one_line` first."""
    return f"{name}:{','.join(map(escaped, values))}"


def escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def instant_line(name: str, instant: datetime) -> str:
    return f"{name}:{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def duration_value(duration: timedelta) -> str:
    """Whole minutes, as DURATION: “PT1H30M”, “-P1D” before its anchor."""
    minutes = round(abs(duration).total_seconds() / 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (rest, "M")) if number)
    words = (f"{days}D" if days else "") + (f"T{time}" if time or not days else "")
    return f"{'-' if duration < timedelta(0) else ''}P{words if words != 'T' else 'T0M'}"


def encoded(lines: Iterable[str]) -> bytes:
    """The lines as a file has them: UTF-8, folded, each with its end."""
    return b"".join(_folded(line.encode()) for line in lines)


def _folded(line: bytes) -> bytes:
    if b"\n" in line or b"\r" in line:  # every text is cleaned before; were one forgotten, it must not become a property
        raise ValueError("A content line cannot hold the end of a line.")
    if len(line) <= MOST_OCTETS:
        return line + b"\r\n"
    pieces, start, room = [], 0, MOST_OCTETS
    while len(line) - start > room:
        end = _cut(line, start, start + room)
        pieces.append(line[start:end])
        start, room = end, MOST_OCTETS - 1  # further pieces begin with a space
    return b"\r\n ".join((*pieces, line[start:])) + b"\r\n"


def _cut(line: bytes, start: int, end: int) -> int:
    """The last place up to `end` that is within neither a character nor an escape, over which some readers stumble."""
    while line[end] & 0xC0 == 0x80:
        end -= 1
    backslashes = 0
    while end - 1 - backslashes > start and line[end - 1 - backslashes] == _BACKSLASH:
        backslashes += 1
    return end - backslashes % 2
