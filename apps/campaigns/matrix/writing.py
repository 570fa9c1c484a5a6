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
from ..models import Campaign, HandMadeCell, Touchpoint
from ..planner import CellKey
from ..plans import hand_made, plan_steps, window_of_plan
from .adding import MomentChanges, moment_facts, refuse_moments, write_moments
from .cells import HandMade, Wishes, is_on
from .locks import locks
from .moments import MomentWishes
from .names import names_of
from .reading import with_moments


@transaction.atomic
def change_cells(
    campaign: Campaign, wishes: Wishes, moments: MomentWishes | None = None, *, actor: User | None, now: datetime
) -> int:
    """Makes the plan what a planner wants, replans what has been released, and returns how many cells changed.

    Raises WindowError where the window was cancelled, a moment that is added says nothing to anybody, or a cell that would
    be switched, or something of a moment that would be edited or taken away, has left meanwhile.
    """
    campaign = Campaign.objects.select_related("window", "playbook").select_for_update(of=("self", "window")).get(pk=campaign.pk)
    if campaign.window.status == WindowStatus.CANCELLED:
        raise WindowError(_("The window was cancelled: nothing of its plan leaves any more."), code="wrong_status")
    moments = moments or MomentWishes()
    saved = plan_steps(campaign.playbook, campaign.window)
    steps = with_moments(saved, wishes, moments)
    own = MomentChanges.between(saved, steps, removed=moments.removed)
    before, playbook = {one.cell: one for one in hand_made(campaign.window)}, {step.cell: step for step in steps}
    window = window_of_plan(campaign, now=now)
    kept = {one.cell: one for one in moments.kept(before.values())}
    decided = wishes.decide(playbook, kept, window=window, actor_id=actor.pk if actor else None, now=now)
    after = {one.cell: one for one in decided}
    changed = [cell for cell in {**before, **after} if before.get(cell) != after.get(cell)]
    if not (changed or own.steps or moments.added):
        return 0
    touchpoints = list(campaign.touchpoints.select_for_update().order_by("pk"))  # as the engine's marks do
    refuse_moments(own, moments, touchpoints)
    switched = {
        cell: is_on(cell, playbook, after.get(cell), window)
        for cell in changed
        if is_on(cell, playbook, before.get(cell), window) != is_on(cell, playbook, after.get(cell), window)
    }
    _refuse_gone(touchpoints, switched)
    write_moments(campaign, own, now=now)
    _write(campaign, changed, after)
    campaign.plan_changed_at = now
    campaign.save(update_fields=["plan_changed_at", "updated_at"])
    _record(campaign, changed, switched, after, moments=moment_facts(own), actor=actor, now=now)
    services.replan(campaign, anew=own.edited_keys, now=now)
    return len({*changed, *(step.cell for step in own.steps)})


def _refuse_gone(touchpoints: Iterable[Touchpoint], switched: Iterable[CellKey]) -> None:
    gone = locks(touchpoints)
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
    moments: Mapping[str, list[str]],
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
        **moments,
    )
