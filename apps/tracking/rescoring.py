"""Judging again what has already been judged: with the rules of today and with what has been learned since."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from apps.delivery.models import Delivery

from . import scoring
from .models import Event

RECENT = timedelta(minutes=30)
DELIVERIES_AT_ONCE = 500


def rescore_recent(*, now: datetime) -> int:
    """Judges again the opens and clicks of the touchpoints that got any within RECENT."""
    return _rescore(_reactions(now=now), touchpoints=_reactions(now=now).filter(at__gte=now - RECENT))


def rescore_all(*, now: datetime, campaign_id: int | None = None) -> int:
    """Judges again everything of which the user agent is not yet forgotten; returns how many verdicts changed."""
    rows = _reactions(now=now)
    return _rescore(rows, touchpoints=rows.filter(delivery__touchpoint__campaign=campaign_id) if campaign_id else rows)


def _rescore(rows: QuerySet[Event], *, touchpoints: QuerySet[Event]) -> int:
    ids = touchpoints.order_by().values_list("delivery__touchpoint", flat=True).distinct()
    return sum(_rescore_touchpoint(rows.filter(delivery__touchpoint=pk)) for pk in list(ids))


def _reactions(*, now: datetime) -> QuerySet[Event]:
    known_since = now - timedelta(days=settings.TRACKING_FORGET_AFTER_DAYS)
    return Event.objects.filter(type__in=scoring.READER_TYPES, at__gte=known_since)


def _rescore_touchpoint(rows: QuerySet[Event]) -> int:
    crowds = scoring.find_crowds(rows.select_related("delivery").iterator(chunk_size=2000))
    changed = 0
    for deliveries in _chunks(rows):
        events = list(rows.filter(delivery__in=deliveries))
        again = scoring.judge(events, arrived=scoring.arrivals(deliveries), crowds=crowds)
        Event.objects.bulk_update(again, ["verdict", "rule", "detail"], batch_size=500)
        changed += len(again)
    return changed


def _chunks(rows: QuerySet[Event]) -> Iterator[list[Delivery]]:
    ids = list(rows.order_by("delivery").values_list("delivery", flat=True).distinct())
    for first in range(0, len(ids), DELIVERIES_AT_ONCE):
        yield list(Delivery.objects.filter(pk__in=ids[first : first + DELIVERIES_AT_ONCE]).order_by("id"))
