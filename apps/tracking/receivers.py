"""The border to django-anymail: stores what a mail provider reports, nothing else. See answers.py for what follows."""

import logging
from typing import Any

from anymail.signals import tracking
from django.dispatch import receiver
from django.utils import timezone

from . import esp, services

logger = logging.getLogger(__name__)


@receiver(tracking, dispatch_uid="tracking.store_provider_event")
def store_provider_event(sender: Any, event: Any, esp_name: str, **_: Any) -> None:
    """An exception here would make the provider repeat its whole batch, so only the database may raise one."""
    if event.event_type not in esp.TYPES:
        return
    services.store_provider_event(provider=esp_name, payload=esp.payload_of(event), now=timezone.now())
