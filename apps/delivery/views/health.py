from datetime import datetime

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .. import health
from ..clock import database_now


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """For load balancers and monitors: 200 when messages leave on time, 503 with the reasons when they do not."""
    try:
        now = database_now()
        found = health.check(now=now)
    except DatabaseError:
        return JsonResponse({"ok": False, "problems": [_("The database does not answer.")]}, status=503)
    body = {
        "ok": not found.problems,
        "problems": found.problems,
        "notices": found.notices,
        "is_halted": bool(found.halt),
        "oldest_due_seconds": _age(found.oldest_due_at, now),
        "worker_seen_seconds": _age(found.worker_seen_at, now),
        "beat_seen_seconds": _age(found.beat_seen_at, now),
    }
    return JsonResponse(body, status=503 if found.problems else 200)


def _age(instant: datetime | None, now: datetime) -> float | None:
    return None if instant is None else round(max((now - instant).total_seconds(), 0.0), 1)
