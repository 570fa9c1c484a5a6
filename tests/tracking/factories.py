from datetime import datetime, timedelta
from typing import Any

from apps.common.sealing import seal
from apps.common.standard_webhooks import new_secret
from apps.delivery.models import Delivery, DeliveryState, Link
from apps.tracking.buffer import Hit
from apps.tracking.models import Event, Ticket, TicketSource
from tests.factories import NOW, make_delivery

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"

_numbers = iter(range(1, 1_000_000))


def make_sent_delivery(**fields: Any) -> Delivery:
    """Sent an hour ago."""
    return make_delivery(**({"state": DeliveryState.SENT, "sent_at": NOW - timedelta(hours=1)} | fields))


def make_link(delivery: Delivery, number: int = 1, url: str = "") -> Link:
    return Link.objects.create(touchpoint=delivery.touchpoint, number=number, url=url or f"https://example.org/{number}")


def make_hit(delivery: Delivery, *, link: int | None = None, at: datetime = NOW, **fields: Any) -> Hit:
    defaults = {"method": "GET", "user_agent": CHROME, "purpose": "", "key": f"hit{next(_numbers)}"}
    return Hit(**(defaults | {"token": delivery.token.hex, "link": link, "at": at.timestamp()} | fields))


def make_ticket_source(*, secrets: list[str] | None = None, **fields: Any) -> TicketSource:
    number = next(_numbers)
    defaults = {"name": f"Help desk {number}", "slug": f"help-desk-{number}"}
    return TicketSource.objects.create(**defaults | {"sealed_secrets": seal(secrets or [new_secret()])} | fields)


def make_ticket(**fields: Any) -> Ticket:
    defaults = {"external_id": str(next(_numbers)), "opened_at": NOW}
    return Ticket.objects.create(**({"source": fields.pop("source", None) or make_ticket_source()} | defaults | fields))


def make_event(**fields: Any) -> Event:
    defaults = {"type": "opened", "at": NOW, "key": f"event{next(_numbers)}", "source": "pixel"}
    return Event.objects.create(**({"delivery": fields.pop("delivery", None) or make_sent_delivery()} | defaults | fields))
