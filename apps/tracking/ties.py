"""Which campaign a ticket belongs to, and how sure that is."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext as _

from apps.audiences.models import Contact
from apps.campaigns.models import Campaign
from apps.delivery.models import Delivery
from apps.windows.models import UNDER_WAY_STATUSES

from .models import TicketLink
from .tickets import TAG_PREFIX, BadTicket, FieldProblem, TicketFacts

AROUND = timedelta(hours=24)  # how far from the window a recipient's ticket may still have to do with it


@dataclass(frozen=True, kw_only=True)
class Tie:
    kind: TicketLink = TicketLink.NONE
    campaign: Campaign | None = None
    delivery: Delivery | None = None  # what the requester had been sent


def find_tie(facts: TicketFacts) -> Tie:
    """Explicit when the ticket names a campaign, candidate when its requester was told by one about that time.

    Raises BadTicket when the campaign that it names is not known; an unknown tag is nobody's error.
    """
    if campaign := _named(facts):
        return Tie(kind=TicketLink.EXPLICIT, campaign=campaign, delivery=_latest(_told(facts, campaign=campaign), facts))
    delivery = _latest(_around(_told(facts), facts), facts)
    if delivery is None:
        return Tie()
    return Tie(kind=TicketLink.CANDIDATE, campaign=delivery.touchpoint.campaign, delivery=delivery)


def _named(facts: TicketFacts) -> Campaign | None:
    if facts.campaign:
        campaign = _campaign(facts.campaign)
        if campaign is None:
            raise BadTicket(
                [FieldProblem(field="campaign", expected=_("the uid of a window or the number of a campaign that exists"))]
            )
        return campaign
    tags = [tag for tag in facts.tags if tag.lower().startswith(TAG_PREFIX)]
    return next((campaign for tag in tags if (campaign := _campaign(tag[len(TAG_PREFIX) :].strip()))), None)


def _campaign(name: str) -> Campaign | None:
    if name.isascii() and name.isdigit() and len(name) < 19:
        return Campaign.objects.filter(pk=int(name)).first()
    try:
        return Campaign.objects.filter(window__uid=uuid.UUID(name)).first()
    except ValueError:
        return None


def _told(facts: TicketFacts, *, campaign: Campaign | None = None) -> QuerySet[Delivery]:
    if not facts.requester_email:
        return Delivery.objects.none()
    people = Contact.objects.annotate(lower_email=Lower("email")).filter(lower_email=facts.requester_email)
    rows = Delivery.objects.told().filter(contact__in=people)
    return rows.filter(touchpoint__campaign=campaign) if campaign else rows


def _around(rows: QuerySet[Delivery], facts: TicketFacts) -> QuerySet[Delivery]:
    window = "touchpoint__campaign__window__"
    return rows.annotate(
        began_at=Coalesce(f"{window}actual_started_at", f"{window}starts_at"),
        over_at=Coalesce(f"{window}actual_ended_at", f"{window}ends_at"),
    ).filter(
        Q(over_at__gte=facts.opened_at - AROUND) | Q(**{f"{window}status__in": UNDER_WAY_STATUSES}),  # an overrun goes on
        began_at__lte=facts.opened_at + AROUND,
    )


def _latest(rows: QuerySet[Delivery], facts: TicketFacts) -> Delivery | None:
    """What the requester had heard last when the ticket was opened; else the first thing heard after."""
    rows = rows.select_related("touchpoint__campaign__window")
    before = rows.filter(sent_at__lte=facts.opened_at).order_by("-sent_at", "-id").first()
    return before or rows.order_by("sent_at", "id").first()
