"""W with a slow server: as fast as its connections allow?

Each reply takes `delay`. A message asks for four: MAIL, RCPT, DATA and its end; so a connection allows 1 / (4 × delay). Over a
long line (`per` trip) what is asked for together is answered together: a client that pipelines needs two trips.
"""

from typing import Any

from ..contenders import Place
from ..contenders.preavis import Preavis, do_work, set_connections
from ..results import number, table
from ..servers import OwnSink
from ..text import GROUP

REPLIES = {"command": 4, "trip": 2}
SECONDS = 20  # about so long a measurement takes when the connections are used well
SHARE_OF_BATCHES = 400  # two batches of the usual size: none of two workers goes without


def measure(place: Place, *, delay: float, connections: list[int]) -> dict[str, Any]:
    preavis, rows = Preavis(), []
    for per in REPLIES:
        for count in connections:
            rows.append(row := one(place, preavis, delay=delay, per=per, connections=count))
            print(f"  {count} connections, {delay * 1000:.0f} ms per {per}: {row['per_second']:.0f}/s", flush=True)
    return {"delay": delay, "rows": rows}


def one(place: Place, preavis: Preavis, *, delay: float, per: str, connections: int) -> dict[str, Any]:
    allowed = place.workers * connections / (REPLIES[per] * delay)
    recipients = max(1, round(allowed * SECONDS / SHARE_OF_BATCHES)) * SHARE_OF_BATCHES
    sink = OwnSink(place.folder, delay=delay, per=per)
    try:
        with preavis.copy(place, recipients) as (url, scene):
            if connections > 1:
                set_connections(url, connections)
            run = do_work(place, url, scene, recipients, sink, warm=False)
    finally:
        report = sink.close()
    run.received = report["messages"].get(GROUP, 0)
    run.check()
    rate = recipients / run.seconds
    return {
        "per": per,
        "connections": connections,
        "recipients": recipients,
        "per_second": rate,
        "allowed": allowed,
        "share": rate / allowed,
        "connections_opened": report["connections"],
    }


def show(figures: dict[str, Any]) -> str:
    milliseconds = f"{figures['delay'] * 1000:.0f} ms"
    heads = (f"{milliseconds} per", "connections of each worker", "messages", "per second", "the connections allow", "reached")
    rows = [
        (
            {"command": "command", "trip": "round trip"}[row["per"]],
            str(row["connections"]),
            f"{row['recipients']:,}",
            number(row["per_second"]),
            number(row["allowed"]),
            f"{row['share']:.0%}",
        )
        for row in figures["rows"]
    ]
    return table(heads, rows)
