"""What can be done to contacts and addresses. Each verb is one transaction with its audit event."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record, record_change, record_each
from apps.accounts.trail.snapshots import stored
from apps.common.sheets import OpenSheet, SheetError, read_bytes
from apps.common.workbooks import open_sheet

from . import importing, plans
from .addresses import normal_address, veiled
from .columns import Columns, read_header
from .erasing import addresses_of, forget_erasure
from .matching import Outcome
from .models import Contact, Segment, Suppression
from .report import Faults, ImportReport, RowError


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
        record("address.suppressed", subject=row, actor=actor, now=now, **_trail_of(row))
    return is_new


@transaction.atomic
def lift(suppression: Suppression, *, actor: User | None, now: datetime) -> None:
    """Lets an address be used again. Only a person decides this; no import and no later event does."""
    record("address.released", subject=suppression, actor=actor, now=now, **_trail_of(suppression))
    suppression.delete()


@transaction.atomic
def save_contact(contact: Contact, *, changed: Sequence[str], actor: User, now: datetime) -> None:
    """Keeps a contact that a person has entered or changed; `changed` names the fields."""
    verb = "contact.entered" if contact._state.adding else "contact.changed"
    before = stored(Contact, contact.pk)
    contact.save()
    forget_erasure(addresses_of(contact))
    record_change(verb, subject=contact, before=before, actor=actor, now=now, fields=list(changed))


@transaction.atomic
def save_segment(segment: Segment, *, actor: User, now: datetime) -> None:
    """Keeps a segment; the rule goes on record, because it decides who hears of what."""
    verb = "segment.entered" if segment._state.adding else "segment.changed"
    before = stored(Segment, segment.pk)
    segment.save()
    record_change(verb, subject=segment, before=before, actor=actor, now=now, name=segment.name, rule=segment.rule)


@transaction.atomic
def archive_contacts(contacts: Iterable[Contact], *, actor: User | None, now: datetime) -> int:
    """Takes contacts out of every segment from now on; what was sent to them stays on record."""
    return _set_archived(contacts, "contact.archived", archived_at=now, actor=actor, now=now)


@transaction.atomic
def restore_contacts(contacts: Iterable[Contact], *, actor: User | None, now: datetime) -> int:
    return _set_archived(contacts, "contact.restored", archived_at=None, actor=actor, now=now)


def import_contacts(
    file: BinaryIO, *, now: datetime, actor: User | None = None, dry_run: bool = False, skip_errors: bool = False
) -> ImportReport:
    """Adds and updates contacts from a file; what is wrong with it stands in the report, never in an exception.

    Nothing is saved where a row is wrong, unless `skip_errors` leaves those rows out; with `dry_run` nothing is saved at all.
    What is saved is saved in one transaction: for the pages, which take large files, see intake.py.
    """
    draft = importing.Draft(faults=(faults := Faults()))
    try:
        sheet = open_sheet(read_bytes(file))
        columns = read_header(sheet.header)
        for _done in importing.check(sheet.rows, columns, draft):
            pass
    except SheetError as error:
        what = RowError(line=error.line, column=error.column, value="", sentence=error.messages[0])
        return ImportReport(is_readable=False, errors=(what,))
    report = _report(draft, faults, sheet=sheet, columns=columns)
    if dry_run or (faults.rows and not skip_errors):
        return report
    try:
        with transaction.atomic():
            for chunk in plans.chunks(draft.plan.content(), size=importing.CHUNK):
                importing.write(chunk)
            counts = {"new": report.new, "changed": report.changed, "unchanged": report.unchanged}
            detail = {"file": str(getattr(file, "name", "")), "errors": report.at_fault, **counts}
            record("contacts.imported", subject=Contact, actor=actor, now=now, **detail)
    except IntegrityError:
        sentence = _("Somebody else changed contacts at the same time. Nothing was saved: please import again.")
        return replace(report, errors=(RowError(line=1, column="", value="", sentence=sentence),))
    return replace(report, is_saved=True)


def _report(draft: importing.Draft, faults: Faults, *, sheet: OpenSheet, columns: Columns) -> ImportReport:
    return ImportReport(
        new=draft.outcomes[Outcome.NEW],
        changed=draft.outcomes[Outcome.CHANGED],
        unchanged=draft.outcomes[Outcome.UNCHANGED],
        archived=draft.outcomes[Outcome.ARCHIVED],
        errors=faults.errors(),
        at_fault=draft.at_fault,
        rows_at_fault=tuple(faults.rows),
        ignored_columns=columns.ignored,
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        header=sheet.header,
    )


def _trail_of(row: Suppression) -> dict[str, str]:
    """Enough to know it again beside the list, and too little to know the person by."""
    segment = row.segment.slug if row.segment else ""
    return {"kind": row.kind, "address": veiled(row.address), "reason": row.reason, "segment": segment}


def _set_archived(
    contacts: Iterable[Contact], verb: str, *, archived_at: datetime | None, actor: User | None, now: datetime
) -> int:
    """An erased contact stays archived: there is nobody to bring back."""
    chosen = (contact for contact in contacts if contact.erased_at is None)
    ids = sorted(contact.pk for contact in chosen if (contact.archived_at is None) is (archived_at is not None))
    for start in range(0, len(ids), 500):
        Contact.objects.filter(pk__in=ids[start : start + 500]).update(archived_at=archived_at, updated_at=now)
    record_each(verb, subjects=Contact, ids=ids, actor=actor, now=now)
    return len(ids)
