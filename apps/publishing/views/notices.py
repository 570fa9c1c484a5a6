"""The public page of one window, to which its messages link, and the same as a calendar file."""

import hashlib
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from apps.common.text import one_line
from apps.windows.calendar.events import account_ending, render_event, with_ending
from apps.windows.calendar.files import wrap
from apps.windows.links import notice_url
from apps.windows.models import MaintenanceWindow

from ..atom import FORMAT as ATOM
from ..atom import atom_document
from ..calendars import FORMAT
from ..notices import notice_of
from ..updates import feed_id, updates_of_window


@require_safe
def notice(request: HttpRequest, uid: UUID) -> HttpResponse:
    window, language = _window(uid), _language(request)
    with translation.override(language):
        context = {"notice": notice_of(window, language=language), "languages": settings.LANGUAGES, "url": notice_url(window)}
        page = render_to_string("public/notice.html", context, request)
    return _answer(request, page.encode(), language=language)


@require_safe
def notice_calendar(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One entry, with the UID it has in every feed: whoever has both sees it once."""
    window, language = _window(uid), _language(request)
    body = wrap([with_ending(render_event(window, language=language), account_ending("public"))])
    response = _answer(request, body, language=language, content_type=FORMAT.content_type)
    response.headers["Content-Disposition"] = 'attachment; filename="maintenance.ics"'
    return response


@require_safe
def notice_atom(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What becomes known of this one window, for whoever follows it in a news reader."""
    window, language = _window(uid), _language(request)
    body = atom_document(
        updates_of_window(window, language=language),
        title=one_line(window.text_in(language).title),
        language=language,
        guid=feed_id("windows", window.uid),
        link=notice_url(window),
        begun_at=window.scheduled_at or window.content_changed_at,
    )
    return _answer(request, body, language=language, content_type=ATOM.content_type)


def _window(uid: UUID) -> MaintenanceWindow:
    window = MaintenanceWindow.objects.public().prefetch_related("services", "translations").filter(uid=uid).first()
    if window is None:
        raise Http404
    return window


def _language(request: HttpRequest) -> str:
    """What the address asks for, else what the browser prefers."""
    asked = request.GET.get("lang", "")
    return asked if asked in dict(settings.LANGUAGES) else translation.get_language() or settings.LANGUAGE_CODE


def _answer(request: HttpRequest, body: bytes, *, language: str, content_type: str = "text/html; charset=utf-8") -> HttpResponse:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "public, max-age=30",  # in an outage everybody looks at once
        "Content-Language": language,
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }
    response = HttpResponse(body, content_type=content_type, headers=headers)
    return get_conditional_response(request, etag=etag, response=response) or response
