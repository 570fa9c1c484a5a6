"""What came back from a person: signs of reading, answers to invitations, tickets."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.audiences.models import Contact
from apps.audiences.personal import Fact, Holder, bears

from .models import Acknowledgement, Event, InboxMessage, ProviderEvent, Ticket
from .services import requester_hash


def _events(contact: Contact) -> Iterator[Fact]:
    for event in Event.objects.filter(delivery__contact=contact).select_related("link").order_by("at", "pk"):
        yield {
            "at": event.at,
            "type": event.type,
            "behind_it": event.verdict,
            "link": event.link.url if event.link else None,
            "program": event.user_agent,
            "detail": event.detail,
        }
    for report in _reports(contact).order_by("received_at"):
        yield {"at": report.received_at, "provider": report.provider, "report": report.payload}


def _erase_events(contact: Contact, now: datetime) -> None:
    Event.objects.filter(delivery__contact=contact).update(user_agent="", detail={})
    _reports(contact).delete()


def _reports(contact: Contact) -> "QuerySet[ProviderEvent]":
    return ProviderEvent.objects.filter(bears("payload__recipient", contact.email))


def _answers(contact: Contact) -> Iterator[Fact]:
    rows = Acknowledgement.objects.filter(_answered_by(contact)).select_related("campaign__window")
    for row in rows.order_by("answered_at"):
        yield {"window": row.campaign.window.title, "answer": row.answer, "comment": row.comment, "at": row.answered_at}
    for mail in _mails(contact).order_by("received_at"):
        yield {"at": mail.received_at, "sender": mail.sender, "subject": mail.subject, "unread": mail.kept}


def _erase_answers(contact: Contact, now: datetime) -> None:
    for row in Acknowledgement.objects.filter(_answered_by(contact)):
        Acknowledgement.objects.filter(pk=row.pk).update(address=f"erased-{row.pk}", comment="")
    _mails(contact).update(sender="", subject="", kept="", problems=[])


def _answered_by(contact: Contact) -> Q:
    return Q(delivery__contact=contact) | bears("address", contact.email)


def _mails(contact: Contact) -> "QuerySet[InboxMessage]":
    return InboxMessage.objects.filter(bears("sender__icontains", contact.email))


def _tickets(contact: Contact) -> Iterator[Fact]:
    for row in _asked_by(contact).select_related("source").order_by("opened_at"):
        yield {
            "help_desk": row.source.name,
            "number": row.external_id,
            "opened_at": row.opened_at,
            "subject": row.subject,
            "status": row.status,
            "organisation": row.organisation,
        }


def _erase_tickets(contact: Contact, now: datetime) -> None:
    _asked_by(contact).update(subject="", requester_hash="", organisation="", tags=[])


def _asked_by(contact: Contact) -> "QuerySet[Ticket]":
    requester = requester_hash(contact.email) if contact.email else ""
    return Ticket.objects.filter(bears("requester_hash", requester) | Q(delivery__contact=contact))


EVENTS = Holder(
    name="events",
    title=_("Opens, clicks and reports"),
    export=_events,
    erase=_erase_events,
    goes=_("Which program opened a message, and what mail providers reported of the address."),
    stays=_("That a message was opened, clicked or came back, when, and the verdict: the rates of each campaign."),
)
ANSWERS = Holder(
    name="acknowledgements",
    title=_("Answers to invitations"),
    export=_answers,
    erase=_erase_answers,
    goes=_("The address and the comment of each answer, and sender and subject of their mails."),
    stays=_("How many accepted, declined or were unsure."),
)
TICKETS = Holder(
    name="tickets",
    title=_("Support tickets"),
    export=_tickets,
    erase=_erase_tickets,
    goes=_("Subject, tags, organisation, and the mark by which the requester was recognised."),
    stays=_("That a ticket was opened, when, and for which campaign. The help desk keeps its own copy."),
)
