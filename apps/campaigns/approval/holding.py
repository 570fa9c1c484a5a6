"""After the release: what was approved and edited since is held back like a pause, until it is approved anew.

The door that saves an edit calls it in the same transaction (receivers.py); the sweep finds what no door has told, and
before the recipients of a touchpoint are written it is asked once more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services import record
from apps.windows.models import MaintenanceWindow

from ..models import OPEN_STATES, Approval, ApprovalState, Campaign, Touchpoint
from . import letters
from .changes import differences
from .verbs import needs_approval


def hold_back_edited(now: datetime) -> int:
    """Every live campaign that was released with an approval and is no longer what was approved; returns how many."""
    live = MaintenanceWindow.objects.live()
    approvals = Approval.objects.standing().filter(campaign__released_at__isnull=False, campaign__window__in=live)
    return sum(hold_back_if_edited(pk, now=now) for pk in list(approvals.order_by().values_list("campaign", flat=True)))


@transaction.atomic
def hold_back_if_edited(campaign_id: int, *, now: datetime) -> bool:
    """Whether it is held back now for lack of an approval. One query where no approval was ever given.

    It takes the locks of the engine's marks, as any pause does: a batch is either marked before or refused after.
    """
    approval = Approval.objects.standing().filter(campaign=campaign_id, campaign__released_at__isnull=False).first()
    if approval is None:
        return False
    rows = Campaign.objects.select_related("window", "playbook", "owner").select_for_update(of=("self",), no_key=True)
    approval.campaign = campaign = rows.get(pk=campaign_id)
    changes = differences(approval, campaign) if needs_approval(campaign) else []
    if not changes:
        return False
    Approval.objects.filter(pk=approval.pk).update(state=ApprovalState.VOID)
    campaign.unapproved_since = now
    campaign.paused_at = campaign.paused_at or now
    campaign.save(update_fields=["unapproved_since", "paused_at", "updated_at"])
    marked = Touchpoint.objects.filter(campaign=campaign, state__in=OPEN_STATES).select_for_update(no_key=True)
    list(marked.order_by("pk").values_list("pk", flat=True))
    changed = [change.what for change in changes]
    record("campaign.held_back", subject=campaign, actor=None, now=now, approval=approval.pk, changed=changed)
    letters.held_back(approval, changes)
    return True


@dataclass(frozen=True, kw_only=True)
class LetGo:
    """What became of a campaign that was held back: it goes on, or so many touchpoints are overdue and wait for a decision."""

    overdue: int = 0


Release = Callable[[Campaign, User, datetime], LetGo]
_releases: list[Release] = []


def register(release: Release) -> None:
    """For the engine, which knows what is overdue; this app does not."""
    _releases.append(release)


def let_go(campaign: Campaign, *, actor: User, now: datetime) -> LetGo:
    """To be called by a door once the new approval is committed; a pause that a person made stays."""
    if campaign.paused_at is None or campaign.paused_by_id is not None:
        return LetGo()
    return LetGo(overdue=sum(release(campaign, actor, now).overdue for release in _releases))
