"""What stands of a person in this room: the contact, suppressions of their addresses, and what the trail says of them."""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from apps.accounts.models import AuditEvent

from .erasing import Address, addresses_of, remember_erasure, strip_trail
from .models import AddressKind, Contact, Suppression
from .personal import Fact, Holder


def _own_addresses(contact: Contact) -> list[Address]:
    """Without a phone that others have too: a switchboard is not one person's."""
    others = Contact.objects.exclude(pk=contact.pk).filter(phone=contact.phone)
    is_shared = bool(contact.phone) and others.exists()
    return [(kind, address) for kind, address in addresses_of(contact) if kind != AddressKind.PHONE or not is_shared]


def _contact_facts(contact: Contact) -> Iterator[Fact]:
    names = ("name", "email", "phone", "organisation", "time_zone", "language", "is_internal", "attributes")
    yield {name: getattr(contact, name) for name in (*names, "created_at", "updated_at", "archived_at")}


def _erase_contact(contact: Contact, now: datetime) -> None:
    """Language and whether it is one of the team stay in the row: they are of many people, and of no one."""
    remember_erasure(_own_addresses(contact), now=now)
    Contact.objects.filter(pk=contact.pk).update(
        name="",
        email="",
        phone="",
        organisation="",
        time_zone="",
        attributes={},
        archived_at=contact.archived_at or now,
        erased_at=now,
        updated_at=now,
    )


def _suppressions(contact: Contact) -> list[Suppression]:
    found: list[Suppression] = []
    for kind, address in _own_addresses(contact):
        found += Suppression.objects.filter(kind=kind, address=address).select_related("segment")
    return found


def _suppression_facts(contact: Contact) -> Iterator[Fact]:
    for row in _suppressions(contact):
        segment = row.segment.name if row.segment else None
        yield {"address": row.address, "reason": row.reason, "segment": segment, "note": row.note, "since": row.created_at}


def _erase_suppressions(contact: Contact, now: datetime) -> None:
    ids = [row.pk for row in _suppressions(contact)]
    strip_trail(Suppression._meta.label_lower, ids, ("address",))
    Suppression.objects.filter(pk__in=ids).delete()


def _trail_facts(contact: Contact) -> Iterator[Fact]:
    events = AuditEvent.objects.filter(subject_type=Contact._meta.label_lower, subject_id=str(contact.pk))
    for event in events.order_by("at"):
        yield {"at": event.at, "verb": event.verb, "detail": event.detail}


def _erase_trail(contact: Contact, now: datetime) -> None:
    """The trail names no recipient; what a form may have added all the same goes."""
    strip_trail(Contact._meta.label_lower, [contact.pk], ("name",))


CONTACT = Holder(
    name="contact",
    title=_("Contact"),
    export=_contact_facts,
    erase=_erase_contact,
    goes=_("Name, e-mail, phone, organisation, zone and all attributes."),
    stays=_(
        "An empty row, by which sums stay right, and a keyed hash of the addresses, so that no import brings the person back."
    ),
)
SUPPRESSIONS = Holder(
    name="suppressions",
    title=_("Addresses not to be used"),
    export=_suppression_facts,
    erase=_erase_suppressions,
    goes=_("What stood against using the addresses: there is nothing left to send to."),
    stays=_("A suppression of a phone that other contacts have too."),
)
TRAIL = Holder(
    name="history",
    title=_("History"),
    export=_trail_facts,
    erase=_erase_trail,
    goes=_("Nothing: the history names no recipient."),
    stays=_("Who of the team changed the contact when, without what it was."),
)
