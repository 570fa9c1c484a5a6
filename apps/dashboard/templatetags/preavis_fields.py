from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.admin.helpers import AdminField, AdminReadonlyField, InlineAdminForm
from django.forms import BoundField
from django.utils.safestring import SafeString
from django.utils.text import capfirst

register = template.Library()


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One field of one row of a table; `label` is empty where the table's heading stands for it."""

    name: str
    errors: str
    label: str
    control: str
    is_checkbox: bool
    is_readonly: bool
    help_text: str


@register.filter
def labelled(field: BoundField, row: Any) -> SafeString:
    """The control with its column and its row as its name, for tables whose headings are no labels."""
    errors = {"aria-invalid": "true"} if field.errors else {}
    return field.as_widget(attrs={"aria-label": f"{capfirst(field.label)}, {row}", **errors})


@register.simple_tag
def cells_of(form: InlineAdminForm, columns: Collection[str], row: str) -> dict[str, list[Cell]]:
    """The fields of a row in their order: those that are `columns` of the table, and the rest of them. Asked once for each row,
    since a template that looks at each field for each column is slower than all the rest of the page."""
    cells = {"columns": list[Cell](), "rest": list[Cell]()}
    for field in _fields(form):
        cell = _readonly(field) if isinstance(field, AdminReadonlyField) else _cell(field, row, columns)
        if cell.name:
            cells["columns" if cell.name in columns else "rest"].append(cell)
    return cells


def _fields(form: InlineAdminForm) -> Iterator[AdminField | AdminReadonlyField]:
    return (field for fieldset in form for line in fieldset for field in line)


def _cell(field: Any, row: str, columns: Collection[str]) -> Cell:
    bound: BoundField = field.field
    errors, has_heading = bound.errors, bound.name in columns
    return Cell(
        name=bound.name,
        errors=errors.as_ul() if errors else "",
        label="" if has_heading else field.label_tag(),
        control=labelled(bound, row) if has_heading else bound.as_widget(),
        is_checkbox=field.is_checkbox,
        is_readonly=False,
        help_text=str(bound.help_text or ""),
    )


def _readonly(field: Any) -> Cell:
    return Cell(
        name=field.field["name"],
        errors="",
        label=field.label_tag(),
        control=field.contents(),
        is_checkbox=False,
        is_readonly=True,
        help_text=str(field.field["help_text"] or ""),
    )
