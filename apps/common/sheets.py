"""A delimited text file as rows: encoding and delimiter are guessed, and what cannot be read is refused with its place.

Rows are read one after another, so that a large file never stands in memory as rows.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_BYTES = 32 * 2**20
MAX_ROWS = 200_000
MAX_COLUMNS = 200
DELIMITERS = (",", ";", "\t", "|")
# What a planner may choose where the guess is wrong; each byte means something in all but the first two.
ENCODINGS = ("utf-8", "utf-16", "cp1252", "iso8859-15", "mac-roman")
# A spreadsheet would run a text that begins like this (OWASP, “CSV Injection”).
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PIECE = 2**20
_LONGEST_FIRST_LINE = 10_000


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


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
class OpenSheet:
    """The header, read, and the rows, still to be read: once, and with SheetError where the file breaks off."""

    header: tuple[str, ...]
    rows: Iterator[Row]
    estimate: int | None  # how many rows there seem to be; None: nobody knows before they are read
    encoding: str = ""  # of a text
    delimiter: str = ","  # of a text; for a workbook, what its errors are written with
    sheet: str = ""  # of a workbook
    sheets: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sheet:
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]


def read_sheet(file: BinaryIO) -> Sheet:
    """Reads a text whole; raises SheetError. Rows without any text are passed over."""
    opened = open_text(read_bytes(file))
    return Sheet(encoding=opened.encoding, delimiter=opened.delimiter, header=opened.header, rows=tuple(opened.rows))


def read_bytes(file: Readable) -> bytes:
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise SheetError(_("The file is larger than %(most)s MB; please cut it into parts.") % {"most": MAX_BYTES // 2**20})
    return data


def open_text(data: bytes, *, encoding: str = "", delimiter: str = "") -> OpenSheet:
    """`encoding` and `delimiter` are guessed where they are not given."""
    encoding = _checked_encoding(data, encoding)
    guessed, skipped = _delimiter(_first_line(data, encoding))
    delimiter = delimiter or guessed
    rows = _rows(io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline=""), delimiter, skipped)
    header = checked_header(next(rows, None))
    estimate = max(data.count(b"\n"), data.count(b"\r")) - skipped
    return OpenSheet(header=header.cells, rows=counted(rows), estimate=max(estimate, 1), encoding=encoding, delimiter=delimiter)


def checked_header(header: Row | None) -> Row:
    if header is None:
        raise SheetError(_("The file is empty; its first line must name the columns."))
    if len(header.cells) > MAX_COLUMNS:
        raise SheetError(_("The file has more than %(most)s columns.") % {"most": MAX_COLUMNS}, line=header.line)
    return header


def counted(rows: Iterable[Row]) -> Iterator[Row]:
    """No more than MAX_ROWS of them."""
    for number, row in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise SheetError(
                _("The file has more than %(most)s rows; please cut it into parts.") % {"most": MAX_ROWS}, line=row.line
            )
        yield row


def defused(cell: str) -> str:
    """What a spreadsheet would run as a formula is shown as text; `plain` takes it back."""
    return f"'{cell}" if _is_formula(cell) else cell


def plain(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text.startswith("'") and _is_formula(text[1:]) else text


def _is_formula(cell: str) -> bool:
    return cell.startswith(FORMULA_SIGNS) or cell.lstrip(" \u00a0").startswith(FORMULA_SIGNS)


class SheetWriter:
    """Defused and with a byte order mark, so that any spreadsheet opens it as it is meant."""

    def __init__(self, header: Sequence[str], *, delimiter: str) -> None:
        self._bytes = io.BytesIO()
        self._text = io.TextIOWrapper(self._bytes, encoding="utf-8-sig", newline="", write_through=True)
        self._writer = csv.writer(self._text, delimiter=delimiter)
        self.add(header)

    def add(self, cells: Sequence[str]) -> None:
        self._writer.writerow([defused(cell) for cell in cells])

    def content(self) -> bytes:
        return self._bytes.getvalue()


def write_sheet(header: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter: str) -> bytes:
    writer = SheetWriter(header, delimiter=delimiter)
    for row in rows:
        writer.add(row)
    return writer.content()


def _checked_encoding(data: bytes, chosen: str) -> str:
    """The one of `chosen`, or of those that may be, that reads every byte."""
    if data.startswith(b"PK\x03\x04"):
        raise SheetError(_("This is a workbook, not a text file: save the sheet as CSV first."))
    line = 1
    for encoding in (chosen,) if chosen else _encodings(data):
        try:
            has_zeros = _has_zeros(data, encoding)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            continue
        if has_zeros:
            raise SheetError(_("The file is not a text file: save the sheet as CSV first."))
        return encoding
    if chosen:
        raise SheetError(_("The file cannot be read as %(encoding)s.") % {"encoding": chosen}, line=line)
    raise SheetError(_("The file is neither UTF-8, UTF-16 nor Windows-1252 text: save it as UTF-8."), line=line)


def _has_zeros(data: bytes, encoding: str) -> bool:
    """Whether the text holds NUL. Reads it in pieces; raises UnicodeDecodeError, whose `start` counts from the first byte."""
    decoder = codecs.getincrementaldecoder(encoding)()
    found = False
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        try:
            found |= "\0" in decoder.decode(piece, final=start + _PIECE >= len(data))
        except UnicodeDecodeError as error:
            error.start += start
            raise
    return found


def _encodings(data: bytes) -> tuple[str, ...]:
    """Those to try in turn: a byte order mark decides, and in Latin text as UTF-16 every second byte is zero."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return (encoding,)
    start = data[:200]
    return ("utf-16-le",) if start[1::2].count(0) > len(start) // 4 else ("utf-8", "cp1252")


def _first_line(data: bytes, encoding: str) -> str:
    text = data[: 4 * _LONGEST_FIRST_LINE].decode(encoding, errors="ignore")
    return re.split(r"[\r\n]", text.lstrip("\ufeff \t\r\n"), maxsplit=1)[0].strip(" ")


def _delimiter(first: str) -> tuple[str, int]:
    """The one that cuts the first line into most cells; Excel's own first line “sep=;” says it outright."""
    if first.lower().startswith("sep=") and first[4:] in DELIMITERS:
        return first[4:], 1
    return max(DELIMITERS, key=lambda sign: len(next(csv.reader([first[:_LONGEST_FIRST_LINE]], delimiter=sign), []))), 0


def _rows(lines: io.TextIOWrapper, delimiter: str, skipped: int) -> Iterator[Row]:
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
