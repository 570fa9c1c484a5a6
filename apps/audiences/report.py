"""What came of reading and importing a file of contacts: counts, and each error with its place."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.common.sheets import Row, SheetWriter

from .columns import Fault


@dataclass(frozen=True, kw_only=True)
class RowError:
    line: int
    column: str
    value: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import did or, where `is_saved` is false, would do. The counts are of rows without errors."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    archived: int = 0  # rows of archived contacts, left as they are
    errors: tuple[RowError, ...] = ()
    at_fault: int = 0  # rows with errors
    is_saved: bool = False
    is_readable: bool = True  # false: the file as a whole cannot be used, the one error says why
    ignored_columns: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ","
    header: tuple[str, ...] = ()
    rows_at_fault: tuple[tuple[Row, Sequence[Fault]], ...] = field(default=(), repr=False)

    def errors_csv(self) -> bytes:
        """The rows at fault as they stood in the file, with the reason beside them, to be mended and imported."""
        sheet = ErrorSheet(self.header, delimiter=self.delimiter)
        for row, faults in self.rows_at_fault:
            sheet.add(row, faults)
        return sheet.content()


class Faults:
    """All errors, in the order of the file."""

    def __init__(self) -> None:
        self.rows: list[tuple[Row, Sequence[Fault]]] = []

    def add(self, row: Row, faults: Sequence[Fault]) -> None:
        self.rows.append((row, faults))

    def errors(self) -> tuple[RowError, ...]:
        return tuple(_error(row, fault) for row, faults in self.rows for fault in faults)


class ErrorSheet:
    """The rows at fault as they stood in the file with one more column, the reason; and the first of the errors to be shown."""

    MOST_SHOWN = 100

    def __init__(self, header: Sequence[str], *, delimiter: str) -> None:
        self._width = len(header)
        self._sheet = SheetWriter((*header, _("reason")), delimiter=delimiter)
        self.first: list[dict[str, Any]] = []

    def add(self, row: Row, faults: Sequence[Fault]) -> None:
        for fault in faults[: self.MOST_SHOWN - len(self.first)]:
            self.first.append(asdict(_error(row, fault)))
        reasons = (f"{fault.column}: {fault.sentence}" if fault.column else fault.sentence for fault in faults)
        reason = _("Line %(line)s: %(reasons)s") % {"line": row.line, "reasons": " ".join(reasons)}
        self._sheet.add((*row.cells, *[""] * (self._width - len(row.cells)), reason))

    def content(self) -> bytes:
        return self._sheet.content()


def _error(row: Row, fault: Fault) -> RowError:
    return RowError(line=row.line, column=fault.column, value=fault.value, sentence=fault.sentence)
