"""From a touchpoint to its deliveries: set-based, in one transaction, the same however often and by whomever it is run."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from apps.audiences.copying import begin_copying
from apps.audiences.models import Contact
from apps.campaigns.approval.holding import hold_back_if_edited
from apps.campaigns.models import TOUCHPOINT_TRANSITIONS, Audience, Campaign, Reason, Touchpoint, TouchpointState
from apps.channels.models import ChannelKind
from apps.common import quiet_hours
from apps.common.states import move

from . import audience, invitations, policy
from .closing import Closing, close_batches
from .models import Batch, Delivery, DeliveryState, Expansion, Installation

logger = logging.getLogger(__name__)


class Expanded(StrEnum):
    WRITTEN = "written"  # its deliveries wait for their time
    NOBODY = "nobody"  # there is nobody to write to; the touchpoint is closed
    NOT_NOW = "not_now"  # another expander was quicker, it was re-planned, or messages it depends on are still leaving


@transaction.atomic
def expand_touchpoint(touchpoint_id: int, *, now: datetime, also_held_back: bool = False) -> Expanded:
    """Writes one delivery per recipient of a planned touchpoint, and the batches in which they leave.

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
    touchpoint = _due(now, also_held_back=also_held_back).filter(pk=touchpoint_id).first()
    if touchpoint is None or not _is_at_rest(touchpoint):
        return Expanded.NOT_NOW
    fence = Touchpoint.objects.filter(pk=touchpoint.pk, revision=touchpoint.revision)
    if obstacle := _obstacle(touchpoint):
        _move(fence, TouchpointState.SKIPPED, reason=obstacle)
        return Expanded.NOBODY
    if not _move(fence, TouchpointState.DUE, expanded_at=now, reason=""):
        return Expanded.NOT_NOW
    _write(touchpoint, now)
    return _conclude(touchpoint, fence, now)


def _is_in_hand(touchpoint_id: int) -> bool:
    """Whether another process is writing it; if none is, this one has it to the end of its transaction."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"expand touchpoint {touchpoint_id}"])
        row = cursor.fetchone()
    return not (row and row[0])


def plan_for_sets() -> None:
    """Rows written a moment ago have no statistics yet, and without them PostgreSQL would join row by row; compiling
    the statement would take it longer than running it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_nestloop = off")
            cursor.execute("SET LOCAL jit = off")


