"""Handing out all that is known of a person, and erasing it.

The row of the contact stays without anything of the person, because the ledger counts recipients by it: sums, rates and
invariants are the same before and after. An erased address is remembered as a keyed hash, which recognises it in a file and
tells nobody what it was.
"""

import hashlib
import hmac
import json
import zipfile
from collections.abc import Iterable
from datetime import datetime
from io import BytesIO

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from apps.accounts.models import AuditEvent, User
from apps.accounts.services import record

from .copying import begin_erasing
from .models import AddressKind, Contact, ErasedAddress
from .personal import holders

Address = tuple[str, str]  # kind, address


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
    begin_erasing()
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


def remember_erasure(addresses: Iterable[Address], *, now: datetime) -> None:
    rows = [ErasedAddress(digest=_digests(address)[0], erased_at=now) for address in addresses]
    ErasedAddress.objects.bulk_create(rows, ignore_conflicts=True)


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


def strip_trail(label: str, ids: Iterable[int], names: Iterable[str]) -> None:
    """Takes the values of `names` out of what the trail says of these rows."""
    events = AuditEvent.objects.filter(subject_type=label, subject_id__in=[str(pk) for pk in ids])
    for event in events:
        if any(name in event.detail for name in names):
            event.detail = {name: value for name, value in event.detail.items() if name not in names}
            event.save(update_fields=["detail"])
