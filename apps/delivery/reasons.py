"""The sentences that people read for the reason codes of deliveries."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .policy import DeliveryReason

SENTENCES: Mapping[str, Promise] = {
    DeliveryReason.TRY_AGAIN: _("It was refused for now and goes again later."),
    DeliveryReason.REPEATED: _("Its answer was lost; it goes again under the same name."),
    DeliveryReason.CHANNEL_DOWN: _("The channel did not work; it goes when the channel works again."),
    DeliveryReason.PACED: _("It waits for its turn: the channel takes only so many messages at a time."),
    DeliveryReason.TEXT_BROKEN: _("Its text has an error; it goes when the text has been mended."),
    DeliveryReason.ENGINE_ERROR: _("The program failed before its turn came; it goes again later."),
    DeliveryReason.BY_HAND: _("A member of the team asked for another attempt."),
    DeliveryReason.NO_ADDRESS: _("The contact has no address for this channel."),
    DeliveryReason.ARCHIVED: _("The contact was archived before it left."),
    DeliveryReason.HARD_BOUNCE: _("The address does not exist or refuses mail for good."),
    DeliveryReason.COMPLAINT: _("The recipient reported an earlier message as unwanted."),
    DeliveryReason.UNSUBSCRIBED: _("The recipient has unsubscribed."),
    DeliveryReason.MANUAL: _("A member of the team blocked the address."),
    DeliveryReason.REFUSED: _("The provider refused it for good."),
    DeliveryReason.BAD_ADDRESS: _("The provider says that the address does not exist."),
    DeliveryReason.ATTEMPTS_USED_UP: _("It was refused at every attempt."),
    DeliveryReason.CONTENT_ERROR: _("Its text could not be written for this recipient."),
    DeliveryReason.CRASHED: _("The program failed again and again while preparing it."),
    DeliveryReason.BOUNCED: _("It was accepted and came back."),
    DeliveryReason.NOT_ARRIVED: _("A member of the team found out that it did not arrive."),
    DeliveryReason.NO_ANSWER: _("It was handed over and no answer came: it may have arrived."),
    DeliveryReason.WORKER_LOST: _("The worker stopped in the middle of it: it may have arrived."),
    DeliveryReason.NO_EVIDENCE: _("Nothing came in time to show whether it arrived."),
    DeliveryReason.PAST_USE: _("Its use was over before it could leave."),
    DeliveryReason.QUIET_HOURS: _("It would have come at night or at a weekend, and no earlier hour was left."),
    DeliveryReason.PAUSED: _("Sending was paused until its use was over."),
    DeliveryReason.HALTED: _("The whole installation was halted until its use was over."),
    DeliveryReason.SKIPPED: _("A member of the team skipped it instead of sending it late."),
    DeliveryReason.WINDOW_CHANGED: _("The window changed before it left."),
    DeliveryReason.WINDOW_CANCELLED: _("The window was cancelled before it left."),
}


def sentence(reason: str) -> str:
    """What people read for `reason`; a code that nobody translated is shown as it is."""
    return str(SENTENCES.get(reason, reason))
