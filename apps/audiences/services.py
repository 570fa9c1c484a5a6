"""What can be done to contacts and addresses. Each verb is one transaction with its audit event."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services import record

from .addresses import normal_address
from .models import Contact, Segment, Suppression


@transaction.atomic
def suppress(
    *,
    kind: str,
    address: str,
    reason: str,
    segment: Segment | None = None,
    note: str = "",
    actor: User | None = None,
    now: datetime,
) -> bool:
    """Keeps an address from being used, for `segment` or, without one, for all; False: that was known already."""
    row, is_new = Suppression.objects.get_or_create(
        kind=kind, address=normal_address(kind, address), reason=reason, segment=segment, defaults={"note": note[:250]}
    )
    if is_new:
        record(
            "address.suppressed", subject=row, actor=actor, now=now, kind=kind, address=row.address, reason=reason, note=row.note
        )
    return is_new


@transaction.atomic
def lift(suppression: Suppression, *, actor: User | None, now: datetime) -> None:
    """Lets an address be used again. Only a person decides this; no import and no later event does."""
    detail = {name: getattr(suppression, name) for name in ("kind", "address", "reason", "note")}
    segment = suppression.segment.slug if suppression.segment else ""
    record("address.released", subject=suppression, actor=actor, now=now, segment=segment, **detail)
    suppression.delete()


@transaction.atomic
def archive_contacts(contacts: Iterable[Contact], *, actor: User | None, now: datetime) -> int:
    """Takes contacts out of every segment from now on; what was sent to them stays on record."""
    return _set_archived(contacts, "contact.archived", archived_at=now, actor=actor, now=now)


@transaction.atomic
def restore_contacts(contacts: Iterable[Contact], *, actor: User | None, now: datetime) -> int:
    return _set_archived(contacts, "contact.restored", archived_at=None, actor=actor, now=now)


def _set_archived(
    contacts: Iterable[Contact], verb: str, *, archived_at: datetime | None, actor: User | None, now: datetime
) -> int:
    ids = sorted(contact.pk for contact in contacts if (contact.archived_at is None) is (archived_at is not None))
    for start in range(0, len(ids), 500):
        Contact.objects.filter(pk__in=ids[start : start + 500]).update(archived_at=archived_at, updated_at=now)
    if ids:
        record(verb, subject=Contact, actor=actor, now=now, contacts=ids)
    return len(ids)
