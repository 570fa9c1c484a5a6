from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from .models import MaintenanceWindow


def notice_url(window: MaintenanceWindow) -> str:
    """The public page of the window, as an address to put into messages and calendars."""
    return f"{settings.SITE_URL}{_notice_path(window.uid)}"


def calendar_url(window: MaintenanceWindow) -> str:
    """The window alone as a calendar file, with the UID that it has in every feed."""
    return f"{settings.SITE_URL}{_calendar_path(window.uid)}"


@lru_cache(maxsize=10_000)
def _calendar_path(uid: UUID) -> str:
    return reverse("publishing:notice_calendar", args=[uid])


@lru_cache(maxsize=10_000)  # resolving a name costs more than a calendar entry's other lines together
def _notice_path(uid: UUID) -> str:
    return reverse("publishing:notice", args=[uid])
