"""kill -9 of workers in the middle of an import of contacts."""

import time

from .drill import Run, drill
from .stage import wait_until

LEASE_SECONDS = 60  # after so long a worker of which nothing was heard is taken for gone
TAKES_UP_SECONDS = LEASE_SECONDS + 30
ENDS_SECONDS = 600


@drill(
    "kill-imports",
    promise="A worker is killed with kill -9 while it checks a file of contacts, and again and again while it imports it: the next "
    "goes on by itself within 90 s, says how far it is, and in the end every row of the file is there once.",
    small={"people": 12_000, "times": 1, "waits": False},
    full={"people": 100_000, "times": 4, "waits": True},
)
def kill_imports(run: Run) -> None:
    stage, rows = run.stage, run.size.people
    stage.beat()
    worker = stage.worker()
    job = stage.scene("uploaded", rows)
    waits = []
    for step, times in (("checking", 1), ("importing", run.size.times)):
        for number in range(times):
            _await(run, job, step, done=rows * (number + run.rng.random()) / (times + 1))
            stage.kill(worker)
            stood = stage.scene("import_progress", job)
            run.hold(stood["done"] % 500 == 0, f"It was killed after {stood['done']} rows: within a chunk.")
            killed_at = time.monotonic()
            worker = stage.worker()
            if not run.size.waits:
                stage.scene("end_import_lease", job)  # as if it had waited
            _await(run, job, step, done=stood["done"] + 1, seconds=TAKES_UP_SECONDS * run.leeway)
            waits.append(time.monotonic() - killed_at)
        if step == "checking":
            _await(run, job, "checked")
            stage.scene("begin_import", job)
    _await(run, job, "imported")
    found = stage.scene("imported", job)
    run.hold(found == {"contacts": rows, "addresses": rows, "added": rows, "done": rows}, f"Of {rows} rows there are {found}.")
    run.injected |= {"kills": 1 + run.size.times}
    run.measured |= {"people": rows, "rows": found["contacts"], "longest_wait_seconds": round(max(waits), 1)}


def _await(run: Run, job: int, step: str, *, done: float = 0, seconds: float = ENDS_SECONDS) -> None:
    """Until the import is at that step and so many rows far, or past both."""
    steps = ("checking", "checked", "importing", "imported")

    def is_there() -> bool:
        found = run.stage.scene("import_progress", job)
        if found["state"] not in steps:
            raise AssertionError(f"It stands: {found}")
        place = steps.index(found["state"])
        return place > steps.index(step) or (place == steps.index(step) and found["done"] >= done)

    wait_until(is_there, seconds=seconds, what=f"{step}, {done:.0f} rows", every=0.01)
