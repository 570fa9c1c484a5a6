"""What happened to one delivery, in the order of time: what we did, what the provider said, what came back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import AuditEvent
from apps.accounts.people import person_words
from apps.delivery.models import Delivery, DeliveryState
from apps.tracking.models import EventType

from .words import EVENT_TONES, TONES, event_detail, event_words

DEEDS = {
    "delivery.retried": gettext_lazy("Another attempt was asked for by %(who)s."),
    "delivery.doubt_resolved": gettext_lazy("The doubt ended, settled by %(who)s."),
}
# How an attempt that was not plainly accepted ended.
ENDINGS = {
    DeliveryState.PENDING: gettext_lazy("Refused for now; it goes again"),
    DeliveryState.FAILED: gettext_lazy("Failed"),
    DeliveryState.IN_DOUBT: gettext_lazy("Handed over, and no answer came"),
}


@dataclass(frozen=True, kw_only=True)
class Happening:
    at: datetime
    what: str
    said: str = ""  # in the words of the other side
    tone: str = "idle"


def story(delivery: Delivery) -> list[Happening]:
    """Three queries. Needs the delivery's touchpoint and batch."""
    happened = [*_attempts(delivery), *_acceptance(delivery), *_events(delivery), *_deeds(delivery)]
    return sorted(happened, key=lambda one: one.at)


def _attempts(delivery: Delivery) -> Iterator[Happening]:
    for attempt in delivery.attempt_log.all():
        state = DeliveryState(attempt.outcome)
        ending = str(ENDINGS.get(state, state.label))
        what = _("Attempt %(number)s: %(ending)s") % {"number": attempt.number, "ending": ending}
        said = f"{attempt.code} {attempt.text}".strip()
        yield Happening(at=attempt.at, what=what, said=said, tone=TONES.get(state, "idle"))


def _acceptance(delivery: Delivery) -> Iterator[Happening]:
    if delivery.sent_at and delivery.state in (DeliveryState.SENT, DeliveryState.FAILED):
        name = _("under the name %(name)s") % {"name": delivery.provider_id} if delivery.provider_id else ""
        yield Happening(at=delivery.sent_at, what=_("The provider accepted it"), said=name, tone="ok")


def _events(delivery: Delivery) -> Iterator[Happening]:
    for event in delivery.events.select_related("link"):
        tone = EVENT_TONES.get(EventType(event.type), "info")
        yield Happening(at=event.at, what=event_words(event), said=event_detail(event), tone=tone)


def _deeds(delivery: Delivery) -> Iterator[Happening]:
    rows = AuditEvent.objects.filter(subject_type=Delivery._meta.label_lower, subject_id=str(delivery.pk), verb__in=DEEDS)
    for row in rows.select_related("actor"):
        yield Happening(at=row.at, what=str(DEEDS[row.verb]) % {"who": person_words(row.actor)})
