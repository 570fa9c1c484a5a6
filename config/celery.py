"""The Celery application. Tasks carry ids and are hints: what has to be done stands in the database."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("preavis")
app.config_from_object("config.celery_settings")
app.autodiscover_tasks()


@celeryd_init.connect
@beat_init.connect
def start_private_valkey(**_: Any) -> None:
    from django.conf import settings

    from . import embedded

    embedded.ensure_running(settings.REDIS_URL, settings.VAR_DIR)
