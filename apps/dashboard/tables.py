"""A table as values: the page shows its texts, the CSV file its values."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.common.sheets import defused

Value = str | int | float | datetime | None


@dataclass(frozen=True, kw_only=True)
class Column:
    label: str
    is_number: bool = False


@dataclass(frozen=True, kw_only=True)
class Cell:
    """`instant` or `value` goes into the file, the text where both are `None`; `url` leads to the rows behind it."""

    text: str
    value: Value = None
    note: str = ""  # small, behind the text
    url: str = ""
    tone: str = ""  # ok, warn, bad, info, idle: shown as a badge
    instant: datetime | None = None

    @property
    def exported(self) -> Value:
        if self.instant:
            return self.instant
        return self.text if self.value is None else self.value


@dataclass(frozen=True, kw_only=True)
class Table:
    slug: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    empty: str = ""  # what is said in place of no rows

    def lines(self) -> list[list[tuple[Column, Cell]]]:
        """Each row's cells with their columns."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


def as_csv(table: Table) -> str:
    """With a byte-order mark, which Excel needs to read UTF-8; instants in ISO 8601 with their offset."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([_safe(column.label) for column in table.columns])
    writer.writerows([[_safe(cell.exported) for cell in row] for row in table.rows])
    return "\ufeff" + file.getvalue()


def _safe(value: Value) -> str | int | float:
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, int | float):
        return "" if value is None else value
    return defused(value)
