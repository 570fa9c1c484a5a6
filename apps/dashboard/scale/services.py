"""Fills the database; set by set, in one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from apps.accounts.models import AuditEvent
from apps.accounts.services import record
from apps.audiences.models import Contact, Segment, Suppression, SuppressionReason
from apps.campaigns.builtin.loading import load_builtin
from apps.campaigns.models import Playbook, Step, Touchpoint, TouchpointState
from apps.channels.models import Channel, ChannelKind
from apps.delivery.models import Batch, BatchState, Delivery, Expansion
from apps.tracking.models import Event, Ticket, TicketSource
from apps.windows.models import MaintenanceWindow, Service

from .sizes import Sizes
from .sql import analyse, insert_select, json_text, later, token
from .windows import BATCH, MOMENTS, Basics, make_touchpoints, make_windows

DOMAIN = "seed.example"  # RFC 2606: nobody's
SERVICES = (
    "Checkout",
    "Customer portal",
    "Partner API",
    "Search",
    "Invoices",
    "Mail",
    "Files",
    "Telephony",
    "Reports",
    "Sign-in",
)
PLANS = ("essential", "performance", "premium")
WHY_PAUSED = "Seeded to see how large tables behave: nothing of it is meant to leave."
Say = Callable[[str], None]


class HasData(Exception):
    """The database is somebody's."""


def seed(sizes: Sizes, *, into_data: bool = False, say: Say = lambda _words: None, now: datetime) -> None:
    """Raises HasData, and writes nothing, where there are contacts, windows or deliveries already."""
    if not into_data and any(model._default_manager.exists() for model in (Contact, MaintenanceWindow, Delivery)):
        raise HasData
    with transaction.atomic():
        load_builtin(now=now)
        basics = _basics(now)
        say("services, segments, a channel that sends nothing and a playbook")
        first = _contacts(sizes, now)
        say(f"{sizes.contacts:,} contacts")
        campaigns = make_windows(sizes, basics, now=now)
        make_touchpoints(campaigns, basics, now=now)
        analyse()  # what follows joins these
        say(f"{sizes.windows:,} windows with campaigns and touchpoints")
        _deliveries(sizes, basics, first)
        analyse()
        say(f"{sizes.deliveries:,} deliveries")
        _answers(sizes, basics, now)
        say(f"{sizes.events:,} events, {sizes.tickets:,} tickets, {sizes.trail:,} lines of the trail")
        record("database.seeded", subject=MaintenanceWindow, actor=None, now=now, contacts=sizes.contacts, windows=sizes.windows)
    analyse()


def _basics(now: datetime) -> Basics:
    for name in SERVICES:
        Service.objects.get_or_create(slug=f"seed-{name.lower().replace(' ', '-')}", defaults={"name": f"{name} (seeded)"})
    segments = [_segment(plan) for plan in PLANS]
    channel, _is_new = Channel.objects.get_or_create(
        slug="seeded", defaults={"name": "Seeded, sends nothing", "kind": ChannelKind.MEMORY}
    )
    Channel.objects.filter(pk=channel.pk).update(paused_at=now, pause_reason=WHY_PAUSED)
    playbook, _is_new = Playbook.objects.get_or_create(slug="seeded", defaults={"name": "Seeded"})
    steps = [_step(place, playbook, segments[0], channel) for place in range(len(MOMENTS))]
    services = list(Service.objects.filter(slug__startswith="seed-"))
    return Basics(services=services, segments=segments, channel=channel, playbook=playbook, steps=steps)


def _segment(plan: str) -> Segment:
    rule = {"field": "attributes.plan", "op": "is", "value": plan}
    return Segment.objects.get_or_create(slug=f"seed-{plan}", defaults={"name": f"Plan {plan} (seeded)", "rule": rule})[0]


def _step(place: int, playbook: Playbook, segment: Segment, channel: Channel) -> Step:
    key, anchor, days, hours = MOMENTS[place]
    when = {"anchor": anchor, "offset_days": days, "offset": timedelta(hours=hours)}
    defaults = {"position": place, "segment": segment, "channel": channel, "content_key": key, **when}
    return Step.objects.get_or_create(playbook=playbook, key=key, defaults=defaults)[0]


def _contacts(sizes: Sizes, now: datetime) -> int:
    """Returns the number before the first of them."""
    columns = {
        "created_at": "%(now)s",
        "updated_at": "%(now)s",
        "name": "'Person ' || i",
        "email": f"'person' || i || '@{DOMAIN}'",
        "organisation": "'Organisation ' || (i %% 2000)",
        "time_zone": "CASE i %% 4 WHEN 0 THEN 'Europe/Paris' WHEN 1 THEN 'America/New_York' WHEN 2 THEN 'Asia/Tokyo' ELSE '' END",
        "language": "CASE WHEN i %% 3 = 0 THEN 'fr' ELSE 'en' END",
        "is_internal": "i %% 500 = 0",
        "attributes": json_text(
            """'{"plan": "' || CASE i %% 3 WHEN 0 THEN 'essential' WHEN 1 THEN 'performance' ELSE 'premium' END || '"}'"""
        ),
    }
    insert_select(Contact, columns, "FROM n", {"count": sizes.contacts, "now": _stamp(now)})
    first = Contact.objects.filter(email__endswith=f"@{DOMAIN}").aggregate(first=Min("pk"))["first"]
    return int(first) - 1


