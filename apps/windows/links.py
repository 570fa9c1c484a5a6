from functools import lru_cache
from uuid import UUID

from django.conf import settings

from apps.common.public_addresses import public_path

from .models import MaintenanceWindow


def notice_url(window: MaintenanceWindow) -> str:
    """The public page of the window, as an address to put into messages and calendars."""
    return f"{settings.SITE_URL}{_notice_path(window.uid)}"


def calendar_url(window: MaintenanceWindow) -> str:
    """The window alone as a calendar file, with the UID that it has in every feed."""
    return f"{settings.SITE_URL}{_calendar_path(window.uid)}"


@lru_cache(maxsize=10_000)
def _calendar_path(uid: UUID) -> str:
    return public_path("publishing:notice_calendar", uid)


@lru_cache(maxsize=10_000)  # resolving a name costs more than a calendar entry's other lines together
def _notice_path(uid: UUID) -> str:
    return public_path("publishing:notice", uid)
