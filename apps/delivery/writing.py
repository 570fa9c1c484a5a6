"""The rows of an expansion: one delivery for each of many people, and the batches in which they leave. Set-based; in the
caller's transaction."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber

from apps.audiences.models import Contact
from apps.campaigns.models import Audience, Touchpoint
from apps.common import quiet_hours

from . import audience, invitations, policy
from .models import Batch, Delivery, DeliveryState


def write_people(
    touchpoint: Touchpoint,
    people: QuerySet[Contact],
    *,
    now: datetime,
    span: audience.Span = audience.EVERYBODY,
    before: int = 0,
) -> int:
    """One delivery for each of `people` who has none of this revision yet; returns how many are new. All of `people` are in
    `span`; so many were written `before`."""
    written = 0
    for not_before, group in _groups(touchpoint, people, now):
        _revive(touchpoint, group, not_before=not_before, now=now)
        written += _insert(touchpoint, group, not_before=not_before, now=now, span=span, before=before)
    _check_by_index()
    return written


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


def check_keys_now() -> None:
    """Not when they are committed: what is locked by then waits for it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


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


def _insert(
    touchpoint: Touchpoint, group: QuerySet[Contact], *, not_before: datetime, now: datetime, span: audience.Span, before: int
) -> int:
    """One INSERT … SELECT for all of `group`, dealt out over as many batches as it takes."""
    written = Delivery.objects.filter(touchpoint=touchpoint, revision=touchpoint.revision)
    people = audience.without(group, written, span=span)
    total = people.count()
    weights = _weights(touchpoint, total, written=before, has_more=span.last is not None)
    parts = _make_parts(touchpoint, weights, not_before=not_before, now=now)
    if not parts:
        return 0
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
        LEFT JOIN {_dealt(parts, "people.place", total)} AND people.reason = ''
        WHERE true
        ON CONFLICT (touchpoint_id, revision, contact_id) DO NOTHING
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [touchpoint.pk, touchpoint.revision, at, *select_params])
        new: int = cursor.rowcount
    # Where many were left out, the last batches stayed empty.
    filled = Delivery.objects.filter(batch=OuterRef("pk"))
    Batch.objects.filter(~Exists(filled), pk__in={batch.pk for batch in parts}).delete()
    return new


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
    parts = _make_parts(touchpoint, _weights(touchpoint, total), not_before=not_before, now=now)
    if not parts:
        return
    part = invitations.part_for(touchpoint, who="contact")
    placed = closed.annotate(place=Window(RowNumber(), order_by="pk"), part=part).values("id", "place", "part")
    select, params = placed.query.sql_with_params()
    table = Delivery._meta.db_table
    sql = f"""
        UPDATE {table}
        SET state = 'pending', reason = '', batch_id = dealt.column2, settled_at = NULL, invitation = closed.part
        FROM ({select}) closed JOIN {_dealt(parts, "closed.place", total)}
        WHERE {table}.id = closed.id
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def _dealt(parts: Sequence[Batch], place: str, total: int) -> str:
    """What to join so that rows with a `place` from 1 to `total` fill the parts evenly, one after the other, each in the batch
    that has it; who came after they were counted goes into the last."""
    rows = ", ".join(f"({number}, {batch.pk})" for number, batch in enumerate(parts))
    last = len(parts) - 1
    number = f"CASE WHEN {place} > {total} THEN {last} ELSE ({place} - 1) * {len(parts)} / {total} END"
    return f"(VALUES {rows}) dealt ON dealt.column1 = {number}"


def write_broadcast(touchpoint: Touchpoint, now: datetime) -> None:
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


def _weights(touchpoint: Touchpoint, total: int, *, written: int = 0, has_more: bool = False) -> Sequence[int]:
    is_paced = touchpoint.channel.pace is not None
    usual = settings.DELIVERY_BATCH_SIZE
    return policy.batch_weights(total, usual=usual, is_paced=is_paced, written=written, has_more=has_more)


def _make_parts(touchpoint: Touchpoint, weights: Sequence[int], *, not_before: datetime, now: datetime) -> Sequence[Batch]:
    """New batches of these weights: for each part, in their order, the batch that has it."""
    batches = _make_batches(touchpoint, len(weights), not_before=not_before, now=now)
    return [batch for batch, weight in zip(batches, weights, strict=True) for _part in range(weight)]


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
