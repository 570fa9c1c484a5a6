"""Tickets from a CSV file: checked in full first, then recorded, all or nothing unless bad rows may be left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.db import transaction
from django.utils.translation import gettext as _

from apps.common.sheets import Row, SheetError, read_sheet
from apps.common.zones import zone_or_utc

from .models import TicketSource
from .services import record_ticket
from .tickets import FIELDS, BadTicket, FieldProblem, TicketFacts, parse_ticket

REQUIRED = ("id", "opened_at")


@dataclass(frozen=True, kw_only=True)
class RowProblem:
    line: int
    column: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class TicketReport:
    """What the import did or, where `is_saved` is false, would have done without the problems."""

    new: int = 0
    updated: int = 0
    problems: tuple[RowProblem, ...] = ()
    is_saved: bool = False


def import_tickets(file: BinaryIO, *, source: TicketSource, skip_errors: bool = False, dry_run: bool = False) -> TicketReport:
    """Never raises for what is in the file. Times without an offset are meant in the source's zone."""
    problems: list[RowProblem] = []
    try:
        good = list(_read(file, source, problems))
    except SheetError as error:
        return TicketReport(problems=(RowProblem(line=error.line, column=error.column, sentence=error.messages[0]),))
    with transaction.atomic():
        recorded = [is_new for line, facts in good if (is_new := _record(source, line, facts, problems)) is not None]
        may_save = not dry_run and (skip_errors or not problems)
        transaction.set_rollback(not may_save)
    new = sum(recorded)
    problems.sort(key=lambda problem: problem.line)
    return TicketReport(new=new, updated=len(recorded) - new, problems=tuple(problems), is_saved=may_save)


def _read(file: BinaryIO, source: TicketSource, problems: list[RowProblem]) -> Iterator[tuple[int, TicketFacts]]:
    sheet = read_sheet(file)
    header = [name.strip().lower() for name in sheet.header]
    for name in REQUIRED:
        if name not in header:
            raise SheetError(_("The column “%(name)s” is missing.") % {"name": name}, column=name)
    zone = zone_or_utc(source.time_zone)
    for row in sheet.rows:
        try:
            yield row.line, parse_ticket(_fields(header, row), zone=zone)
        except BadTicket as error:
            problems += _sentences(row.line, error)


def _fields(header: list[str], row: Row) -> dict[str, Any]:
    cells = {name: cell.strip() for name, cell in zip(header, row.cells, strict=False) if name in FIELDS and cell.strip()}
    tags = cells.pop("tags", "")
    return {**cells, "tags": [tag.strip() for tag in tags.replace(";", ",").split(",") if tag.strip()]}


def _record(source: TicketSource, line: int, facts: TicketFacts, problems: list[RowProblem]) -> bool | None:
    try:
        return record_ticket(source, facts)[1]
    except BadTicket as error:
        problems += _sentences(line, error)
        return None


def _sentences(line: int, error: BadTicket) -> Iterator[RowProblem]:
    for problem in error.problems:
        yield RowProblem(line=line, column=problem.field, sentence=sentence(problem))


def sentence(problem: FieldProblem) -> str:
    return _("Expected %(expected)s.") % {"expected": problem.expected}
