"""The door for help desks: one signed call, one ticket. See docs/tracking.md for the body."""

import json
from datetime import datetime
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from apps.common.standard_webhooks import BadSignature, verify

from .. import services
from ..models import TicketSource
from ..tickets import BadTicket, TicketFacts, parse_ticket

LARGEST_BODY = 1_000_000


class _Refused(Exception):
    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.response = JsonResponse({"error": error, **more}, status=status)


@csrf_exempt
def receive_ticket(request: HttpRequest, path: str) -> JsonResponse:
    """200 for a ticket recorded, updated or already known by this call's id; 4xx with the reason otherwise."""
    now = timezone.now()
    try:
        body = _body(request)
        source = _source(path)
        call_id = _call_id(request, source, body, now)
        outcome = services.receive_ticket(source, _facts(body), call_id=call_id, now=now)
    except _Refused as refusal:
        return refusal.response
    except BadTicket as error:
        return _unfit(error)
    return JsonResponse({"status": outcome})


def _body(request: HttpRequest) -> bytes:
    if request.method != "POST":
        refusal = _Refused(405, "Only POST is understood here.")
        refusal.response.headers["Allow"] = "POST"
        raise refusal
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST_BODY:
        raise _Refused(413, f"The body may have {LARGEST_BODY:,} bytes at most.")
    return request.body


def _source(path: str) -> TicketSource:
    source = TicketSource.objects.filter(path=path).first()
    if source is None:
        raise _Refused(404, "No ticket source listens here.")
    return source


def _call_id(request: HttpRequest, source: TicketSource, body: bytes, now: datetime) -> str:
    try:
        return verify(services.secrets_of(source), headers=request.headers, body=body, now=now)
    except BadSignature:
        raise _Refused(401, "The signature is not valid.") from None


def _facts(body: bytes) -> TicketFacts:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise _Refused(400, "The body is not JSON.") from None
    if not isinstance(fields, dict):
        raise _Refused(400, "The body is not a JSON object.")
    return parse_ticket(fields)


def _unfit(error: BadTicket) -> JsonResponse:
    problems = [{"field": problem.field, "expected": problem.expected} for problem in error.problems]
    return JsonResponse({"error": "The ticket was not recorded.", "fields": problems}, status=422)
