"""From a touchpoint to its deliveries: set-based, the same however often and by whomever it is run.

The people of a segment may be a million. They are written in portions, a transaction each, and those of the first leave
while the others are being written; how far it has come stands in the touchpoint's Expansion.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F, Q, QuerySet

from apps.audiences.copying import begin_copying
from apps.campaigns.approval.holding import hold_back_if_edited
from apps.campaigns.models import TOUCHPOINT_TRANSITIONS, Audience, Campaign, Reason, Touchpoint, TouchpointState
from apps.channels.models import ChannelKind
from apps.common.states import move

from . import audience, policy
from .closing import Closing, close_batches, finish_touchpoint
from .models import Batch, Delivery, DeliveryState, Expansion, Installation
from .retrying import reopen
from .writing import check_keys_now, plan_for_sets, write_broadcast, write_people


class Expanded(StrEnum):
    WRITTEN = "written"  # its deliveries wait for their time
    PARTLY = "partly"  # those of a portion do; called again, it writes the next
    NOBODY = "nobody"  # there is nobody (more) to write to; the touchpoint is closed
    NOT_NOW = "not_now"  # another expander was quicker, it was stopped or paused, or messages it depends on are still leaving


def expand_wholly(touchpoint_id: int, *, now: datetime, also_held_back: bool = False) -> Expanded:
    """All portions, one after the other."""
    outcome = Expanded.PARTLY
    while outcome is Expanded.PARTLY:
        outcome = expand_touchpoint(touchpoint_id, now=now, also_held_back=also_held_back)
    return outcome


@transaction.atomic
def expand_touchpoint(touchpoint_id: int, *, now: datetime, also_held_back: bool = False) -> Expanded:
    """Writes one delivery per recipient of a planned touchpoint, and the batches in which they leave: of all of them or, of
    a large one, of the next portion.

    One that is paused is left alone, as are all while the installation is halted, unless it is `also_held_back` that is
    to be written.

    Expansions of one campaign run one after another (its row is locked, before the touchpoint's, as re-planning does),
    so that sibling touchpoints see each other's recipients. Where another process has this very touchpoint in hand, this one
    does not wait for it: the clock says each second what is still to be written.
    """
    if not also_held_back and _is_in_hand(touchpoint_id):
        return Expanded.NOT_NOW
    begin_copying()
    if Installation.objects.halted().exists() and not also_held_back:
        return Expanded.NOT_NOW
    plan_for_sets()
    campaign = Campaign.objects.select_for_update(of=("self",), no_key=True).filter(touchpoints=touchpoint_id).first()
    if campaign and not also_held_back and hold_back_if_edited(campaign.pk, now=now):
        return Expanded.NOT_NOW
    begun = Expansion.objects.to_finish(now).filter(touchpoint=touchpoint_id).first()
    if begun:
        return _go_on(begun, now, also_held_back=also_held_back)
    return _begin(touchpoint_id, now, also_held_back=also_held_back)


def _is_in_hand(touchpoint_id: int) -> bool:
    """Whether another process is writing it; if none is, this one has it to the end of its transaction."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"expand touchpoint {touchpoint_id}"])
        row = cursor.fetchone()
    return not (row and row[0])


def _begin(touchpoint_id: int, now: datetime, *, also_held_back: bool) -> Expanded:
    due = Touchpoint.objects.due_for_expansion(now, also_held_back=also_held_back).filter(useful_until__gt=now)
    touchpoint = due.select_related("campaign__window", "segment", "channel").filter(pk=touchpoint_id).first()
    if touchpoint is None or not _is_at_rest(touchpoint):
        return Expanded.NOT_NOW
    fence = Touchpoint.objects.filter(pk=touchpoint.pk, revision=touchpoint.revision)
    if obstacle := _obstacle(touchpoint):
        _move(fence, TouchpointState.SKIPPED, reason=obstacle)
        return Expanded.NOBODY
    if not _move(fence, TouchpointState.DUE, expanded_at=now, reason=""):
        return Expanded.NOT_NOW
    close_batches(Batch.objects.filter(touchpoint=touchpoint), Closing.REPLANNED, now=now)
    span = _write(touchpoint, now)
    count = prove(touchpoint, reached=span.last, now=now)
    if span.last is not None:
        return Expanded.PARTLY
    return Expanded.WRITTEN if count["waiting"] else _end(touchpoint, fence, now, has_any=bool(count["all"]))


def _go_on(begun: Expansion, now: datetime, *, also_held_back: bool) -> Expanded:
    """Writes the next portion. Its batches are being sent meanwhile, each of which takes the touchpoint's lock for a moment:
    this takes it at the very end."""
    rows = Touchpoint.objects if also_held_back else Touchpoint.objects.going()
    touchpoint = rows.select_related("campaign__window", "segment", "channel").filter(pk=begun.touchpoint_id).first()
    if touchpoint is None or (not also_held_back and _has_another_ahead(begun, touchpoint, now)):
        return Expanded.NOT_NOW
    span = audience.next_span(touchpoint, after=begun.reached or 0, size=_portion_size(begun.recipients))
    people = audience.recipients(touchpoint, span=span)
    new = write_people(touchpoint, people, now=now, span=span, before=begun.recipients)
    check_keys_now()
    locked = Touchpoint.objects.select_for_update(no_key=True).get(pk=touchpoint.pk)
    if not (Expansion.objects.to_finish(now).filter(pk=begun.pk).exists() and reopen(locked)):
        transaction.set_rollback(True)  # stopped meanwhile
        return Expanded.NOT_NOW
    Expansion.objects.filter(pk=begun.pk).update(recipients=F("recipients") + new, reached=span.last, written_at=now)
    if touchpoint.reason == Reason.RULE_BROKEN:
        Touchpoint.objects.filter(pk=touchpoint.pk, reason=Reason.RULE_BROKEN).update(reason="")
    if span.last is not None:
        return Expanded.PARTLY
    if not begun.recipients + new:
        return _end(touchpoint, Touchpoint.objects.filter(pk=touchpoint.pk, revision=begun.revision), now, has_any=False)
    return Expanded.NOBODY if finish_touchpoint(touchpoint.pk, now=now) else Expanded.WRITTEN


def _has_another_ahead(begun: Expansion, touchpoint: Touchpoint, now: datetime) -> bool:
    """Whether a sibling that began before is just being written. One after the other: or as many workers as there are large
    siblings would wait for each other, and none of them would send."""
    others = Expansion.objects.to_finish(now).filter(touchpoint__campaign=touchpoint.campaign_id, pk__lt=begun.pk)
    at_work = others.filter(written_at__gt=now - policy.PORTION_SIGN_OF_LIFE).exclude(touchpoint__reason=Reason.RULE_BROKEN)
    return at_work.exists()


def _portion_size(written: int | None) -> int:
    return policy.portion_size(written, usual=settings.DELIVERY_BATCH_SIZE)


def _obstacle(touchpoint: Touchpoint) -> str:
    """Why it is left out at the last; whatever somebody did to the plan of a sample, it reaches nobody."""
    if not touchpoint.channel.is_enabled:
        return Reason.CHANNEL_DISABLED
    is_kept = touchpoint.channel.kind == ChannelKind.MEMORY
    return Reason.SAMPLE if touchpoint.campaign.window.is_sample and not is_kept else ""


def _is_at_rest(touchpoint: Touchpoint) -> bool:
    """Whether no worker has messages in hand on which the list of recipients depends.

    That is this touchpoint's own of before it was re-planned, what its siblings and their second channels still send of an
    earlier revision and, for a correction, all that its channel still sends of one: only then is it certain who was told
    what.
    """
    earlier = Q(touchpoint__campaign=touchpoint.campaign_id, revision__lt=touchpoint.revision)
    by_channel = Q(touchpoint__channel=touchpoint.channel_id)
    if touchpoint.audience == Audience.TOLD:
        earlier &= by_channel
    else:
        earlier &= by_channel | Q(touchpoint__audience=Audience.FAILED)
        earlier &= Q(touchpoint__step_key=touchpoint.step_key, touchpoint__occurrence=touchpoint.occurrence)
    return not Batch.objects.in_hand().filter(earlier | Q(touchpoint=touchpoint)).exists()


def _write(touchpoint: Touchpoint, now: datetime) -> audience.Span:
    """The place of a broadcast, everybody who was told, or the first portion of a segment; returns how far that goes."""
    if touchpoint.channel.is_broadcast:
        write_broadcast(touchpoint, now)
        return audience.EVERYBODY
    span = audience.EVERYBODY
    if touchpoint.audience == Audience.SEGMENT:
        span = audience.next_span(touchpoint, after=0, size=_portion_size(None))
    write_people(touchpoint, audience.recipients(touchpoint, span=span), now=now, span=span)
    return span


def _end(touchpoint: Touchpoint, fence: QuerySet[Touchpoint], now: datetime, *, has_any: bool) -> Expanded:
    """With nobody left to write to, the touchpoint ends here."""
    if has_any or Delivery.objects.told().filter(touchpoint=touchpoint).exists():
        _move(fence, TouchpointState.SENT, settled_at=now)
    else:
        nobody = Reason.NOBODY_TOLD if touchpoint.audience == Audience.TOLD else Reason.NOBODY
        _move(fence, TouchpointState.SKIPPED, reason=nobody, settled_at=now)
    return Expanded.NOBODY


def prove(touchpoint: Touchpoint, *, now: datetime, reached: int | None = None) -> dict[str, int]:
    """Keeps the proof of how many deliveries were written; returns `all` of them and those `waiting`. `reached`: the last
    contact of those written so far, where there are more."""
    written = Delivery.objects.filter(touchpoint=touchpoint, revision=touchpoint.revision)
    count = written.aggregate(all=Count("pk"), waiting=Count("pk", filter=Q(state=DeliveryState.PENDING)))
    Expansion.objects.update_or_create(
        touchpoint=touchpoint,
        revision=touchpoint.revision,
        defaults={"recipients": count["all"], "reached": reached, "skipped_at": None, "written_at": now},
    )
    return count


def _move(row: QuerySet[Touchpoint], to: str, **changes: Any) -> int:
    return move(row, to=to, transitions=TOUCHPOINT_TRANSITIONS, **changes)
