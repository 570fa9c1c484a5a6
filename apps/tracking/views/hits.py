"""The open pixel and the link redirect. Neither writes to the database while somebody waits, and neither ever fails."""

import logging
import time
import uuid
from base64 import b64decode
from contextlib import suppress
from functools import lru_cache

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.encoding import iri_to_uri

from apps.common.programs import for_programs
from apps.common.text import one_line
from apps.common.tokens import BadToken, Purpose, SignedName, unsign
from apps.delivery.models import Link

from .. import buffer
from .pages import UNTRACEABLE, plain_page

logger = logging.getLogger(__name__)

PIXEL = b64decode("R0lGODlhAQABAPAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")  # 43 bytes, transparent
LONGEST_AGENT = 300


@for_programs
def open_pixel(request: HttpRequest, signed: str) -> HttpResponse:
    """Always the picture, for a forged name too: what the caller sees does not tell whether it was right."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    with suppress(BadToken):
        _note(request, unsign(Purpose.OPEN, signed))
    return HttpResponse(PIXEL, content_type="image/gif", headers=UNTRACEABLE | {"Content-Length": str(len(PIXEL))})


def follow_link(request: HttpRequest, signed: str) -> HttpResponse:
    """Sends on to where the stored link leads; nothing in the request can choose the place."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    try:
        name = unsign(Purpose.CLICK, signed)
        target = _target(name.token, name.number)
    except (BadToken, Link.DoesNotExist):
        return plain_page(request, "public/no_link.html", status=404)
    except DatabaseError:
        logger.exception("A link cannot be followed: the database does not answer.")
        return plain_page(request, "public/try_again.html", status=503)
    _note(request, name, link=name.number)
    return HttpResponse(status=302, headers={"Location": iri_to_uri(target), **UNTRACEABLE})


@lru_cache(maxsize=4096)
def _target(token: uuid.UUID, number: int) -> str:
    """A link, once written, never changes, so each process may remember it."""
    return Link.objects.only("url").get(number=number, touchpoint__deliveries__token=token).url


def _note(request: HttpRequest, name: SignedName, *, link: int | None = None) -> None:
    hit = buffer.Hit(
        key=uuid.uuid4().hex,
        token=name.token.hex,
        link=link,
        at=time.time(),
        method=request.method or "",
        user_agent=one_line(request.headers.get("User-Agent", ""))[:LONGEST_AGENT],
        purpose=one_line(request.headers.get("Sec-Purpose") or request.headers.get("Purpose") or "")[:40],
    )
    buffer.hits.push(hit)
