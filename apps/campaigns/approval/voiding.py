"""That an edit would take away an approval, said before it is saved."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from apps.accounts.people import person_words

from ..models import Approval, Campaign
from ..moments import instant_words
from ..planner import PlanStep
from .changes import differences
from .contents import contents_of
from .verbs import needs_approval


def voiding_words(campaign: Campaign, asked: Sequence[PlanStep], *, zone: str) -> str:
    """Whose approval no longer holds once the plan is made of `asked`, and what follows; nothing where none falls.

    `zone` is the reader's.
    """
    approval = _falls(campaign, asked)
    if approval is None or approval.decided_at is None:
        return ""
    given = {"who": person_words(approval.decided_by), "when": instant_words(approval.decided_at, zone)}
    if not needs_approval(campaign):
        return _("Saving takes away the approval by %(who)s (%(when)s).") % given
    if campaign.released_at is None:
        return (
            _("Saving takes away the approval by %(who)s (%(when)s): it has to be approved anew before it can be scheduled.")
            % given
        )
    return _("Saving takes away the approval by %(who)s (%(when)s): nothing more of it leaves until it is approved anew.") % given


def _falls(campaign: Campaign, asked: Sequence[PlanStep]) -> Approval | None:
    """The approval that holds now and would not any more."""
    approval = campaign.approvals.standing().select_related("decided_by").first()
    if approval is None or differences(approval, campaign):
        return None
    return approval if differences(approval, campaign, contents_of(campaign, asked)) else None
