"""Holding back the updates while the work runs, and nothing else: all of them together, and those planned meanwhile.

Each is paused as by hand, so that the engine knows of nothing new; the campaign remembers that they are held.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from apps.accounts.models import User
from apps.accounts.services import record
from apps.campaigns.models import OPEN_STATES, STILL_TO_LEAVE, Anchor, Campaign, Touchpoint, TouchpointQuerySet
from apps.channels.models import Channel

from .closing import expire_past_use
from .models import Batch, BatchQuerySet
from .steering import Choice, Released, release, write_overdue


def updates_of(campaign: Campaign) -> TouchpointQuerySet:
    """The campaign's updates that are still to leave."""
    return Touchpoint.objects.filter(campaign=campaign, step__anchor=Anchor.DURING, state__in=STILL_TO_LEAVE)


@transaction.atomic
def hold_updates(campaign: Campaign, *, reason: str, actor: User | None, now: datetime) -> bool:
    """No further update of `campaign` is marked once this has been committed; False when they were held already."""
    row = Campaign.objects.filter(pk=campaign.pk, updates_held_at__isnull=True)
    if not row.update(updates_held_at=now, updates_held_by=actor, updates_held_reason=reason):
        return False
    updates_of(campaign).filter(paused_at__isnull=True).update(paused_at=now, paused_by=actor, pause_reason=reason)
    # The locks of the engine's marks: a batch is either marked before this, or refused after it.
    leaving = Touchpoint.objects.filter(pk__in=updates_of(campaign).filter(state__in=OPEN_STATES).values("pk"))
    list(leaving.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    record("campaign.updates_held", subject=campaign, actor=actor, now=now, reason=reason)
    return True


def release_updates(
    campaign: Campaign, *, choice: Choice, over: timedelta = timedelta(0), actor: User | None, now: datetime
) -> Released | None:
    """Lets them go on, and what is overdue as chosen; None when they were not held (any more)."""
    expire_past_use(now)  # while it can be said that they were held
    write_overdue(held_back(campaign), choice=choice, now=now)
    with transaction.atomic():
        current = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
        if current.updates_held_at is None:
            return None
        rows, batches = held_back(current), batches_held_back(current)
        held = Touchpoint.objects.filter(pk__in=list(held_together(current).values_list("pk", flat=True)))
        ids, batch_ids = list(rows.values_list("pk", flat=True)), list(batches.values_list("pk", flat=True))
        held.update(paused_at=None, paused_by=None, pause_reason="")
        Campaign.objects.filter(pk=current.pk).update(updates_held_at=None, updates_held_by=None, updates_held_reason="")
        free, going = Touchpoint.objects.filter(pk__in=ids), Batch.objects.filter(pk__in=batch_ids)
        released = release(free, going, choice=choice, over=over, now=now)
        record("campaign.updates_released", subject=current, actor=actor, now=now, **released.facts())
    return released


def held_together(campaign: Campaign) -> TouchpointQuerySet:
    """Those that were paused by holding the updates; one paused before by itself stays so."""
    return Touchpoint.objects.filter(campaign=campaign, paused_at=campaign.updates_held_at, paused_at__isnull=False)


def held_back(campaign: Campaign) -> TouchpointQuerySet:
    """Of these, those that nothing else holds back."""
    return held_together(campaign).filter(campaign__paused_at__isnull=True, channel__paused_at__isnull=True)


def batches_held_back(campaign: Campaign) -> BatchQuerySet:
    rows = Batch.objects.filter(touchpoint__in=held_together(campaign)).exclude(channel__in=Channel.objects.paused())
    return rows.exclude(Q(touchpoint__campaign__in=Campaign.objects.paused()))
