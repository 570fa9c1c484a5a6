"""What the log says of a delivery: where it stands, what came back, and what can be done now."""

from collections.abc import Iterator, Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.delivery.models import Delivery, DeliveryState
from apps.delivery.policy import DeliveryReason
from apps.tracking.models import Event, EventType, Verdict

TONES = {
    DeliveryState.SENT: "ok",
    DeliveryState.FAILED: "bad",
    DeliveryState.IN_DOUBT: "warn",
    DeliveryState.UNKNOWN: "warn",
    DeliveryState.PENDING: "info",
    DeliveryState.EXPIRED: "bad",
}
EVENT_TONES = {
    EventType.BOUNCED: "bad",
    EventType.REJECTED: "bad",
    EventType.FAILED: "bad",
    EventType.COMPLAINED: "bad",
    EventType.DEFERRED: "warn",
    EventType.DELIVERED: "ok",
}
# What a person can do, by why the delivery is where it is.
WHAT_NOW: Mapping[str, Promise] = {
    DeliveryReason.TRY_AGAIN: gettext_lazy("Nothing to do: it goes again by itself while it is of use."),
    DeliveryReason.REPEATED: gettext_lazy("Nothing to do: it goes again by itself, under the same name."),
    DeliveryReason.CHANNEL_DOWN: gettext_lazy("Look at the page of the channel: all of its messages wait for the provider."),
    DeliveryReason.PACED: gettext_lazy("Nothing to do: its turn comes."),
    DeliveryReason.TEXT_BROKEN: gettext_lazy("Mend the text: those who wait for it are written to by themselves."),
    DeliveryReason.NO_ADDRESS: gettext_lazy("Give the contact an address for this channel, or tell them another way."),
    DeliveryReason.HARD_BOUNCE: gettext_lazy("Ask for an address that works; this one is not written to any more."),
    DeliveryReason.BAD_ADDRESS: gettext_lazy("Ask for an address that works; this one is not written to any more."),
    DeliveryReason.BOUNCED: gettext_lazy("Ask for an address that works, or tell them another way."),
    DeliveryReason.COMPLAINT: gettext_lazy("Leave them alone by this channel: they reported an earlier message."),
    DeliveryReason.UNSUBSCRIBED: gettext_lazy("Leave them alone: they asked for it. Mandatory notices still reach them."),
    DeliveryReason.MANUAL: gettext_lazy("Take the address off the suppressions if it may be written to again."),
    DeliveryReason.REFUSED: gettext_lazy(
        "Find out from the provider's words why; once that is mended, retry it while it is of use."
    ),
    DeliveryReason.ATTEMPTS_USED_UP: gettext_lazy(
        "Find out why the provider kept refusing it; then retry it while it is of use."
    ),
    DeliveryReason.CONTENT_ERROR: gettext_lazy("Mend the text or the contact, then retry it while it is of use."),
    DeliveryReason.CRASHED: gettext_lazy("Have the error in the worker's log looked at; then retry it while it is of use."),
    DeliveryReason.NO_ANSWER: gettext_lazy("Wait for evidence, or say on the page of doubts what you know."),
    DeliveryReason.WORKER_LOST: gettext_lazy("Wait for evidence, or say on the page of doubts what you know."),
    DeliveryReason.NO_EVIDENCE: gettext_lazy("If it matters, ask the recipient; evidence that comes later still counts."),
    DeliveryReason.PAST_USE: gettext_lazy("Tell them another way if they still need to know."),
    DeliveryReason.QUIET_HOURS: gettext_lazy("Tell them another way if they still need to know."),
    DeliveryReason.PAUSED: gettext_lazy("Tell them another way if they still need to know."),
    DeliveryReason.HALTED: gettext_lazy("Tell them another way if they still need to know."),
    DeliveryReason.WINDOW_CHANGED: gettext_lazy("Nothing to do: what holds now is told instead."),
    DeliveryReason.WINDOW_CANCELLED: gettext_lazy("Nothing to do: those who had been told hear that it is cancelled."),
}


def what_now(delivery: Delivery) -> str:
    if delivery.state == DeliveryState.PENDING and delivery.touchpoint.is_held_back:
        return _("It waits until sending is resumed.")
    if delivery.state == DeliveryState.PENDING and not delivery.reason:
        return _("Nothing to do: it leaves by itself at its time.")
    if delivery.state == DeliveryState.SENT:
        return _("Nothing to do. If it comes back, or is opened, that appears here.")
    return str(WHAT_NOW.get(delivery.reason, ""))


def event_words(event: Event) -> str:
    """“Opened by a machine”; for what no reader did, its type alone."""
    label = str(event.get_type_display())
    by = {
        Verdict.HUMAN: _("%(what)s by a person"),
        Verdict.MACHINE: _("%(what)s by a machine"),
        Verdict.PREFETCH: _("%(what)s ahead, by a mail program"),
        Verdict.UNKNOWN: _("%(what)s; by whom is undecided"),
    }.get(Verdict(event.verdict))
    return by % {"what": label} if by else label


def event_detail(event: Event) -> str:
    """What the world said with it, in its own words."""
    parts = (event.detail.get(name) for name in ("response", "description", "bounce"))
    said = [str(part) for part in parts if part]
    if event.link_id and event.link:
        said.append(event.link.url)
    return " · ".join(dict.fromkeys(said))


def marks(events: Sequence[Event]) -> Iterator[tuple[str, str]]:
    """Each kind of thing that came back once, as words with a tone, for the row of a delivery."""
    seen: dict[str, str] = {}
    for event in events:
        seen.setdefault(event_words(event), EVENT_TONES.get(EventType(event.type), "idle"))
    yield from seen.items()
