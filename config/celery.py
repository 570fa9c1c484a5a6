"""The Celery application. Tasks carry ids and are hints: what has to be done stands in the database."""

import gc
import os
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init, task_postrun, task_prerun, worker_init, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Celery would load every page of the admin, check it, and look at no result; `manage.py check` does, and says it.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")

# Objects more than there were at the last collection. What a batch makes goes with the batch, and is hardly ever a cycle;
# to look through it as often as Python does by itself took 3 % of a message.
COLLECTING_AFTER = 25_000

app = Celery("preavis")
app.config_from_object("config.celery_settings")
app.autodiscover_tasks()


@celeryd_init.connect
@beat_init.connect
def start_private_valkey(**_: Any) -> None:
    from django.conf import settings

    from . import embedded

    embedded.ensure_running(settings.REDIS_URL, settings.VAR_DIR)


@worker_init.connect
def load_what_letters_need(**_: Any) -> None:
    """Addresses and template tags, before the worker divides into processes: or the first message of each would wait for them."""
    from django.conf import settings
    from django.template import engines

    engines.all()
    import_module(settings.PUBLIC_URLCONF)


@task_prerun.connect
@task_postrun.connect
def look_after_connections(task: Any = None, **_: Any) -> None:
    """As Django does around a request: what is broken or too old is closed, and the next use asks first whether it answers.

    No task leaves a transaction open, but for one that its time limit struck just as it began or ended one. What the next
    tasks wrote would seem to be kept, and would not be.
    """
    from django.db import close_old_connections, connections

    if task and task.request.is_eager:
        return
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            connection.in_atomic_block = False  # or Django would wait for its end
            connection.close()
    close_old_connections()


@worker_process_init.connect
def keep_what_is_loaded(**_: Any) -> None:
    """What stands before the first task stays to the end. No collection looks through it again, which took 7 % of the
    processor time of a message, and the pages shared with the other processes stay shared.

    Words and the frame of letters belong to it: the first letter of a process would wait for them. The process that only
    divides needs none.
    """
    from apps.campaigns.content.loading import load_letters

    load_letters()
    gc.freeze()
    gc.set_threshold(COLLECTING_AFTER)
