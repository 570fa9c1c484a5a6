"""Beat and the import's pages call this; it is safe to run twice at once and to be killed anywhere."""

import logging

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from . import intake

logger = logging.getLogger(__name__)

WORKING_SECONDS = 60.0  # then whatever else waits in the queue has its turn
HINT_EXPIRES = 10


@shared_task(name="audiences.work_on_imports")
def work_on_imports() -> None:
    """Checks and imports the files that wait for it."""
    if intake.work(clock=timezone.now, seconds=WORKING_SECONDS):
        hint_imports()


def hint_imports() -> None:
    """Tells a worker that a file waits. While Redis is away the clock's next look finds it."""
    try:
        work_on_imports.apply_async(queue="housekeeping", expires=HINT_EXPIRES)
    except OperationalError as error:
        logger.warning("The hint for imports could not be published: %s", error)
