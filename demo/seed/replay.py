"""The past of the demo's campaigns, with the answers of its mail server."""

from datetime import datetime

from apps.campaigns.models import Campaign
from apps.dashboard.sample import replaying
from apps.delivery.models import DeliveryState
from apps.delivery.outcomes import Outcome
from apps.delivery.policy import DeliveryReason
from apps.delivery.waiting import WaitingRow
from demo.mailbox.smtp import GONE_DOMAIN


def replay(campaign: Campaign, *, until: datetime) -> None:
    replaying.replay(campaign, until=until, answer=_answer)


def _answer(delivery: WaitingRow, at: datetime) -> Outcome:
    if not delivery.address.endswith(f"@{GONE_DOMAIN}"):
        return replaying.accepted(delivery, at)
    return Outcome(
        delivery_id=delivery.pk,
        attempts=delivery.attempts,
        state=DeliveryState.FAILED,
        reason=DeliveryReason.BAD_ADDRESS,
        at=at,
        phase="before",
        code="550 5.1.1",
        text="There is no such mailbox here",
        is_bad_address=True,
    )
