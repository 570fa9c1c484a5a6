"""The coming update, sent at once instead of at its time. The next one of the plan stays where it is."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.accounts.services import record
from apps.campaigns.models import Anchor, Campaign, Touchpoint, TouchpointQuerySet, TouchpointState
from apps.windows.models import UNDER_WAY_STATUSES

from .models import Batch, BatchState

# It has a time, and nothing of it has left.
CAN_BE_HASTENED = (TouchpointState.PLANNED, TouchpointState.DUE)


def coming_update(campaign: Campaign) -> list[Touchpoint]:
    """The touchpoints of the next update: one moment, for each column; none where no update is to come."""
    rows = updates_to_come(campaign).select_related("campaign__window", "segment", "channel", "step__channel")
    found = list(rows.order_by("due_at", "pk"))
    return [row for row in found if (row.step_key, row.occurrence) == (found[0].step_key, found[0].occurrence)]


def updates_to_come(campaign: Campaign) -> TouchpointQuerySet:
    """While the work is under way: before that a text is content, which may need an approval."""
    rows = Touchpoint.objects.filter(campaign=campaign, step__anchor=Anchor.DURING, state__in=CAN_BE_HASTENED)
    return rows.filter(campaign__window__status__in=UNDER_WAY_STATUSES)


@transaction.atomic
def send_now(campaign: Campaign, *, step_key: str, occurrence: int, actor: User | None, now: datetime) -> list[Touchpoint]:
    """Makes the update due now wherever nothing of it has left yet; returns its touchpoints that leave by that.

    The campaign's lock keeps it from being re-planned meanwhile, and the touchpoints' from being written or marked. The
    time that the plan gave them is kept, so that the plan does not ask for the same update again.
    """
    Campaign.objects.select_for_update(of=("self",), no_key=True).get(pk=campaign.pk)
    rows = updates_to_come(campaign).filter(step_key=step_key, occurrence=occurrence, due_at__gt=now, useful_until__gt=now)
    chosen = list(rows.select_for_update(of=("self",), no_key=True).order_by("pk"))
    ids = [row.pk for row in chosen]
    Touchpoint.objects.filter(pk__in=ids).update(
        planned_for=Coalesce("planned_for", F("due_at")), due_at=now, expand_at=now, updated_at=now
    )
    Batch.objects.filter(touchpoint__in=ids, state=BatchState.READY, not_before__gt=now).update(not_before=now)
    _note(chosen, actor, now)
    return chosen


def _note(chosen: Sequence[Touchpoint], actor: User | None, now: datetime) -> None:
    for row in chosen:
        record("touchpoint.sent_now", subject=row, actor=actor, now=now, planned_for=str(row.due_at))
