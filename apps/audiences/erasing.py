"""Handing out all that is known of a person, and erasing it.

The row of the contact stays without anything of the person, because the ledger counts recipients by it: sums, rates and
invariants are the same before and after. An erased address is remembered as a keyed hash, which recognises it in a file and
tells nobody what it was.
"""

import hashlib
import hmac
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import AuditEvent, User
from apps.accounts.services import record

from .models import AddressKind, Contact, ErasedAddress, Suppression
from .personal import Fact, Holder, holders

Address = tuple[str, str]  # kind, address
KEPT = ("is_internal", "language")  # of the row: of many people, and of no one


class CannotErase(Exception):
    """Says why not now."""


def obstacles(contact: Contact) -> list[str]:
    return [sentence for holder in holders() if (sentence := holder.obstacle(contact))]


@transaction.atomic
def export_person(contact: Contact, *, actor: User, now: datetime) -> bytes:
    """A ZIP with one JSON file per room."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for holder in reversed(holders()):
            facts = list(holder.export(contact))
            text = json.dumps(facts, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
            archive.writestr(f"{holder.name}.json", text)
    record("contact.handed_out", subject=contact, actor=actor, now=now)
    return content.getvalue()


@transaction.atomic
def erase_person(contact: Contact, *, actor: User, now: datetime) -> None:
    """All rooms or none; raises CannotErase."""
    contact = Contact.objects.select_for_update().get(pk=contact.pk)
    if contact.erased_at:
        return
    if found := obstacles(contact):
        raise CannotErase(" ".join(found))
    for holder in holders():
        holder.erase(contact, now)
    record("contact.erased", subject=contact, actor=actor, now=now)


def refused(addresses: Iterable[Address]) -> set[Address]:
    """Those of `addresses` whose owner was erased."""
    if not ErasedAddress.objects.exists():
        return set()
    by_digest = {digest: address for address in addresses for digest in _digests(address)}
    found = ErasedAddress.objects.filter(digest__in=by_digest).values_list("digest", flat=True)
    return {by_digest[digest] for digest in found}


def forget_erasure(addresses: Iterable[Address]) -> None:
    """They are back by the word of a person who entered them."""
    digests = [digest for address in addresses for digest in _digests(address)]
    ErasedAddress.objects.filter(digest__in=digests).delete()


def addresses_of(contact: Contact) -> list[Address]:
    both: tuple[Address, ...] = ((AddressKind.EMAIL.value, contact.email), (AddressKind.PHONE.value, contact.phone))
    return [(kind, address) for kind, address in both if address]


def _digests(address: Address) -> list[str]:
    """By the present key first, then by those before it."""
    text = ":".join(address).encode()
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [hmac.new(f"preavis.erased:{key}".encode(), text, hashlib.sha256).hexdigest() for key in keys]


def _own_addresses(contact: Contact) -> list[Address]:
    """Without a phone that others have too: a switchboard is not one person's."""
    others = Contact.objects.exclude(pk=contact.pk).filter(phone=contact.phone)
    is_shared = bool(contact.phone) and others.exists()
    return [(kind, address) for kind, address in addresses_of(contact) if kind != AddressKind.PHONE or not is_shared]


def _contact_facts(contact: Contact) -> Iterator[Fact]:
    names = ("name", "email", "phone", "organisation", "time_zone", "language", "is_internal", "attributes")
    yield {name: getattr(contact, name) for name in (*names, "created_at", "updated_at", "archived_at")}


def _erase_contact(contact: Contact, now: datetime) -> None:
    digests = [_digests(address)[0] for address in _own_addresses(contact)]
    rows = [ErasedAddress(digest=digest, erased_at=now) for digest in digests]
    ErasedAddress.objects.bulk_create(rows, ignore_conflicts=True)
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


def strip_trail(label: str, ids: Iterable[int], names: Iterable[str]) -> None:
    """Takes the values of `names` out of what the trail says of these rows."""
    events = AuditEvent.objects.filter(subject_type=label, subject_id__in=[str(pk) for pk in ids])
    for event in events:
        if any(name in event.detail for name in names):
            event.detail = {name: value for name, value in event.detail.items() if name not in names}
            event.save(update_fields=["detail"])


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
