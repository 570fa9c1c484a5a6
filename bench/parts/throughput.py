"""The work W, side by side: so many personalised mails with a durable row each, to a sink that takes all at once."""

from collections.abc import Sequence
from typing import Any

from ..contenders import Contender, Place, Run
from ..contenders.celery_chunks import CeleryChunks
from ..contenders.celery_each import CeleryEach
from ..contenders.post_office import PostOffice
from ..contenders.preavis import Preavis, PreavisOnSQLite
from ..results import number, summary, table
from ..servers import SmtpSink

CONTENDERS: tuple[type[Contender], ...] = (Preavis, CeleryEach, CeleryChunks, PostOffice, PreavisOnSQLite)
FAST = (Preavis.name, PreavisOnSQLite.name)  # these get all recipients


def names() -> list[str]:
    return [contender.name for contender in CONTENDERS]


def measure(place: Place, *, recipients: int, peer_recipients: int, runs: int, only: Sequence[str] = ()) -> dict[str, Any]:
    """Contenders take turns, so that what else the machine does meets all of them alike."""
    chosen = [contender() for contender in CONTENDERS if not only or contender.name in only]
    done: dict[str, list[Run]] = {contender.name: [] for contender in chosen}
    for turn in range(runs):
        for contender in chosen:
            count = recipients if contender.name in FAST else min(recipients, peer_recipients)
            run = one_run(place, contender, count)
            done[contender.name].append(run)
            print(
                f"  run {turn + 1}, {contender.title}: {count:,} in {run.seconds:.2f} s = {count / run.seconds:,.0f}/s",
                flush=True,
            )
    figures = {contender.name: {"title": contender.title, **summary(done[contender.name])} for contender in chosen}
    return {"contenders": figures}


def one_run(place: Place, contender: Contender, recipients: int) -> Run:
    contender.prepare(place, recipients)
    place.databases.checkpoint()
    sink = SmtpSink(place.folder)
    try:
        run = contender.run(place, recipients, sink)
    finally:
        sink.close()
    run.check()
    return run


def show(figures: dict[str, Any]) -> str:
    found = figures["contenders"]
    ours = found.get(Preavis.name, {}).get("per_second")
    heads = (
        "", "messages", "per second", "sending only", "Preavis is", "CPU s per 1,000", "PostgreSQL", "largest process",
    )  # fmt: skip
    rows = []
    for name, row in found.items():
        cpu = row["cpu_seconds_per_1000"]
        rows.append(
            (
                row["title"],
                f"{row['recipients']:,}",
                number(row["per_second"]),
                number(row["sending_per_second"]),
                f"{ours / row['per_second']:.1f} ×" if ours and name != Preavis.name else "",
                f"{cpu['own']:.2f}",
                f"{cpu['database']:.2f}",
                f"{row['peak_mib']:.0f} MiB",
            )
        )
    return table(heads, rows)
