"""A playbook's steps changed cell by cell, and a campaign's plan kept as a playbook of its own."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain, count

from django.db import transaction
from django.utils.text import slugify

from apps.accounts.models import User
from apps.accounts.services import record
from apps.channels.models import MAIL_KINDS, Channel

from ..models import OWN_KEY, Campaign, Playbook, Step
from ..planner import CellKey
from ..plans import hand_made, plan_step, playbook_steps
from .cells import HandMade, Wishes, nearest
from .names import names_of


@transaction.atomic
def change_steps(playbook: Playbook, wishes: Wishes, *, actor: User | None, now: datetime) -> int:
    """Adds and takes away steps until the cells are as wished; returns how many cells changed.

    A step that is added is like the nearest one of its moment; a moment goes with its last step.
    """
    playbook = Playbook.objects.select_for_update().get(pk=playbook.pk)
    rows = {_cell_of(row): row for row in playbook.steps.all()}
    steps = playbook_steps(playbook)
    moments = {step.key for step in steps}
    known = {cell for cell in wishes.cells if cell.step_key in moments}
    added = [cell for cell in known if cell in wishes.on and cell not in rows]
    taken = [cell for cell in known if cell not in wishes.on and cell in rows]
    owned = [cell for cell in known if cell in wishes.on and cell in rows and rows[cell].owner_id != wishes.owners.get(cell)]
    if not (added or taken or owned):
        return 0
    names = names_of([*added, *taken, *owned])
    for cell in added:
        sibling = nearest(cell, steps)
        assert sibling is not None, "the moment has a step"
        like_step(rows[sibling.cell], cell, playbook=playbook, owner_id=wishes.owners.get(cell)).save()
    for cell in owned:
        rows[cell].owner_id = wishes.owners.get(cell)
        rows[cell].save(update_fields=["owner"])
    Step.objects.filter(pk__in=[rows[cell].pk for cell in taken]).delete()
    playbook.save(update_fields=["updated_at"])
    said = {"switched_on": added, "switched_off": taken, "owners": owned}
    detail = {verb: sorted(names[cell] for cell in cells) for verb, cells in said.items()}
    record("playbook.cells_changed", subject=playbook, actor=actor, now=now, **detail)
    return len(names)


@transaction.atomic
def save_as_playbook(campaign: Campaign, *, name: str, description: str, actor: User | None, now: datetime) -> Playbook:
    """The plan of `campaign` as its playbook and what was decided by hand make it, for other windows to follow."""
    playbook = Playbook.objects.create(name=name, slug=_free_slug(name), description=description)
    decided = {one.cell: one for one in hand_made(campaign.window)}
    rows = list(Step.objects.in_plan(campaign.playbook, campaign.window).select_related("channel", "fallback_channel"))
    steps = [plan_step(row) for row in rows]
    kept: list[Step] = []
    for row in rows:
        one = decided.pop(_cell_of(row), None)
        if one is None or one.is_on is not False:
            kept.append(_kept(row, one, playbook))
    by_cell = {_cell_of(row): row for row in rows}
    for one in decided.values():
        sibling = nearest(one.cell, steps) if one.is_on else None
        if sibling is not None:
            kept.append(like_step(by_cell[sibling.cell], one.cell, playbook=playbook, owner_id=one.owner_id))
    keys = _keys_in_a_playbook(rows)
    for position, row in enumerate(kept):
        row.key, row.position = keys[row.key], position
        row.save()
    record("playbook.saved_from_campaign", subject=playbook, actor=actor, now=now, campaign=campaign.pk)
    return playbook


def _kept(row: Step, one: HandMade | None, playbook: Playbook) -> Step:
    copied = _copy(row, playbook)
    if one is not None:
        copied.owner_id = one.owner_id or copied.owner_id
        copied.min_duration = None if one.is_on else copied.min_duration
    return copied


def _keys_in_a_playbook(rows: Iterable[Step]) -> dict[str, str]:
    """Moments that were the campaign's own lose the mark of it, and get a number where the playbook has such a key."""
    keys = {row.key: row.key for row in rows if row.campaign_id is None}
    for own in dict.fromkeys(row.key for row in rows if row.campaign_id is not None):
        base, taken = own.removeprefix(OWN_KEY), set(keys.values())
        numbered = (f"{base}-{number}" for number in count(2))
        keys[own] = next(key for key in chain([base], numbered) if key not in taken)
    return keys


def like_step(sibling: Step, cell: CellKey, *, playbook: Playbook, owner_id: int | None) -> Step:
    """A step of the same moment for other people or by another channel; what fits only the sibling's own is left out."""
    step, channel = _copy(sibling, playbook), Channel.objects.get(pk=cell.channel_id)
    step.segment_id, step.channel_id, step.owner_id = cell.segment_id, cell.channel_id, owner_id
    step.min_duration = None
    if cell.segment_id is None or sibling.channel_id != cell.channel_id:
        step.fallback_channel = None
    is_mail = cell.segment_id is not None and channel.kind in MAIL_KINDS
    step.invites, step.attaches_maintnote = step.invites and is_mail, step.attaches_maintnote and is_mail
    return step


def _copy(row: Step, playbook: Playbook) -> Step:
    fields = {field.attname: getattr(row, field.attname) for field in Step._meta.concrete_fields if not field.primary_key}
    return Step(**fields | {"playbook_id": playbook.pk, "campaign_id": None, "removed_at": None})


def _cell_of(row: Step) -> CellKey:
    return CellKey(row.key, row.segment_id, row.channel_id)


def _free_slug(name: str) -> str:
    """From the name, with a number behind it where it is taken."""
    base = slugify(name)[:50] or "playbook"
    taken = set(Playbook.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)
