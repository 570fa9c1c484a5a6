"""Contacts from a file: read and checked in full first, then matched and written in sets, all or nothing.

A row is its contact's by e-mail; else by phone. A row with a new e-mail takes over a contact of the same phone only where
that one has no e-mail yet: people of one firm share a switchboard. An empty cell leaves what is known. Archived contacts
stay archived, and suppressions are never touched.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from apps.common.sheets import Row, SheetError, read_sheet

from .columns import Fault, read_cells, read_header
from .models import Contact
from .report import Faults, ImportReport

FIELDS = ("name", "email", "phone", "organisation", "time_zone", "language", "is_internal", "attributes")
CHUNK = 500  # rows per query; each is several parameters of a statement


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A row that can be understood."""

    row: Row
    values: dict[str, Any]

    @property
    def email(self) -> str:
        return str(self.values.get("email", ""))

    @property
    def phone(self) -> str:
        return str(self.values.get("phone", ""))


@dataclass(kw_only=True)
class Plan:
    """What is to be written; collected row by row."""

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0
    archived: int = 0


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A file as far as it can be understood without asking the database."""

    candidates: tuple[Candidate, ...] = ()
    faults: Faults
    report: ImportReport  # what is known of the file so far


def read_file(file: BinaryIO) -> Reading:
    """Never raises for what is in the file. Takes seconds for a large one, so no transaction should be open."""
    faults = Faults()
    try:
        sheet = read_sheet(file)
        columns = read_header(sheet.header)
    except SheetError as error:
        faults.add(Row(line=error.line, cells=()), Fault(column=error.column, value="", sentence=error.messages[0]))
        return Reading(faults=faults, report=ImportReport(is_readable=False, errors=faults.errors()))
    candidates = []
    for row in sheet.rows:
        values, found = read_cells(columns, row.cells)
        for fault in found:
            faults.add(row, fault)
        if not found:
            candidates.append(Candidate(row=row, values=values))
    report = ImportReport(
        ignored_columns=columns.ignored, encoding=sheet.encoding, delimiter=sheet.delimiter, header=sheet.header
    )
    return Reading(candidates=tuple(_without_doubles(candidates, faults)), faults=faults, report=report)


def save(reading: Reading, *, skip_errors: bool) -> ImportReport:
    """Matches and writes in the caller's transaction; raises IntegrityError where somebody else was quicker."""
    plan = _match(reading.candidates, reading.faults, lock=True)
    may_save = skip_errors or not reading.faults.errors()
    if may_save:
        _write(plan)
    return _reported(reading, plan, is_saved=may_save)


def foresee(reading: Reading) -> ImportReport:
    """What `save` would do, without a lock and without a write."""
    return _reported(reading, _match(reading.candidates, reading.faults, lock=False), is_saved=False)


def _reported(reading: Reading, plan: Plan, *, is_saved: bool) -> ImportReport:
    return replace(
        reading.report,
        new=len(plan.new),
        changed=len(plan.changed),
        unchanged=plan.unchanged,
        archived=plan.archived,
        errors=reading.faults.errors(),
        rows_at_fault=reading.faults.rows(),
        is_saved=is_saved,
    )


def _without_doubles(candidates: Iterable[Candidate], faults: Faults) -> Iterator[Candidate]:
    """Of rows with the same e-mail, or the same phone and no e-mail, the first counts."""
    seen: dict[str, int] = {}
    for candidate in candidates:
        first = seen.setdefault(candidate.email or candidate.phone, candidate.row.line)
        if first == candidate.row.line:
            yield candidate
        else:
            column, value = ("email", candidate.email) if candidate.email else ("phone", candidate.phone)
            sentence = _("The same contact already stands on line %(line)s.") % {"line": first}
            faults.add(candidate.row, Fault(column=column, value=value, sentence=sentence))


def _match(candidates: Sequence[Candidate], faults: Faults, *, lock: bool) -> Plan:
    """Decides for every row before anything is written, so that the order of the rows means nothing."""
    plan = Plan()
    claimed: dict[int, int] = {}
    for start in range(0, len(candidates), CHUNK):
        chunk = candidates[start : start + CHUNK]
        by_email = _stored("email", {candidate.email for candidate in chunk}, lock=lock)
        by_phone = _stored("phone", {candidate.phone for candidate in chunk if candidate.email not in by_email}, lock=lock)
        for candidate in chunk:
            matches = by_email.get(candidate.email) or _by_phone(candidate, by_phone)
            if len(matches) > 1:
                sentence = _("%(count)s contacts have this phone; add the e-mail to say which is meant.") % {
                    "count": len(matches)
                }
                faults.add(candidate.row, Fault(column="phone", value=candidate.phone, sentence=sentence))
            elif not matches:
                plan.new.append(_merged({"attributes": {}}, candidate.values))
            elif (first := claimed.setdefault(matches[0]["pk"], candidate.row.line)) != candidate.row.line:
                sentence = _("This is the same contact as on line %(line)s.") % {"line": first}
                faults.add(candidate.row, Fault(column="phone", value=candidate.phone, sentence=sentence))
            else:
                _compare(matches[0], candidate, plan)
    return plan


def _stored(name: str, addresses: set[str], *, lock: bool) -> dict[str, list[dict[str, Any]]]:
    """What is stored under these addresses; locked, it is held until the import ends."""
    rows = Contact.objects.order_by("pk").filter(**{f"{name}__in": addresses - {""}})
    rows = rows.select_for_update() if lock else rows
    found = defaultdict(list)
    for row in rows.values("pk", "archived_at", *FIELDS):
        found[row[name]].append(row)
    return dict(found)


def _by_phone(candidate: Candidate, by_phone: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    rows = by_phone.get(candidate.phone, []) if candidate.phone else []
    without_email = [row for row in rows if not row["email"]]
    if candidate.email:
        return without_email if len(without_email) == 1 else []
    return without_email or rows


def _compare(stored: dict[str, Any], candidate: Candidate, plan: Plan) -> None:
    merged = _merged(stored, candidate.values)
    if stored["archived_at"]:
        plan.archived += 1
    elif merged == stored:
        plan.unchanged += 1
    else:
        plan.changed.append(merged)


def _merged(stored: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    facts = {name.removeprefix("attributes."): value for name, value in values.items() if name.startswith("attributes.")}
    fields = {name: value for name, value in values.items() if not name.startswith("attributes.")}
    return {**stored, **fields, "attributes": {**stored["attributes"], **facts}}


def _write(plan: Plan) -> None:
    for start in range(0, len(plan.new), CHUNK):
        Contact.objects.bulk_create([Contact(**values) for values in plan.new[start : start + CHUNK]])
    for start in range(0, len(plan.changed), CHUNK):
        # One upsert per chunk: far quicker than bulk_update's CASE per field and row. All rows exist and are locked.
        rows = [Contact(**values) for values in plan.changed[start : start + CHUNK]]
        Contact.objects.bulk_create(rows, update_conflicts=True, unique_fields=["pk"], update_fields=[*FIELDS, "updated_at"])
