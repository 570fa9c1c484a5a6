"""What a check decided to write, kept small enough for a row of the database: one line of JSON per contact, packed."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Planned:
    line: int
    contact_id: int | None  # None: a new one
    values: dict[str, Any]


class PlanWriter:
    def __init__(self) -> None:
        self._bytes = BytesIO()
        self._packed = gzip.GzipFile(fileobj=self._bytes, mode="wb", compresslevel=1, mtime=0)

    def add(self, planned: Planned) -> None:
        row = [planned.line, planned.contact_id, planned.values]
        self._packed.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def content(self) -> bytes:
        """All that was added; nothing can be added any more."""
        self._packed.close()
        return self._bytes.getvalue()


def chunks(content: bytes, *, after: int = 0, size: int) -> Iterator[list[Planned]]:
    """The plan in pieces, without its first `after` rows, which are written already."""
    with gzip.GzipFile(fileobj=BytesIO(content)) as packed:
        rows = islice(packed, after, None)
        while chunk := [_planned(row) for row in islice(rows, size)]:
            yield chunk


def _planned(row: bytes) -> Planned:
    line, contact_id, values = json.loads(row)
    return Planned(line=line, contact_id=contact_id, values=values)
