"""PostgreSQL crashes and recovers while messages leave."""

import time

from .drill import Run, drill

WORKERS = 2


@drill(
    "postgres-restart",
    promise="PostgreSQL is crashed (immediate stop) and started again while messages leave: nobody is lost, nobody is written to "
    "twice, each crash leaves at most one message per worker and connection in doubt, and sending goes on by itself.",
    small={"people": 300, "times": 3, "seconds": 1},
    full={"people": 12_000, "times": 12, "seconds": 5},
    breaks_server=True,
)
def restart(run: Run) -> None:
    server = run.stage.postgres
    run.stage.beat()
    run.stage.worker(processes=WORKERS)
    run.start(reply_seconds=0.005)
    for _ in range(run.size.times):
        run.amid(run.size.people // run.size.times // 2)
        server.stop("immediate")
        time.sleep(run.rng.random() * run.size.seconds)
        server.start()
    run.injected["crashes"] = run.size.times
    run.finish(doubts=WORKERS * run.size.times)
