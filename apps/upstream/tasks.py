"""Beat calls these; each is safe to run twice at once and to be killed anywhere."""

from celery import shared_task
from django.utils import timezone

from . import services


@shared_task(name="upstream.sweep")
def sweep() -> None:
    """Lets notices have their effect that a crash, a refusal or their number left without one."""
    services.sweep(now=timezone.now())
