"""The help desk: ten usual weeks, and more than usual around the finished window."""

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apps.audiences.models import Contact
from apps.campaigns.models import Campaign
from apps.tracking.models import Ticket, TicketSource
from apps.tracking.services import record_ticket, requester_hash
from apps.tracking.tickets import TAG_PREFIX, TicketFacts

ZONE = ZoneInfo("Europe/Paris")
HOUR = timedelta(hours=1)
WEEKS = 10
WEEKEND = 0.3
# Tickets per hour from midnight on, on a working day.
USUAL = (0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 1.2, 2.6, 3.8, 4.2, 3.6, 2.4, 3.0, 3.8, 3.6, 3.0, 2.2, 1.4, 1.0, 0.8, 0.6, 0.4, 0.3)
DURING, AFTER = 3.4, 1.5  # tickets per hour on top, while the work runs and in the four hours behind it
SUBJECTS = ("Where is my order?", "Invoice missing", "Password reset does not arrive", "Return label", "Price question")
SUBJECTS_OF_THE_WINDOW = ("Payment is not accepted", "Shop says it is under maintenance", "Cannot confirm my order")


def write_tickets(campaign: Campaign, *, now: datetime) -> None:
    chance = random.Random(97)
    source, _ = TicketSource.objects.get_or_create(
        slug="help-desk", defaults={"name": "Help desk", "time_zone": ZONE.key, "last_seen_at": now}
    )
    people = list(Contact.objects.filter(is_internal=False).exclude(email="").values_list("email", "organisation"))
    began_at, over_at = campaign.window.actual_started_at, campaign.window.actual_ended_at
    assert began_at is not None
    assert over_at is not None
    usual = [_facts(at, chance, people, SUBJECTS) for at in _usual_times(chance, until=now)]
    extra = [
        _facts(at, chance, people, SUBJECTS_OF_THE_WINDOW, tag=_tag(campaign, chance))
        for start, end, rate in ((began_at, over_at, DURING), (over_at, over_at + 4 * HOUR, AFTER))
        for at in _times(chance, start, end, rate)
    ]
    near = [facts for facts in usual if began_at - 24 * HOUR <= facts.opened_at <= over_at + 24 * HOUR]
    far = [facts for facts in usual if facts not in near]
    Ticket.objects.bulk_create(_row(source, facts) for facts in far)
    for facts in sorted((*near, *extra), key=lambda facts: facts.opened_at):
        record_ticket(source, facts)  # one by one: each is tied to the window that it belongs to


def _usual_times(chance: random.Random, *, until: datetime) -> Iterator[datetime]:
    hour = (until - timedelta(weeks=WEEKS)).replace(minute=0, second=0, microsecond=0)
    while hour < until:
        local = hour.astimezone(ZONE)
        rate = USUAL[local.hour] * (WEEKEND if local.weekday() >= 5 else 1)
        yield from _times(chance, hour, min(hour + HOUR, until), rate)
        hour += HOUR


def _times(chance: random.Random, start: datetime, end: datetime, rate: float) -> Iterator[datetime]:
    """Instants of a Poisson process with `rate` an hour."""
    at = start
    while (at := at - HOUR * (math.log(1 - chance.random()) / rate)) < end:
        yield at


def _tag(campaign: Campaign, chance: random.Random) -> str:
    """A third of them the help desk ties by itself, with the tag that it agreed on."""
    return f"{TAG_PREFIX}{campaign.window.uid}" if chance.random() < 0.35 else ""


def _facts(
    at: datetime, chance: random.Random, people: list[tuple[str, str]], subjects: tuple[str, ...], tag: str = ""
) -> TicketFacts:
    email, organisation = chance.choice(people)
    return TicketFacts(
        external_id=f"HD-{chance.getrandbits(40):012d}",
        opened_at=at,
        subject=chance.choice(subjects),
        requester_email=email,
        organisation=organisation,
        status="solved",
        tags=(tag,) if tag else (),
    )


def _row(source: TicketSource, facts: TicketFacts) -> Ticket:
    return Ticket(
        source=source,
        external_id=facts.external_id,
        opened_at=facts.opened_at,
        subject=facts.subject,
        status=facts.status,
        requester_hash=requester_hash(facts.requester_email),
        organisation=facts.organisation,
    )
