from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from apps.common.zones import zone_or_utc


class ReaderMiddleware:
    """Shows a signed-in person the site in their own language and zone; others keep what the browser asked for, and UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        translation.activate(request.user.language)
        with timezone.override(zone_or_utc(request.user.time_zone)):
            return self.get_response(request)
