"""A sheet of an Excel workbook (XLSX) as rows, read one after another.

A workbook is a ZIP of XML files: a small one can unpack to gigabytes or refer to a cell a billion rows away. What it says
of itself is looked at before anything is unpacked, and ZIP files that say less than they hold fail while they are read.
Excel writes no DTD; without one no entity can unfold, and expat (from 2.4.1) has its own limit where one is hidden.
"""

import logging
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from io import BytesIO
from itertools import takewhile
from typing import Any

from django.utils.translation import gettext as _

from .sheets import MAX_COLUMNS, OpenSheet, Row, SheetError, checked_header, counted, open_text

logger = logging.getLogger(__name__)

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0"  # .xls, or an .xlsx behind a password
MAX_FILES = 2000
MAX_UNPACKED = 512 * 2**20  # of sheets, which are streamed
MAX_KEPT = 64 * 2**20  # of any other file: shared texts and styles are held in memory
MAX_LINES = 1_048_576  # Excel's own limit
PROLOG = 4096  # bytes of an XML file in which a DTD would begin
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def open_sheet(data: bytes, *, encoding: str = "", delimiter: str = "", sheet: str = "") -> OpenSheet:
    """A text or a workbook, whichever it is; raises SheetError."""
    if data.startswith(OLE):
        raise SheetError(_("This workbook is of an old kind or has a password: save it as XLSX without one, or as CSV."))
    if data.startswith(ZIP):
        return _open_workbook(data, sheet=sheet)
    return open_text(data, encoding=encoding, delimiter=delimiter)


def _open_workbook(data: bytes, *, sheet: str) -> OpenSheet:
    _look_inside(data)
    try:
        import openpyxl  # takes a while to load, and few processes need it

        book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
        names = tuple(one.title for one in book.worksheets)
        page = book[sheet] if sheet in names else book.worksheets[0]
        page.reset_dimensions()  # what the file says of its own size is often wrong
        header = checked_header(next(map(_trimmed, _rows(page.iter_rows(max_col=MAX_COLUMNS + 1, values_only=True))), None))
        rows = page.iter_rows(min_row=header.line + 1, max_col=len(header.cells), values_only=True)
    except SheetError:
        raise
    except Exception as error:  # whatever the library stumbles over, the file is at fault
        raise _unreadable(error) from error
    return OpenSheet(
        header=header.cells, rows=counted(_rows(rows, after=header.line)), estimate=None, sheet=page.title, sheets=names
    )


def _look_inside(data: bytes) -> None:
    """Refuses what would unpack to more than a list of people can be."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            has_dtd = len(parts) <= MAX_FILES and any(_may_have_dtd(archive, part) for part in parts)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise _unreadable(error) from error
    if has_dtd:
        raise _unreadable(ValueError("a DTD, or UTF-16"))
    streamed = [part.file_size for part in parts if part.filename.startswith("xl/worksheets/")]
    kept = [part.file_size for part in parts if not part.filename.startswith("xl/worksheets/")]
    if len(parts) > MAX_FILES or sum(streamed) > MAX_UNPACKED or sum(kept) > MAX_KEPT:
        raise SheetError(_("This workbook unpacks to more than can be a list of people: save the sheet as CSV."))


def _may_have_dtd(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    if not part.filename.endswith((".xml", ".rels")):
        return False
    with archive.open(part) as file:
        prolog = file.read(PROLOG)
    return prolog.startswith(UTF_16) or b"<!DOCTYPE" in prolog


def _rows(found: Iterator[tuple[Any, ...]], *, after: int = 0) -> Iterator[Row]:
    """Those with text in them, by their number on the sheet."""
    try:
        for line, values in takewhile(lambda pair: pair[0] <= MAX_LINES, enumerate(found, start=after + 1)):
            cells = tuple(map(_text, values))
            if any(cells):
                yield Row(line=line, cells=cells)
    except Exception as error:  # as above
        raise _unreadable(error) from error


def _trimmed(row: Row) -> Row:
    """Without the empty cells at its end."""
    width = max(place for place, cell in enumerate(row.cells, start=1) if cell)
    return Row(line=row.line, cells=row.cells[:width])


def _text(value: Any) -> str:
    """As a person would type it into a CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value).strip()


def _unreadable(error: Exception) -> SheetError:
    logger.info("A workbook could not be read.", exc_info=error)
    return SheetError(_("This workbook cannot be read: save the sheet as CSV, or save it again as XLSX."))
