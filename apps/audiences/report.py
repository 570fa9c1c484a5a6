"""What came of reading and importing a file of contacts: counts, and each error with its place."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from apps.common.sheets import Row, write_sheet

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
    is_saved: bool = False
    is_readable: bool = True  # false: the file as a whole cannot be used, the one error says why
    ignored_columns: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ","
    header: tuple[str, ...] = ()
    rows_at_fault: tuple[Row, ...] = field(default=(), repr=False)

    @property
    def writes(self) -> int:
        """How many contacts are added or changed."""
        return self.new + self.changed

    def errors_csv(self) -> bytes:
        """The rows at fault as they stood in the file, with the line and the reason beside, to be mended and imported."""
        reasons = defaultdict(list)
        for error in self.errors:
            reasons[error.line].append(f"{error.column}: {error.sentence}" if error.column else error.sentence)
        width = len(self.header)
        rows = [
            (str(row.line), " ".join(reasons.pop(row.line)), *row.cells, *[""] * (width - len(row.cells)))
            for row in self.rows_at_fault
        ]
        rows += [(str(line), " ".join(sentences)) for line, sentences in reasons.items()]
        return write_sheet((_("line"), _("reason"), *self.header), rows, delimiter=self.delimiter)


class Faults:
    """The errors by row, in the order of the file."""

    def __init__(self) -> None:
        self._found: list[tuple[Row, RowError]] = []

    def add(self, row: Row, fault: Fault) -> None:
        error = RowError(line=row.line, column=fault.column, value=fault.value, sentence=fault.sentence)
        self._found.append((row, error))

    def errors(self) -> tuple[RowError, ...]:
        return tuple(error for _row, error in sorted(self._found, key=lambda pair: pair[1].line))

    def rows(self) -> tuple[Row, ...]:
        rows = {row.line: row for row, _error in self._found}
        return tuple(rows[line] for line in sorted(rows))