def _check_by_index() -> None:
    """The keys of many rows are checked when they are committed, one by one. Planned while there were few batches, each
    check would read all of them, and the connection would keep to that plan."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")


def _due(now: datetime, *, also_held_back: bool) -> QuerySet[Touchpoint]:
    ready = Touchpoint.objects.due_for_expansion(now, also_held_back=also_held_back).filter(useful_until__gt=now)
    return ready.select_related("campaign__window", "segment", "channel")


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


def _write(touchpoint: Touchpoint, now: datetime) -> None:
    close_batches(Batch.objects.filter(touchpoint=touchpoint), Closing.REPLANNED, now=now)
    if touchpoint.channel.is_broadcast:
        _write_broadcast(touchpoint, now)
        return
    write_people(touchpoint, audience.recipients(touchpoint), now=now)


def write_people(touchpoint: Touchpoint, people: QuerySet[Contact], *, now: datetime) -> None:
    """One delivery for each of `people` who has none of this revision yet."""
    for not_before, group in _groups(touchpoint, people, now):
        _revive(touchpoint, group, not_before=not_before, now=now)
        _insert(touchpoint, group, not_before=not_before, now=now)
    _check_by_index()


def _conclude(touchpoint: Touchpoint, fence: QuerySet[Touchpoint], now: datetime) -> Expanded:
    """With nobody left to write to, the touchpoint ends here."""
    count = prove(touchpoint, now=now)
    if count["waiting"]:
        return Expanded.WRITTEN
    if count["all"] or Delivery.objects.told().filter(touchpoint=touchpoint).exists():
        _move(fence, TouchpointState.SENT, settled_at=now)
    else:
        nobody = Reason.NOBODY_TOLD if touchpoint.audience == Audience.TOLD else Reason.NOBODY
        _move(fence, TouchpointState.SKIPPED, reason=nobody, settled_at=now)
    return Expanded.NOBODY


def prove(touchpoint: Touchpoint, *, now: datetime) -> dict[str, int]:
    """Keeps the proof of how many deliveries were written; returns `all` of them and those `waiting`."""
    written = Delivery.objects.filter(touchpoint=touchpoint, revision=touchpoint.revision)
    count = written.aggregate(all=Count("pk"), waiting=Count("pk", filter=Q(state=DeliveryState.PENDING)))
    Expansion.objects.update_or_create(
        touchpoint=touchpoint, revision=touchpoint.revision, defaults={"recipients": count["all"], "written_at": now}
    )
    return count


def _groups(touchpoint: Touchpoint, people: QuerySet[Contact], now: datetime) -> Iterator[tuple[datetime, QuerySet[Contact]]]:
    """Everybody at once or, where quiet hours apply, by the time at which it disturbs nobody in their zone."""
    assert touchpoint.due_at is not None, "a touchpoint to expand has its times"
    assert touchpoint.useful_until is not None, "a touchpoint to expand has its times"
    if not quiet_hours.has_quiet_hours(kind=touchpoint.channel.kind, urgency=touchpoint.urgency):
        yield touchpoint.due_at, people
        return
    window_zone = touchpoint.campaign.window.time_zone
    named = set(people.values_list("time_zone", flat=True).distinct())
    places = {zone or window_zone for zone in named}
    groups = quiet_hours.zone_groups(touchpoint.due_at, places, now=now, useful_until=touchpoint.useful_until)
    for not_before, zones in groups.items():
        spellings = [zone for zone in named if (zone or window_zone) in zones]
        yield not_before, people.filter(time_zone__in=spellings)


def _insert(touchpoint: Touchpoint, group: QuerySet[Contact], *, not_before: datetime, now: datetime) -> None:
    """One INSERT … SELECT for all of `group`, dealt out over as many batches as it takes."""
    written = Delivery.objects.filter(touchpoint=touchpoint, revision=touchpoint.revision)
    people = audience.without(group, written)
    total = people.count()
    count = _batch_count(touchpoint, total)
    if not count:
        return
    batches = _make_batches(touchpoint, count, not_before=not_before, now=now)
    chosen = audience.addressed(people, touchpoint).annotate(invitation=invitations.part_for(touchpoint))
    chosen = chosen.values("id", "address", "reason", "place", "invitation")
    select, select_params = chosen.query.sql_with_params()
    at = connection.ops.adapt_datetimefield_value(now)
    sql = f"""
        INSERT INTO {Delivery._meta.db_table}
            (touchpoint_id, revision, contact_id, batch_id, address, token, state, reason, attempts, provider_id, settled_at,
            invitation)
        SELECT %s, %s, people.id, dealt.column2, people.address, {_RANDOM_TOKEN[connection.vendor]},
            CASE WHEN people.reason = '' THEN 'pending' ELSE 'suppressed' END, people.reason, 0, '',
            CASE WHEN people.reason = '' THEN NULL ELSE {_AT[connection.vendor]} END, people.invitation
        FROM ({select}) people
        LEFT JOIN {_dealt(batches, "people.place", total)} AND people.reason = ''
        WHERE true
        ON CONFLICT (touchpoint_id, revision, contact_id) DO NOTHING
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [touchpoint.pk, touchpoint.revision, at, *select_params])
    # Where many were left out, some batches stayed empty.
    filled = Delivery.objects.filter(batch=OuterRef("pk"))
    Batch.objects.filter(~Exists(filled), pk__in=[batch.pk for batch in batches]).delete()


