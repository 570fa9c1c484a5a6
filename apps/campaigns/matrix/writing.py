"""What is decided by hand about a campaign's plan, written down and carried out in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record
from apps.windows.models import WindowStatus
from apps.windows.services import WindowError

from .. import services
from ..models import Campaign, HandMadeCell
from ..planner import CellKey
from ..plans import hand_made, playbook_steps, window_of_plan
from .cells import HandMade, Wishes, is_on
from .locks import locks
from .names import names_of


@transaction.atomic
def change_cells(campaign: Campaign, wishes: Wishes, *, actor: User | None, now: datetime) -> int:
    """Makes the plan's cells what a planner wants, replans what has been released, and returns how many cells changed.

    Raises WindowError where the window was cancelled, or a cell that would be switched has left meanwhile.
    """
    campaign = Campaign.objects.select_related("window", "playbook").select_for_update(of=("self", "window")).get(pk=campaign.pk)
    if campaign.window.status == WindowStatus.CANCELLED:
        raise WindowError(_("The window was cancelled: nothing of its plan leaves any more."), code="wrong_status")
    before = {one.cell: one for one in hand_made(campaign.window)}
    playbook = {step.cell: step for step in playbook_steps(campaign.playbook)}
    window = window_of_plan(campaign, now=now)
    decided = wishes.decide(playbook, before, window=window, actor_id=actor.pk if actor else None, now=now)
    after = {one.cell: one for one in decided}
    changed = [cell for cell in {**before, **after} if before.get(cell) != after.get(cell)]
    if not changed:
        return 0
    switched = {
        cell: is_on(cell, playbook, after.get(cell), window)
        for cell in changed
        if is_on(cell, playbook, before.get(cell), window) != is_on(cell, playbook, after.get(cell), window)
    }
    _refuse_gone(campaign, switched)
    _write(campaign, changed, after)
    campaign.plan_changed_at = now
    campaign.save(update_fields=["plan_changed_at", "updated_at"])
    _record(campaign, changed, switched, after, actor=actor, now=now)
    services.replan(campaign, now=now)
    return len(changed)


def _refuse_gone(campaign: Campaign, switched: Iterable[CellKey]) -> None:
    gone = locks(campaign.touchpoints.all())
    refused = [cell for cell in switched if cell in gone]
    if refused:
        raise WindowError(
            _("%(cell)s can no longer be switched: it has left, or is leaving."),
            code="has_left",
            params={"cell": ", ".join(names_of(refused).values())},
        )


def _write(campaign: Campaign, changed: Sequence[CellKey], after: Mapping[CellKey, HandMade]) -> None:
    for cell in changed:
        one = after.get(cell)
        if one is None:
            HandMadeCell.objects.filter(campaign=campaign, **_fields(cell)).delete()
            continue
        said = {
            "is_on": one.is_on,
            "owner_id": one.owner_id,
            "decided_by_id": one.decided_by_id,
            "decided_at": one.decided_at,
        }
        HandMadeCell.objects.update_or_create(campaign=campaign, **_fields(cell), defaults=said)


def _fields(cell: CellKey) -> dict[str, Any]:
    return {"step_key": cell.step_key, "segment_id": cell.segment_id, "channel_id": cell.channel_id}


def _record(
    campaign: Campaign,
    changed: Sequence[CellKey],
    switched: Mapping[CellKey, bool],
    after: Mapping[CellKey, HandMade],
    *,
    actor: User | None,
    now: datetime,
) -> None:
    names = names_of(changed)
    people = User.objects.in_bulk({one.owner_id for one in after.values() if one.owner_id})
    owned = [cell for cell in changed if cell not in switched]
    owners = {cell: people.get(after[cell].owner_id or 0) if cell in after else None for cell in owned}
    record(
        "campaign.cells_changed",
        subject=campaign,
        actor=actor,
        now=now,
        switched_on=[names[cell] for cell, wanted in switched.items() if wanted],
        switched_off=[names[cell] for cell, wanted in switched.items() if not wanted],
        owners=[f"{names[cell]}: {owner or '–'}" for cell, owner in owners.items()],
    )
