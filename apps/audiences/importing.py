"""Contacts from a file, in two steps: every row is read and decided about, and only then are contacts written.

Both go some rows at a time, so that neither the file's rows nor what becomes of them stand in memory together. Suppressions
are never touched: an import subscribes nobody again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from django.db import IntegrityError, transaction

from apps.common.sheets import Row

from .columns import Columns, Fault, read_cells
from .erasing import refused
from .matching import FIELDS, Candidate, Decision, Matcher, Outcome, Stored, address_of, compared, merged, stored
from .models import Contact
from .plans import Planned, PlanWriter

CHUNK = 500  # rows per query; each is several parameters of a statement


class FaultSink(Protocol):
    """Takes the rows at fault, in the order of the file."""

    def add(self, row: Row, faults: Sequence[Fault]) -> None: ...


@dataclass(kw_only=True)
class Draft:
    """What the check has decided so far; collected some rows at a time."""

    faults: FaultSink
    plan: PlanWriter = field(default_factory=PlanWriter)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    rows: int = 0
    at_fault: int = 0

    def add(self, row: Row, faults: Sequence[Fault], decision: Decision | None) -> None:
        self.rows += 1
        if decision is not None and decision.outcome is not None:
            self.outcomes[decision.outcome] += 1
            if decision.outcome in (Outcome.NEW, Outcome.CHANGED):
                values = decision.candidate.values
                self.plan.add(Planned(line=row.line, contact_id=decision.contact_id, values=values))
            return
        self.at_fault += 1
        self.faults.add(row, [decision.fault] if decision is not None and decision.fault else faults)


@dataclass(kw_only=True)
class Written:
    added: int = 0
    updated: int = 0
    left_out: int = 0  # overtaken: archived, gone, or taken by somebody else since the check


def check(rows: Iterable[Row], columns: Columns, draft: Draft) -> Iterator[int]:
    """Decides about every row; yields how many are done, after each chunk. Raises SheetError where the file breaks off."""
    matcher = Matcher()
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        _check_chunk(chunk, columns, matcher, draft)
        yield draft.rows


def _check_chunk(chunk: Sequence[Row], columns: Columns, matcher: Matcher, draft: Draft) -> None:
    read = [(row, *read_cells(columns, row.cells)) for row in chunk]
    candidates = [Candidate(row=row, values=values) for row, values, faults in read if not faults]
    decisions = {decision.candidate.row.line: decision for decision in matcher.decide(candidates)}
    for row, _values, faults in read:
        draft.add(row, faults, decisions.get(row.line))


def write(chunk: Sequence[Planned]) -> Written:
    """Writes what was planned onto what is stored by now, in the caller's transaction; raises IntegrityError where
    somebody else is writing the same address at this moment."""
    found = _Stored(chunk)
    erased = refused(address_of(planned.values) for planned in chunk)
    written = Written()
    rows: dict[int, Stored] = {}
    new = []
    for planned in chunk:
        contact = found.of(planned)
        if contact is None and planned.contact_id is None and address_of(planned.values) not in erased:
            new.append(Contact(**merged({"attributes": {}}, planned.values)))
        elif contact is None or contact["archived_at"]:
            written.left_out += 1
        elif compared(contact := rows.get(contact["pk"], contact), planned.values) == Outcome.CHANGED:
            rows[contact["pk"]] = merged(contact, planned.values)
    Contact.objects.bulk_create(new)
    # One upsert: far quicker than bulk_update's CASE per field and row. All rows exist and are locked.
    Contact.objects.bulk_create(
        [Contact(**row) for row in rows.values()],
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=[*FIELDS, "updated_at"],
    )
    written.added, written.updated = len(new), len(rows)
    return written


def write_singly(chunk: Sequence[Planned]) -> Written:
    """As `write`, but a row that somebody else is writing is left out, and the others are not."""
    sum_of_all = Written()
    for planned in chunk:
        try:
            with transaction.atomic():
                one = write([planned])
        except IntegrityError:
            one = Written(left_out=1)
        sum_of_all.added += one.added
        sum_of_all.updated += one.updated
        sum_of_all.left_out += one.left_out
    return sum_of_all


class _Stored:
    """The contacts of a chunk as they are now, locked: also those that have come since the plan was made.

    A row that was new then is by now the contact of its e-mail or, without one, the contact of its phone that has no e-mail
    either. Only somebody else can have made that one, as no two rows of a file are of the same contact.
    """

    def __init__(self, chunk: Sequence[Planned]) -> None:
        new = [planned.values for planned in chunk if planned.contact_id is None]
        phones = {values.get("phone", "") for values in new if not values.get("email")}
        self._by_pk = stored("pk", {planned.contact_id for planned in chunk}, lock=True)
        self._by_email = stored("email", {values.get("email", "") for values in new}, lock=True)
        self._by_phone = stored("phone", phones, lock=True)

    def of(self, planned: Planned) -> Stored | None:
        if planned.contact_id is not None:
            return self._by_pk.get(planned.contact_id, [None])[0]
        email: Any = planned.values.get("email")
        if email:
            return self._by_email.get(email, [None])[0]
        same = [row for row in self._by_phone.get(planned.values["phone"], []) if not row["email"]]
        return same[0] if len(same) == 1 else None