_RANDOM_TOKEN = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
_AT = {"postgresql": "%s::timestamptz", "sqlite": "%s"}


def _revive(touchpoint: Touchpoint, people: QuerySet[Contact], *, not_before: datetime, now: datetime) -> None:
    """Rows of this very revision that were closed unsent, because the plan changed without the window, leave after all."""
    closed = Delivery.objects.with_a_reason().filter(
        touchpoint=touchpoint,
        revision=touchpoint.revision,
        state__in=(DeliveryState.SUPERSEDED, DeliveryState.EXPIRED, DeliveryState.CANCELLED),
    )
    if not closed.exists():  # as a rule; to ask who the people are takes a while
        return
    closed = closed.filter(contact__in=people)
    total = closed.count()
    count = _batch_count(touchpoint, total)
    if not count:
        return
    batches = _make_batches(touchpoint, count, not_before=not_before, now=now)
    part = invitations.part_for(touchpoint, who="contact")
    placed = closed.annotate(place=Window(RowNumber(), order_by="pk"), part=part).values("id", "place", "part")
    select, params = placed.query.sql_with_params()
    table = Delivery._meta.db_table
    sql = f"""
        UPDATE {table}
        SET state = 'pending', reason = '', batch_id = dealt.column2, settled_at = NULL, invitation = closed.part
        FROM ({select}) closed JOIN {_dealt(batches, "closed.place", total)}
        WHERE {table}.id = closed.id
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def _dealt(batches: Sequence[Batch], place: str, total: int) -> str:
    """What to join so that rows with a `place` from 1 to `total` get evenly filled batches, one after the other; who came
    after they were counted goes into the last."""
    rows = ", ".join(f"({number}, {batch.pk})" for number, batch in enumerate(batches))
    last = len(batches) - 1
    number = f"CASE WHEN {place} > {total} THEN {last} ELSE ({place} - 1) * {len(batches)} / {total} END"
    return f"(VALUES {rows}) dealt ON dealt.column1 = {number}"


def _write_broadcast(touchpoint: Touchpoint, now: datetime) -> None:
    """One delivery to the channel's place, unless a correction finds that the place already shows what holds."""
    if touchpoint.audience == Audience.TOLD and not audience.told_otherwise(touchpoint).exists():
        return
    assert touchpoint.due_at is not None, "a touchpoint to expand has its time"
    if Delivery.objects.told().filter(touchpoint=touchpoint).exists():
        return
    (batch,) = _make_batches(touchpoint, 1, not_before=touchpoint.due_at, now=now)
    Delivery.objects.update_or_create(
        touchpoint=touchpoint,
        revision=touchpoint.revision,
        contact=None,
        defaults={"state": DeliveryState.PENDING, "reason": "", "batch": batch, "settled_at": None},
    )


def _batch_count(touchpoint: Touchpoint, total: int) -> int:
    is_paced = touchpoint.channel.pace is not None
    return policy.batch_count(total, usual=settings.DELIVERY_BATCH_SIZE, is_paced=is_paced)


def _make_batches(touchpoint: Touchpoint, count: int, *, not_before: datetime, now: datetime) -> Sequence[Batch]:
    assert touchpoint.due_at is not None, "a touchpoint to expand has its times"
    assert touchpoint.useful_until is not None, "a touchpoint to expand has its times"
    rank = policy.priority(urgency=touchpoint.urgency, useful_for=touchpoint.useful_until - touchpoint.due_at)
    rows = [
        Batch(
            touchpoint=touchpoint,
            revision=touchpoint.revision,
            channel=touchpoint.channel,
            priority=rank,
            not_before=not_before,
            created_at=now,
        )
        for _ in range(count)
    ]
    return Batch.objects.bulk_create(rows)


def _move(row: QuerySet[Touchpoint], to: str, **changes: Any) -> int:
    return move(row, to=to, transitions=TOUCHPOINT_TRANSITIONS, **changes)
