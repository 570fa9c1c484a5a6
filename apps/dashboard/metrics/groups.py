"""Tickets per 1,000 people, by whether they had been told and had read it. Four queries.

A comparison, not a cause: people who read notices differ from people who do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q

from apps.audiences.models import Contact
from apps.campaigns.models import Campaign
from apps.tracking.models import Event, EventType, Ticket, Verdict

from ..stats import Interval, poisson_interval
from .engagement import Level, Seen, Told

LEAST_TICKETS = 5  # with fewer there is no rate
AROUND = timedelta(hours=24)


class Group(StrEnum):
    READ = "read"
    TOLD = "told"
    NOT_TOLD = "not_told"


@dataclass(frozen=True, kw_only=True)
class GroupFigures:
    group: Group
    people: int
    tickets: int

    @property
    def per_thousand(self) -> float | None:
        return 1000 * self.tickets / self.people if self.people and self.tickets >= LEAST_TICKETS else None

    @property
    def interval(self) -> Interval | None:
        if self.per_thousand is None:
            return None
        limits = poisson_interval(self.tickets)
        return Interval(low=1000 * limits.low / self.people, high=1000 * limits.high / self.people)


def ticket_groups(
    campaign: Campaign, *, told: Told, seen: Seen, starts_at: datetime, ends_at: datetime
) -> Sequence[GroupFigures]:
    """From a day before the start to a day after the end.

    Not told are the customers whom this campaign did not reach; tickets of people who are no contacts at all are counted
    among theirs, so that their rate is an upper limit.
    """
    signs = Q(type__in=(EventType.OPENED, EventType.CLICKED), verdict=Verdict.HUMAN)
    by_person = Event.objects.filter(
        signs, delivery__contact=OuterRef("delivery__contact"), delivery__touchpoint__campaign=campaign
    )
    around = Ticket.objects.filter(opened_at__gte=starts_at - AROUND, opened_at__lt=ends_at + AROUND)
    of_told = around.filter(campaign=campaign, delivery__contact__isnull=False)
    # Counted one by one: for conditional counts in one query PostgreSQL reads all deliveries and all events.
    # Each is part of the next, so a ticket that comes in between makes no difference negative.
    from_readers, from_told, tickets = of_told.filter(Exists(by_person)).count(), of_told.count(), around.count()
    readers = seen.at_least(Level.OPENED)
    customers = Contact.objects.active().filter(is_internal=False).count()
    return (
        GroupFigures(group=Group.READ, people=readers, tickets=from_readers),
        GroupFigures(group=Group.TOLD, people=max(0, told.people - readers), tickets=from_told - from_readers),
        GroupFigures(
            group=Group.NOT_TOLD,
            people=max(0, customers - told.customers),
            tickets=tickets - from_told,
        ),
    )