def _deliveries(sizes: Sizes, basics: Basics, before_first: int) -> None:
    """Each sent touchpoint to a run of contacts of its own; one batch, marked at its time, for each."""
    sent = Touchpoint.objects.filter(state=TouchpointState.SENT, channel=basics.channel).order_by("pk")
    rows = [(row, row.due_at) for row in sent.only("pk", "due_at") if row.due_at]
    Expansion.objects.bulk_create(
        [
            Expansion(touchpoint=row, revision=1, recipients=sizes.recipients(place), written_at=due_at)
            for place, (row, due_at) in enumerate(rows)
        ],
        BATCH,
    )
    batches = (
        Batch(
            touchpoint=row,
            revision=1,
            channel=basics.channel,
            not_before=due_at,
            state=BatchState.DONE,
            marked_at=due_at,
            done_at=due_at,
            created_at=due_at,
        )
        for row, due_at in rows
    )
    Batch.objects.bulk_create(batches, BATCH)
    # Of a hundred people two are refused for good and one has unsubscribed.
    refused, left_out = "c.id %% 50 = 7", "c.id %% 100 = 13"
    handed_over = later("t.due_at", "1 + c.id %% 90")
    columns = {
        "touchpoint_id": "t.id",
        "revision": "1",
        "contact_id": "c.id",
        "batch_id": f"CASE WHEN {left_out} THEN NULL ELSE b.id END",
        "address": "c.email",
        "token": token(),
        "state": f"CASE WHEN {refused} THEN 'failed' WHEN {left_out} THEN 'suppressed' ELSE 'sent' END",
        "reason": f"CASE WHEN {refused} THEN 'refused' WHEN {left_out} THEN 'unsubscribed' ELSE '' END",
        "attempts": f"CASE WHEN {left_out} THEN 0 ELSE 1 END",
        "sent_at": f"CASE WHEN {refused} OR {left_out} THEN NULL ELSE {handed_over} END",
        "settled_at": handed_over,
    }
    source = """FROM delivery_expansion e JOIN campaigns_touchpoint t ON t.id = e.touchpoint_id
        JOIN delivery_batch b ON b.touchpoint_id = t.id
        JOIN audiences_contact c ON c.id > %(first)s + (e.id * 7919) %% (%(contacts)s - e.recipients + 1)
            AND c.id <= %(first)s + (e.id * 7919) %% (%(contacts)s - e.recipients + 1) + e.recipients
        WHERE t.channel_id = %(channel)s AND t.state = 'sent'"""
    values = {"first": before_first, "contacts": sizes.contacts, "channel": basics.channel.pk}
    insert_select(Delivery, columns, source, values)


def _answers(sizes: Sizes, basics: Basics, now: datetime) -> None:
    of_ours = "FROM delivery_delivery d JOIN campaigns_touchpoint t ON t.id = d.touchpoint_id"
    columns = {
        "delivery_id": "d.id",
        "type": "CASE d.id %% 3 WHEN 0 THEN 'opened' WHEN 1 THEN 'delivered' ELSE 'clicked' END",
        "at": later("d.settled_at", "60 + d.id %% 9000"),
        "verdict": "CASE d.id %% 3 WHEN 1 THEN '' ELSE 'human' END",
        "key": "'seed-' || d.id",
        "source": "'pixel'",
    }
    wanted = f"{of_ours} WHERE t.channel_id = %(channel)s AND d.state = 'sent' LIMIT %(limit)s"
    insert_select(Event, columns, wanted, {"channel": basics.channel.pk, "limit": sizes.events})
    source, _is_new = TicketSource.objects.get_or_create(slug="seeded", defaults={"name": "Seeded help desk"})
    ticket = {
        "uid": token(),
        "source_id": "%(source)s",
        "external_id": "'seed-' || i",
        "opened_at": later("%(now)s", "-i * 1800"),
        "subject": "'Cannot sign in'",
        "status": "CASE i %% 2 WHEN 0 THEN 'open' ELSE 'closed' END",
    }
    insert_select(Ticket, ticket, "FROM n", {"count": sizes.tickets, "now": _stamp(now), "source": source.pk})
    suppression = {
        "created_at": "%(now)s",
        "updated_at": "%(now)s",
        "kind": "'email'",
        "address": f"'person' || (i * 50) || '@{DOMAIN}'",
        "reason": f"'{SuppressionReason.UNSUBSCRIBED}'",
    }
    insert_select(Suppression, suppression, "FROM n", {"count": sizes.suppressions, "now": _stamp(now)})
    event: dict[str, Any] = {
        "at": later("%(now)s", "-i * 300"),
        "verb": "'window.texts_edited'",
        "subject_type": "'windows.maintenancewindow'",
        "subject_id": "CAST(w.id AS varchar)",
        "detail": json_text("""'{"language": "en", "changes": {"title": ["Before ' || i || '", "After ' || i || '"]}}'"""),
    }
    windows = "FROM n JOIN windows_maintenancewindow w ON w.id = %(low)s + (i - 1) %% %(windows)s"
    low = MaintenanceWindow.objects.order_by("-pk").values_list("pk", flat=True)[sizes.windows - 1]
    insert_select(AuditEvent, event, windows, {"count": sizes.trail, "now": _stamp(now), "low": low, "windows": sizes.windows})


def _stamp(now: datetime) -> Any:
    return now if connection.vendor == "postgresql" else now.replace(tzinfo=None).isoformat(" ")
