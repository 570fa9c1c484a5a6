import zipfile
from datetime import date, datetime, time
from io import BytesIO

import pytest
from openpyxl import Workbook

from apps.common import workbooks
from apps.common.sheets import SheetError
from apps.common.workbooks import open_sheet


def workbook(*rows, title="People"):
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    return saved(book)


def saved(book):
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def repacked(content, **parts):
    """The workbook with some of its files replaced."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name, old.read(name)))
    return out.getvalue()


def test_cells_are_read_as_a_person_would_type_them():
    midnight = datetime.combine(date(2026, 3, 2), time())
    values = ["Zoé ", 12, 12.0, 1.5, True, date(2026, 3, 2), midnight, time(9, 30), None]
    sheet = open_sheet(workbook([f"c{n}" for n in range(9)], values))
    (row,) = sheet.rows
    assert row.cells == ("Zoé", "12", "12", "1.5", "true", "2026-03-02", "2026-03-02", "09:30:00", "")
    assert row.line == 2


def test_empty_rows_are_passed_over_and_lines_are_those_of_the_sheet():
    sheet = open_sheet(workbook([], ["email"], [], [None], ["a@b.org"]))
    assert sheet.header == ("email",)
    assert [(row.line, row.cells) for row in sheet.rows] == [(5, ("a@b.org",))]


def test_cells_beside_the_header_are_not_read():
    sheet = open_sheet(workbook(["email", None, None], ["a@b.org", None, "note"]))
    assert [row.cells for row in sheet.rows] == [("a@b.org",)]


def test_the_sheet_can_be_chosen():
    book = Workbook()
    book.active.append(["name"])
    book.create_sheet("Customers").append(["email"])
    sheet = open_sheet(saved(book), sheet="Customers")
    assert (sheet.sheet, sheet.sheets, sheet.header) == ("Customers", ("Sheet", "Customers"), ("email",))


def test_a_formula_counts_for_what_it_last_gave_and_never_for_itself():
    sheet = open_sheet(workbook(["email", "name"], ["a@b.org", "=1+1"]))
    assert [row.cells for row in sheet.rows] == [("a@b.org", "")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"PK\x03\x04rest", "cannot be read", id="no zip"),
        pytest.param(b"\xd0\xcf\x11\xe0rest", "of an old kind or has a password", id="xls"),
        pytest.param(repacked(workbook(["a"]), **{"xl/workbook.xml": b"<no"}), "cannot be read", id="no XML"),
        pytest.param(workbook(), "is empty", id="empty"),
        pytest.param(workbook(["c"] * 201), "more than 200 columns", id="wide"),
    ],
)
def test_what_cannot_be_used_says_why(content, sentence):
    with pytest.raises(SheetError, match=sentence):
        open_sheet(content)


@pytest.mark.parametrize(
    ("limit", "most"), [("MAX_UNPACKED", 100_000), ("MAX_KEPT", 10_000_000), ("MAX_FILES", 3)], ids=["sheets", "texts", "files"]
)
def test_a_bomb_is_refused_before_it_is_unpacked(limit, most, monkeypatch):
    monkeypatch.setattr(workbooks, limit, most)
    content = workbook(["email"])
    bomb = {"xl/worksheets/sheet1.xml": b" " * 200_000, "xl/styles.xml": b" " * 20_000_000}
    packed = repacked(content, **bomb)
    assert len(packed) < 100_000
    with pytest.raises(SheetError, match="unpacks to more"):
        open_sheet(packed)


def test_entities_are_not_expanded():
    content = workbook(["email"], ["a@b.org"])
    with zipfile.ZipFile(BytesIO(content)) as archive:
        page = archive.read("xl/worksheets/sheet1.xml")
    page = page.removeprefix(b"<?xml version='1.0' encoding='UTF-8'?>")
    laughing = b'<!DOCTYPE worksheet [<!ENTITY a "ha">]>' + page
    with pytest.raises(SheetError, match="cannot be read"):
        list(open_sheet(repacked(content, **{"xl/worksheets/sheet1.xml": laughing})).rows)


def test_a_row_far_away_is_not_waited_for():
    content = workbook(["email"], ["a@b.org"])
    with zipfile.ZipFile(BytesIO(content)) as archive:
        page = archive.read("xl/worksheets/sheet1.xml").replace(b'<row r="2"', b'<row r="4000000000"')
    assert list(open_sheet(repacked(content, **{"xl/worksheets/sheet1.xml": page})).rows) == []
