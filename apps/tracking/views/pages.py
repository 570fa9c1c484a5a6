"""What the small public pages of tracking have in common."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

UNTRACEABLE: dict[str, str] = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "Cache-Control": "no-store"}


def plain_page(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page that leaves no trace: not stored, not indexed, and naming itself to nobody it links to."""
    return HttpResponse(render_to_string(template, dict(context or {}), request), status=status, headers=UNTRACEABLE)
