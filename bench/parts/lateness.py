"""How long after its due time the first message of a touchpoint arrives, on an idle system and while a large sending runs.

The small touchpoints are urgent, as a notice of one hour is, and written to recipients before they are due, as always.
When the first message arrived says the sink. Under load a routine touchpoint to many people leaves at the same time.
"""

import contextlib
import random
import time
from datetime import UTC, datetime
from typing import Any

from ..contenders import Place
from ..contenders.preavis import is_over, make_due, make_scene, running
from ..results import percentile, table
from ..servers import Ledger, OwnSink, SmtpSink, wait_until

PEOPLE = 10  # of a small touchpoint
SPACING = {"idle": 0.5, "load": 0.2}  # seconds from one to the next
HEAD_START = 3.0  # of the large sending


def measure(place: Place, *, touchpoints: int, load_recipients: int, runs: int) -> dict[str, Any]:
    figures = {}
    for how in ("idle", "load"):
        late, covered = [], []
        for turn in range(runs):
            values, share = one(place, touchpoints=touchpoints, load_recipients=load_recipients if how == "load" else 0)
            late += values
            covered.append(share)
            print(f"  run {turn + 1}, {how}: half within {percentile(values, 0.5) * 1000:.0f} ms", flush=True)
        figures[how] = {
            "touchpoints": len(late),
            "p50": percentile(late, 0.5),
            "p99": percentile(late, 0.99),
            "max": max(late),
            "load_covered": min(covered),
        }
    return {"load_recipients": load_recipients, "rows": figures}


def one(place: Place, *, touchpoints: int, load_recipients: int) -> tuple[list[float], float]:
    """Seconds late, of each; and how much of the time the load lasted."""
    name = place.databases.make()
    url = place.databases.url(name)
    scene = make_scene(place, url, max(load_recipients, 1))
    with contextlib.ExitStack() as stack:
        stack.callback(place.databases.drop, name)
        bulk_sink = SmtpSink(place.folder)
        stack.callback(bulk_sink.close)
        sink = OwnSink(place.folder)
        arrived: dict[str, float] = {}
        stack.callback(lambda: arrived or sink.close())
        installation, ledger, _pids = stack.enter_context(running(place, url, bulk_sink.port))
        small = installation.inside("punctual", touchpoints, PEOPLE, sink.port)
        place.databases.settle(name)
        due = plan(ledger, small, spacing=SPACING["load" if load_recipients else "idle"])
        covered = wait_for_all(ledger, scene, small, due, with_load=bool(load_recipients))
        arrived |= sink.close()["first"]
    late = [arrived[f"t{place}.example.org"] - at for place, at in enumerate(due)]
    assert min(late) >= 0, "no message may leave before its time"
    return late, covered


def plan(ledger: Ledger, small: list[int], *, spacing: float) -> list[float]:
    """Gives each its time, far enough ahead that all are written to their recipients before."""
    first = time.time() + 5 + len(small) / 8
    due = [first + place * spacing + random.uniform(0, spacing) for place in range(len(small))]
    for touchpoint, at in zip(small, due, strict=True):
        make_due(ledger, touchpoint, datetime.fromtimestamp(at, UTC))
    written = f"SELECT count(*) FROM delivery_expansion WHERE touchpoint_id IN ({', '.join(map(str, small))})"
    wait_until(lambda: ledger.value(written) == len(small), seconds=first - time.time(), what="all are written before the first")
    return due


def wait_for_all(ledger: Ledger, scene: dict[str, int], small: list[int], due: list[float], *, with_load: bool) -> float:
    begins = min(due) - HEAD_START
    if with_load:
        time.sleep(max(0.0, begins - time.time()))
        make_due(ledger, scene["w"])
    ends = max(due)
    time.sleep(max(0.0, ends - time.time()))
    waiting = f"SELECT count(*) FROM delivery_batch WHERE state <> 'done' AND touchpoint_id IN ({', '.join(map(str, small))})"
    wait_until(lambda: ledger.value(waiting) == 0, seconds=120, what="the last one has left", every=0.05)
    if not with_load:
        return 0.0
    if not is_over(ledger, scene["w"]):
        return 1.0
    last = ledger.value("SELECT extract(epoch FROM max(done_at)) FROM delivery_batch WHERE touchpoint_id = %s", scene["w"])
    return (float(last) - min(due)) / (ends - min(due))


def show(figures: dict[str, Any]) -> str:
    heads = ("first message after its due time", "touchpoints", "p50", "p99", "worst", "load lasted")
    titles = {"idle": "idle", "load": f"while {figures['load_recipients']:,} others leave"}
    rows = [
        (
            titles[how],
            str(row["touchpoints"]),
            *(f"{row[name] * 1000:.0f} ms" for name in ("p50", "p99", "max")),
            f"{row['load_covered']:.0%}" if how == "load" else "",
        )
        for how, row in figures["rows"].items()
    ]
    return table(heads, rows)
