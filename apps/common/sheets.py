"""A delimited text file as rows: encoding and delimiter are guessed, and what cannot be read is refused with its place."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_BYTES = 32 * 2**20
MAX_ROWS = 200_000
MAX_COLUMNS = 200
DELIMITERS = (",", ";", "\t", "|")
# A spreadsheet would run a text that begins like this (OWASP, “CSV Injection”).
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class SheetError(ValidationError):
    """The file as a whole cannot be used; `line` is where reading stopped."""

    def __init__(self, message: str, *, line: int = 1, column: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, kw_only=True)
class Row:
    line: int  # where it begins in the file, the first line being 1
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]


def read_sheet(file: BinaryIO) -> Sheet:
    """Reads it whole; raises SheetError. Rows without any text are passed over."""
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise SheetError(_("The file is larger than %(most)s MB; please cut it into parts.") % {"most": MAX_BYTES // 2**20})
    text, encoding = _decode(data)
    delimiter, skipped = _delimiter(text)
    rows = _rows(text, delimiter, skipped)
    header = next(rows, None)
    if header is None:
        raise SheetError(_("The file is empty; its first line must name the columns."))
    if len(header.cells) > MAX_COLUMNS:
        raise SheetError(_("The file has more than %(most)s columns.") % {"most": MAX_COLUMNS}, line=header.line)
    return Sheet(encoding=encoding, delimiter=delimiter, header=header.cells, rows=tuple(_counted(rows)))


def defused(cell: str) -> str:
    """What a spreadsheet would run as a formula is shown as text; `plain` takes it back."""
    return f"'{cell}" if _is_formula(cell) else cell


def plain(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text.startswith("'") and _is_formula(text[1:]) else text


def _is_formula(cell: str) -> bool:
    return cell.startswith(FORMULA_SIGNS) or cell.lstrip(" \u00a0").startswith(FORMULA_SIGNS)


def write_sheet(header: Sequence[str], rows: Sequence[Sequence[str]], *, delimiter: str) -> bytes:
    """Defused and with a byte order mark, so that any spreadsheet opens it as it is meant."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([defused(cell) for cell in row] for row in (header, *rows))
    return text.getvalue().encode("utf-8-sig")


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith(b"PK\x03\x04"):
        raise SheetError(_("This is a workbook, not a text file: save the sheet as CSV first."))
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            continue
        if "\0" in text:
            raise SheetError(_("The file is not a text file: save the sheet as CSV first."))
        return text, encoding
    raise SheetError(_("The file is neither UTF-8, UTF-16 nor Windows-1252 text: save it as UTF-8."), line=line)


def _encodings(data: bytes) -> tuple[str, ...]:
    """Those to try in turn: a byte order mark decides, and in Latin text as UTF-16 every second byte is zero."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return (encoding,)
    start = data[:200]
    return ("utf-16-le",) if start[1::2].count(0) > len(start) // 4 else ("utf-8", "cp1252")


def _delimiter(text: str) -> tuple[str, int]:
    """The one that cuts the first line into most cells; Excel's own first line “sep=;” says it outright."""
    first = re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0].strip(" ")
    if first.lower().startswith("sep=") and first[4:] in DELIMITERS:
        return first[4:], 1
    return max(DELIMITERS, key=lambda sign: len(next(csv.reader([first[:10_000]], delimiter=sign), []))), 0


def _rows(text: str, delimiter: str, skipped: int) -> Iterator[Row]:
    lines = io.StringIO(text, newline="")
    for _line in range(skipped):
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = skipped + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = _("The quotes of this row do not match, or a cell is too long (%(error)s).") % {"error": error}
            raise SheetError(problem, line=line) from error
        if any(cell.strip() for cell in cells):
            yield Row(line=line, cells=tuple(cells))


def _counted(rows: Iterator[Row]) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise SheetError(
                _("The file has more than %(most)s rows; please cut it into parts.") % {"most": MAX_ROWS}, line=row.line
            )
        yield row
