from django.conf import settings
from django.urls import reverse


def public_path(name: str, *args: object) -> str:
    """The path of a page for recipients and readers, e.g. `public_path("publishing:notice", uid)`."""
    return reverse(name, urlconf=settings.PUBLIC_URLCONF, args=args)


def public_url(name: str, *args: object) -> str:
    """The same as a whole address, to put into messages and calendars."""
    return f"{settings.SITE_URL}{public_path(name, *args)}"
