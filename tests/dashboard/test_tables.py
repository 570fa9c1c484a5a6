import csv
import io
from datetime import UTC, datetime

import pytest

from apps.dashboard.tables import Cell, Column, Table, as_csv


def rows_of(*cells):
    table = Table(slug="t", title="T", columns=[Column(label="A")] * len(cells), rows=[cells])
    text = as_csv(table)
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))[1]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "|calc", "%x"])
def test_text_never_begins_a_formula(text):
    assert rows_of(Cell(text=text)) == [f"'{text}"]


def test_numbers_stay_numbers_even_below_zero():
    assert rows_of(Cell(text="−3 s", value=-3), Cell(text="61.3%", value=0.613)) == ["-3", "0.613"]


def test_instants_carry_their_offset():
    assert rows_of(Cell(text="Mon", instant=datetime(2026, 3, 2, 9, tzinfo=UTC))) == ["2026-03-02T09:00:00+00:00"]


def test_quotes_and_commas_survive():
    assert rows_of(Cell(text='Cem, "the" customer')) == ['Cem, "the" customer']
