"""How a campaign stands with its approval, for the pages that say so."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..models import Approval, ApprovalState, Campaign
from .changes import Difference, differences
from .verbs import needs_approval


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`latest` is the request that waits, else the newest answer; `changed` what was edited since it was given."""

    is_needed: bool
    latest: Approval | None
    changed: Sequence[Difference] = ()

    @property
    def holds(self) -> bool:
        return self.latest is not None and self.latest.state == ApprovalState.APPROVED and not self.changed

    @property
    def is_missing(self) -> bool:
        return self.is_needed and not self.holds

    @property
    def is_asked(self) -> bool:
        return self.latest is not None and self.latest.is_open

    @property
    def was_given(self) -> bool:
        """Approved once, and edited since."""
        return self.latest is not None and bool(self.latest.digest) and not self.holds

    @property
    def was_sent_back(self) -> bool:
        return self.latest is not None and self.latest.state == ApprovalState.SENT_BACK


def standing_of(campaign: Campaign) -> Standing:
    rows = list(
        campaign.approvals.select_related("asked_by", "approver", "decided_by").exclude(state=ApprovalState.WITHDRAWN)[:20]
    )
    latest = next((row for row in rows if row.is_open), rows[0] if rows else None)
    changed = differences(latest, campaign) if latest is not None and latest.digest else []
    return Standing(is_needed=needs_approval(campaign), latest=latest, changed=changed)
