from django.conf import settings
from django.urls import reverse

from .models import MaintenanceWindow


def notice_url(window: MaintenanceWindow) -> str:
    """The public page of the window, as an address to put into messages and calendars."""
    return f"{settings.SITE_URL}{reverse('publishing:notice', args=[window.uid])}"
