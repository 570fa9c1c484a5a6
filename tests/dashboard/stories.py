"""Campaigns with what came back, in a few lines."""

from datetime import timedelta
from itertools import count

from apps.campaigns.models import TouchpointState
from apps.delivery.models import Batch, Delivery
from apps.tracking.models import Event, Ticket, TicketSource
from tests.factories import (
    NOW,
    make_batch,
    make_campaign,
    make_channel,
    make_contact,
    make_delivery,
    make_touchpoint,
    make_window,
)

HOUR = timedelta(hours=1)
_number = count(1)


def finished_campaign(**window):
    """Four hours of work that ended an hour ago, on time."""
    times = {"starts_at": NOW - 5 * HOUR, "ends_at": NOW - HOUR}
    actual = {"actual_started_at": NOW - 5 * HOUR, "actual_ended_at": NOW - HOUR, "status": "completed"}
    return make_campaign(window=make_window(**(times | actual | window)))


def running_campaign(**window):
    """Four hours of work, of which one is over."""
    times = {"starts_at": NOW - HOUR, "ends_at": NOW + 3 * HOUR, "actual_started_at": NOW - HOUR, "status": "in_progress"}
    return make_campaign(window=make_window(**(times | window)))


def sent_touchpoint(campaign, *, late=timedelta(0), **fields):
    due_at = fields.setdefault("due_at", NOW - 6 * HOUR)
    fields.setdefault("channel", make_channel("email"))
    return make_touchpoint(campaign=campaign, state=TouchpointState.SENT, first_sent_at=due_at + late, **fields)


def settle(touchpoint, state="sent", *, number=1, late=timedelta(0), reason="", **fields):
    """So many deliveries in a state; those that left did so `late` after the due time."""
    if state not in ("pending", "sent"):
        reason = reason or ("no_answer" if state == "in_doubt" else "refused")
    if state in ("sent", "in_doubt", "unknown"):
        fields.setdefault("sent_at", touchpoint.due_at + late)
    if state == "pending":
        fields.setdefault("batch", Batch.objects.filter(touchpoint=touchpoint).first() or make_batch(touchpoint))
    return [make_delivery(touchpoint=touchpoint, state=state, reason=reason, **fields) for _ in range(number)]


def happened(delivery, type_, verdict=""):
    at = (delivery.sent_at or NOW) + HOUR
    return Event.objects.create(delivery=delivery, type=type_, verdict=verdict, at=at, key=f"k{next(_number)}", source="pixel")


def help_desk(name="Help desk", **fields):
    return TicketSource.objects.create(name=name, slug=f"desk-{next(_number)}", **fields)


def tickets(source, *times, **fields):
    return [Ticket.objects.create(source=source, external_id=str(next(_number)), opened_at=at, **fields) for at in times]


def usual_tickets(source, at, *, per_hour, weeks=13):
    """So many in that hour of each of the weeks before."""
    rows = [
        Ticket(source=source, external_id=str(next(_number)), opened_at=at - timedelta(weeks=week, minutes=-each))
        for week in range(1, weeks + 1)
        for each in range(per_hour)
    ]
    Ticket.objects.bulk_create(rows)


def crowd(touchpoint, size):
    """Many sent deliveries, half of them opened by people."""
    contacts = [make_contact() for _ in range(size)]
    fields = {"touchpoint": touchpoint, "revision": 1, "state": "sent", "sent_at": touchpoint.due_at}
    rows = Delivery.objects.bulk_create([Delivery(contact=contact, address=contact.email, **fields) for contact in contacts])
    for delivery in rows[::2]:
        happened(delivery, "opened", "human")
