import math
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PAGE_SIZE = 50
KEPT = 20_000  # messages; the oldest go first

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY,
    received_at TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    raw BLOB NOT NULL
)
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    id: int
    received_at: datetime
    sender: str
    recipients: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Page:
    rows: list[Row]
    total: int
    number: int
    count: int  # of pages


class Store:
    """Messages in one SQLite file, shared by the threads of the process."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # Losing the last messages with the power is fine here; being slower than the sender is not.
        self._db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; {SCHEMA}")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def add(self, *, sender: str, recipients: Sequence[str], subject: str, raw: bytes, now: datetime) -> int:
        texts = [_storable(text) for text in (sender, ", ".join(recipients), subject)]
        values = (now.astimezone(UTC).isoformat(), *texts, raw)
        with self._lock:
            cursor = self._db.execute(
                "INSERT INTO message (received_at, sender, recipients, subject, raw) VALUES (?, ?, ?, ?, ?)", values
            )
            number = cursor.lastrowid or 0
            if number % 100 == 0:
                self._db.execute("DELETE FROM message WHERE id <= ?", (number - KEPT,))
        return number

    def page(self, *, query: str = "", number: int = 1) -> Page:
        """The newest first; each word of `query` stands in a recipient or in the subject."""
        words = query.split()
        where = " AND ".join([r"(recipients LIKE ? ESCAPE '\' OR subject LIKE ? ESCAPE '\')"] * len(words)) or "1"
        values = [pattern for word in words for pattern in (_like(word),) * 2]
        with self._lock:
            total = self._db.execute(f"SELECT count(*) FROM message WHERE {where}", values).fetchone()[0]
            count = max(1, math.ceil(total / PAGE_SIZE))
            number = min(max(1, number), count)
            rows = self._db.execute(
                f"SELECT id, received_at, sender, recipients, subject FROM message WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?",
                [*values, PAGE_SIZE, (number - 1) * PAGE_SIZE],
            ).fetchall()
        return Page(rows=[_row(*row) for row in rows], total=total, number=number, count=count)

    def get(self, number: int) -> tuple[Row, bytes] | None:
        with self._lock:
            found = self._db.execute(
                "SELECT id, received_at, sender, recipients, subject, raw FROM message WHERE id = ?", (number,)
            ).fetchone()
        return (_row(*found[:5]), found[5]) if found else None

    def newest(self) -> int:
        """The number of the last message, 0 when there is none."""
        with self._lock:
            return int(self._db.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()[0])


def _storable(text: str) -> str:
    """Without the half characters that undecodable bytes leave behind."""
    return text.encode("utf-8", errors="replace").decode()


def _like(word: str) -> str:
    for special in ("\\", "%", "_"):
        word = word.replace(special, "\\" + special)
    return f"%{word}%"


def _row(number: int, received_at: str, sender: str, recipients: str, subject: str) -> Row:
    return Row(id=number, received_at=datetime.fromisoformat(received_at), sender=sender, recipients=recipients, subject=subject)
