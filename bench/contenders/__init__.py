"""Who is measured, one file each. All do the same work: what a `Run` says they did is checked by the sink."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..processes import Meter
from ..servers import Backends, Databases, OwnSink, SmtpSink, Valkey


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a contender does its work: the servers that all share, and a folder of its own."""

    databases: Databases
    valkey: Valkey
    folder: Path
    workers: int = 2


@dataclass(kw_only=True)
class Run:
    """One doing of the work, in seconds from its beginning: until all rows were written, and until the last outcome; with Preavis
    also until the first message could leave, since it writes and sends at the same time."""

    recipients: int
    received: int  # by the sink
    recorded: int  # as sent, in the database
    writing_seconds: float
    seconds: float
    first_seconds: float | None = None
    cpu_seconds: dict[str, float] = field(default_factory=dict)  # "own", "database", "redis", "sink"
    peak_bytes: int = 0  # of the largest of the contender's own processes

    def check(self) -> None:
        if not self.recipients == self.received == self.recorded:
            raise AssertionError(
                f"{self.recipients} recipients, {self.recorded} recorded as sent, {self.received} received by the sink"
            )


class Contender(Protocol):
    name: str
    title: str

    def prepare(self, place: Place, recipients: int) -> None:
        """Makes the database that each run is given a copy of."""

    def run(self, place: Place, recipients: int, sink: SmtpSink | OwnSink) -> Run: ...


@contextlib.contextmanager
def measured(place: Place, own: Iterable[int], sink: SmtpSink | OwnSink, database_url: str) -> Iterator[Meter]:
    """Reads what everybody involved uses while the block runs; on SQLite the database is in the contender's own processes."""
    with contextlib.ExitStack() as stack:
        counters = {}
        if not database_url.startswith("sqlite"):
            counters["database"] = backends = Backends(database_url)
            stack.callback(backends.close)
        meter = Meter({"own": own, "redis": [place.valkey.pid], "sink": [sink.pid]}, counters)
        meter.start()
        try:
            yield meter
        finally:
            meter.stop()
