import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.settings")

app = Celery("peers", broker=os.environ.get("REDIS_URL"))
app.conf.update(
    task_ignore_result=True,
    CELERY_DB_REUSE_MAX=1000,  # by default the worker connects to the database anew for each task: a third of the speed
    worker_prefetch_multiplier=32,  # short tasks: Celery's guide advises more than one
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    imports=["bench.peers.tasks"],
)


@worker_ready.connect
def say_so(**_: Any) -> None:
    if "PEER_READY" in os.environ:
        Path(os.environ["PEER_READY"]).touch()
