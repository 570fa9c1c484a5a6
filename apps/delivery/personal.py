"""What the ledger holds of a person: what was sent to which address. Erased, it still counts, and nobody knows whom."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.audiences.erasing import CannotErase, strip_trail
from apps.audiences.models import Contact
from apps.audiences.personal import Fact, Holder

from .models import Attempt, Batch, BatchState, Delivery, DeliveryState, LookUp, RehearsalMessage
from .policy import DeliveryReason


def _facts(contact: Contact) -> Iterator[Fact]:
    rows = Delivery.objects.filter(contact=contact).select_related("touchpoint__campaign__window", "touchpoint__channel")
    for row in rows.prefetch_related("attempt_log").order_by("pk"):
        yield {
            "window": row.touchpoint.campaign.window.title,
            "moment": row.touchpoint.step_key,
            "channel": row.touchpoint.channel.name,
            "address": row.address,
            "state": row.state,
            "reason": row.reason,
            "calendar": row.invitation,
            "sent_at": row.sent_at,
            "attempts": [{"at": one.at, "outcome": one.outcome, "said": one.text} for one in row.attempt_log.all()],
        }


def _obstacle(contact: Contact) -> str:
    """What is in a worker's hands, or of which nobody knows whether it arrived, needs its address still."""
    repeated = Q(state=DeliveryState.PENDING, sent_at__isnull=False)
    leaving = Q(state=DeliveryState.PENDING) & ~Q(batch__state=BatchState.READY)
    rows = Delivery.objects.filter(contact=contact)
    if count := rows.filter(leaving).exclude(repeated).count():
        words = ngettext(
            "%(count)s message to this person is leaving at this moment; try again in a minute.",
            "%(count)s messages to this person are leaving at this moment; try again in a minute.",
            count,
        )
        return words % {"count": count}
    if count := rows.filter(Q(state=DeliveryState.IN_DOUBT) | repeated).count():
        words = ngettext(
            "Of %(count)s message to this person it is not known yet whether it arrived; decide about it first.",
            "Of %(count)s messages to this person it is not known yet whether they arrived; decide about them first.",
            count,
        )
        return words % {"count": count}
    return ""


def _erase(contact: Contact, now: datetime) -> None:
    """What waits is taken out of its batch first; a batch that a worker takes at this moment is waited for no longer."""
    rows = Delivery.objects.filter(contact=contact)
    waiting = rows.filter(state=DeliveryState.PENDING)
    batches = set(waiting.values_list("batch", flat=True))
    ready = Batch.objects.filter(pk__in=batches, state=BatchState.READY).select_for_update()
    if len(ready) != len(batches):
        raise CannotErase(_("A message to this person is leaving at this moment; try again in a minute."))
    waiting.update(state=DeliveryState.SUPPRESSED, reason=DeliveryReason.NO_ADDRESS, settled_at=now)
    ids = list(rows.values_list("pk", flat=True))
    strip_trail(Delivery._meta.label_lower, ids, ("name", "address"))
    Attempt.objects.filter(delivery__in=rows).update(text="", gist="")
    LookUp.objects.filter(delivery__in=rows).update(text="")
    RehearsalMessage.objects.filter(stand_in=contact).update(stand_in=None)
    rows.update(address="", provider_id="")


DELIVERIES = Holder(
    name="deliveries",
    title=gettext_lazy("Messages"),
    export=_facts,
    erase=_erase,
    obstacle=_obstacle,
    goes=gettext_lazy("To which address each message went, what providers said of it, and what still waits to be sent."),
    stays=gettext_lazy("That a message went to somebody, when, and with what result: the sums of each campaign."),
)
