"""A subscriber's address, in whatever format its ending asks for. Programs read it: no redirect, no cookie, no sign-in, and one answer to every wrong name."""

import gzip
import re
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from apps.common.programs import for_programs

from .. import services
from ..addresses import find_selection
from ..clients import client_name
from ..editions import render_edition, unchanged_edition
from ..models import FeedEdition
from ..selections import Selection

GZIP = re.compile(r"(?:^|[\s,])gzip(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)  # asked for, and not with weight 0


@for_programs
def feed(request: HttpRequest, name: str) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return unlogged(HttpResponseNotAllowed(["GET", "HEAD"]))
    selection = find_selection(name, request.GET.get("service"))
    if selection is None:
        return nothing_here()
    now = timezone.now()
    services.note_use(selection.feed, client=client_name(request.headers.get("User-Agent", "")), now=now)
    edition = unchanged_edition(selection, now=now)
    if edition and (unchanged := _unless_known(request, selection, edition)).status_code != 200:
        return unchanged
    edition, body = render_edition(selection, now=now)
    response = _unless_known(request, selection, edition)
    return _with_body(request, response, body) if response.status_code == 200 else response


def nothing_here() -> HttpResponse:
    return unlogged(HttpResponse(status=404, content_type="text/plain"))


def unlogged(response: HttpResponse) -> HttpResponse:
    """Django would log the path, which is a token, or may be one with a letter missing."""
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _unless_known(request: HttpRequest, selection: Selection, edition: FeedEdition) -> HttpResponse:
    """304 for a reader who has this edition; else a 200 that still wants its body."""
    etag = f'"{edition.etag}"'
    response = HttpResponse(
        content_type=selection.format.content_type,
        headers={
            "ETag": etag,
            "Last-Modified": http_date(edition.changed_at.timestamp()),
            "Cache-Control": "private, max-age=300",
            "Content-Disposition": f'inline; filename="{selection.format.filename}"',
            "Content-Language": selection.feed.language,
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
            "Vary": "Accept-Encoding",
        },
    )
    changed_at = int(edition.changed_at.timestamp())
    return cast(HttpResponse, get_conditional_response(request, etag=etag, last_modified=changed_at, response=response))


def _with_body(request: HttpRequest, response: HttpResponse, body: bytes) -> HttpResponse:
    if GZIP.search(request.headers.get("Accept-Encoding", "")):
        body = gzip.compress(body, compresslevel=5, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["ETag"] = "W/" + response.headers["ETag"]  # other bytes, the same calendar
    response.content = body
    response.headers["Content-Length"] = str(len(body))
    return response
