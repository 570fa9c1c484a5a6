"""The work W, side by side: so many personalised mails with a durable row each, to a sink that takes all at once."""

from collections.abc import Sequence
from typing import Any

from ..contenders import Contender, Place, Run
from ..contenders.celery_chunks import CeleryChunks
from ..contenders.celery_each import CeleryEach
from ..contenders.post_office import PostOffice
from ..contenders.preavis import Preavis, PreavisOnSQLite, PreavisTwelve
from ..results import number, summary, table
from ..servers import SmtpSink

CONTENDERS: tuple[type[Contender], ...] = (Preavis, PreavisTwelve, CeleryEach, CeleryChunks, PostOffice, PreavisOnSQLite)
OURS = (Preavis.name, PreavisTwelve.name, PreavisOnSQLite.name)  # these get all recipients


def names() -> list[str]:
    return [contender.name for contender in CONTENDERS]


def measure(place: Place, *, recipients: int, peer_recipients: int, runs: int, only: Sequence[str] = ()) -> dict[str, Any]:
    """Contenders take turns, so that what else the machine does meets all of them alike."""
    chosen = [contender() for contender in CONTENDERS if not only or contender.name in only]
    done: dict[str, list[Run]] = {contender.name: [] for contender in chosen}
    for turn in range(runs):
        for contender in chosen:
            count = recipients if contender.name in OURS else min(recipients, peer_recipients)
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
    ours = found.get(PreavisTwelve.name) or found.get(Preavis.name)
    heads = (
        "", "messages", "first leaves after", "all rows written in", "per second", "Preavis is", "CPU s per 1,000", "PostgreSQL's",
        "Preavis needs", "largest process",
    )  # fmt: skip
    rows = []
    for name, row in found.items():
        cpu, is_other = row["cpu_seconds_per_1000"], ours and name not in OURS
        rows.append(
            (
                row["title"],
                f"{row['recipients']:,}",
                f"{row['first_seconds']:.2f} s" if row["first_seconds"] else "",
                f"{row['writing_seconds']:.2f} s",
                number(row["per_second"]),
                f"{ours['per_second'] / row['per_second']:.1f} ×" if is_other else "",
                f"{cpu['own']:.2f}",
                f"{cpu['database']:.2f}",
                f"1/{_work(row) / _work(ours):.1f}" if is_other else "",
                f"{row['peak_mib']:.0f} MiB",
            )
        )
    return table(heads, rows)


def _work(row: dict[str, Any]) -> float:
    """Processor time of a message, the database's included."""
    return float(row["cpu_seconds_per_1000"]["own"] + row["cpu_seconds_per_1000"]["database"])
