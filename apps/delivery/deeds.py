"""What the trail says of deeds on what is being sent."""

from django.utils.translation import gettext_lazy as _

from .models import DeliveryState
from .reasons import SENTENCES
from .trail import By

DEEDS = {
    "campaign.paused": _("%(who)s paused the sending of “%(what)s”."),
    "campaign.resumed": _("%(who)s resumed the sending of “%(what)s”."),
    "touchpoint.paused": _("%(who)s paused the touchpoint “%(what)s”."),
    "touchpoint.resumed": _("%(who)s resumed the touchpoint “%(what)s”."),
    "touchpoint.sent_now": _("%(who)s sent the touchpoint “%(what)s” at once instead of at its time."),
    "campaign.updates_held": _("%(who)s held the updates of “%(what)s”."),
    "campaign.updates_released": _("%(who)s let the updates of “%(what)s” go on."),
    "campaign.alarmed": _("%(who)s alarmed the owner of “%(what)s”: a promised word was about to be missing."),
    "user.alarm_way_chosen": _("%(who)s chose how alarms reach “%(what)s”."),
    "channel.paused": _("%(who)s paused the channel “%(what)s”."),
    "channel.resumed": _("%(who)s resumed the channel “%(what)s”."),
    "circuit.reset": _("%(who)s took the channel “%(what)s” for working again."),
    "delivery.retried": _("%(who)s retried the delivery to “%(what)s”."),
    "delivery.doubt_resolved": _("%(who)s ended the doubt about the delivery to “%(what)s”."),
    "rehearsal.started": _("%(who)s began to rehearse “%(what)s”."),
    "rehearsal.stopped": _("%(who)s stopped a rehearsal of “%(what)s”."),
    "rehearsal.finished": _("The rehearsal of “%(what)s” by %(who)s ended."),
    "installation.halted": _("%(who)s halted the whole installation."),
    "installation.released": _("%(who)s released the whole installation."),
    "installation.declared_copy": _("%(who)s declared this installation a copy that never sends."),
}
FACTS = {
    "choice": _("What was overdue"),
    "skipped": _("Skipped"),
    "cut_short": _("Touchpoints cut short"),
    "minutes": _("Minutes"),
    "to": _("What it is held to be"),
    "by": _("By"),
    "rehearsal": _("Rehearsal"),
    "messages": _("Messages"),
    "seconds": _("Seconds"),
    "sent": _("Sent"),
    "not_sent": _("Not sent"),
    "planned_for": _("Planned for"),
    "owner": _("Owner"),
    "way": _("By the channel"),
}
CODES = {
    "choice": {"now": _("sent at once"), "skip": _("skipped"), "spread": _("spread over some time")},
    "to": dict(DeliveryState.choices),
    "by": {
        By.PERSON: _("a person's word"),
        By.POLICY: _("the channel's policy"),
        By.EVIDENCE: _("evidence that came back"),
        By.LOOK_UP: _("the provider's records"),
    },
    "reason": dict(SENTENCES),
}
