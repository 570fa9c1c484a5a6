"""From stored facts to verdicts: what verdicts.py needs to know of opens and clicks is gathered here, in sets."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min

from apps.delivery.models import Delivery

from . import verdicts
from .models import Event, EventType

READER_TYPES = (EventType.OPENED, EventType.CLICKED)
REACH = 2 * verdicts.BURST  # how far around a hit its burst can lie


def limits() -> verdicts.Limits:
    return verdicts.Limits(
        machine=timedelta(seconds=settings.MACHINE_OPEN_SECONDS), undecided=timedelta(seconds=settings.UNDECIDED_OPEN_SECONDS)
    )


def arrivals(deliveries: Iterable[Delivery]) -> dict[int, datetime]:
    """When each message arrived, as well as is known: delivered, else sent, else composed; unknown ones are left out."""
    rows = {row.pk: row for row in deliveries}
    delivered = (
        Event.objects.filter(delivery__in=rows, type=EventType.DELIVERED)
        .values_list("delivery")
        .annotate(first=Min("at"))
        .order_by()
    )
    ours = {pk: row.sent_at or row.composed_at for pk, row in rows.items()}
    return {pk: at for pk, at in (ours | dict(delivered)).items() if at is not None}


def neighbours(events: Sequence[Event]) -> list[Event]:
    """Stored opens and clicks of the clicked deliveries that could share a burst with one of `events`."""
    clicked = {event.delivery_id for event in events if event.type == EventType.CLICKED}
    if not clicked:
        return []
    around = [event.at for event in events if event.delivery_id in clicked]
    stored = Event.objects.filter(
        delivery__in=clicked, type__in=READER_TYPES, at__range=(min(around) - REACH, max(around) + REACH)
    )
    return list(stored)


def judge(
    events: Collection[Event], *, arrived: dict[int, datetime], crowds: dict[int, verdicts.Span] | None = None
) -> list[Event]:
    """Gives each open and click its verdict in place and returns those whose verdict changed. Saves nothing.

    `crowds`: per delivery, the span in which its recipient's whole domain opened.
    """
    bursts = verdicts.bursts(
        verdicts.Click(delivery_id=event.delivery_id, link=event.link_id, at=event.at)
        for event in events
        if event.type == EventType.CLICKED and event.link_id is not None
    )
    changed = []
    for event in events:
        spans = bursts.get(event.delivery_id, [])
        crowd = (crowds or {}).get(event.delivery_id)
        signal = _signal(
            event,
            arrived.get(event.delivery_id),
            in_burst=any(span.covers(event.at) for span in spans),
            in_crowd=crowd is not None and crowd.covers(event.at),
        )
        if _apply(event, verdicts.judge(signal, limits())):
            changed.append(event)
    return changed


def find_crowds(opens: Iterable[Event]) -> dict[int, verdicts.Span]:
    """Of the opens of one touchpoint: the deliveries whose recipients' domain opened nearly as one, with the span."""
    by_domain: dict[str, dict[int, datetime]] = defaultdict(dict)
    for event in opens:
        first = by_domain[_domain(event.delivery.address)]
        first[event.delivery_id] = min(event.at, first.get(event.delivery_id, event.at))
    found: dict[int, verdicts.Span] = {}
    for domain, first_opens in by_domain.items():
        crowd = verdicts.crowded(first_opens.values())
        if crowd and verdicts.is_scanned(opened=crowd[1], recipients=_recipients(first_opens, domain)):
            found |= dict.fromkeys((pk for pk, at in first_opens.items() if crowd[0].covers(at)), crowd[0])
    return found


def _recipients(first_opens: dict[int, datetime], domain: str) -> int:
    touchpoint = Delivery.objects.filter(pk=next(iter(first_opens))).values("touchpoint")
    return Delivery.objects.filter(touchpoint__in=touchpoint, address__iendswith=f"@{domain}").count()


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _signal(event: Event, arrived_at: datetime | None, *, in_burst: bool, in_crowd: bool) -> verdicts.Signal:
    return verdicts.Signal(
        is_link=event.type == EventType.CLICKED,
        method=event.detail.get("method", "GET"),
        user_agent=event.user_agent,
        purpose=event.detail.get("purpose", ""),
        since=event.at - arrived_at if arrived_at else None,
        flagged=bool(event.detail.get("flagged")),
        in_burst=in_burst,
        in_crowd=in_crowd,
    )


def _apply(event: Event, judgement: verdicts.Judgement) -> bool:
    before = (event.verdict, event.rule)
    event.verdict, event.rule = judgement.verdict, judgement.rule
    event.detail = event.detail | {"rules": verdicts.RULES_VERSION}
    return before != (event.verdict, event.rule)
