"""Whether everybody sends the same: each does W for a few people, and the sink weighs what came."""

from typing import Any

from ..contenders import Place
from ..results import table
from ..servers import OwnSink
from ..text import GROUP
from .throughput import CONTENDERS

PEOPLE = 200
TOLERANCE = 0.03  # of a message: its boundaries, Message-ID and signatures are each program's own


def measure(place: Place) -> dict[str, Any]:
    weights = {}
    for contender in (kind() for kind in CONTENDERS):
        contender.prepare(place, PEOPLE)
        sink = OwnSink(place.folder)
        try:
            run = contender.run(place, PEOPLE, sink)
        finally:
            report = sink.close()
        run.received = report["messages"].get(GROUP, 0)
        run.check()
        weights[contender.title] = report["bytes"][GROUP] / run.received
        print(f"  {contender.title}: {weights[contender.title]:,.0f} bytes a message", flush=True)
    lightest, heaviest = min(weights.values()), max(weights.values())
    if heaviest - lightest > TOLERANCE * heaviest:
        raise AssertionError(f"Not everybody sends the same: {weights}")
    return {"bytes": weights}


def show(figures: dict[str, Any]) -> str:
    return table(["what is sent", "bytes a message"], [[title, f"{size:,.0f}"] for title, size in figures["bytes"].items()])
