"""The state of an object as its form in the admin shows it: its fields and the rows of its tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.db import models
from django.forms.models import _get_foreign_key
from django.http import HttpRequest

from ..trail.differences import State, row_changes
from ..trail.snapshots import changes_of, digest, hidden_fields, names_something, stored, taken, with_relations


@dataclass(frozen=True, kw_only=True)
class Table:
    model: type[models.Model]
    rows: Mapping[int, State]
    names: Mapping[int, str]


@dataclass(frozen=True, kw_only=True)
class ObjectState:
    fields: State = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)

    def mark(self, names: frozenset[str]) -> str:
        """Changes with whatever the form could overwrite: `names` of the fields, and all rows."""
        fields = {name: value for name, value in self.fields.items() if name in names}
        return digest(fields, *(dict(table.rows) for table in self.tables.values()))


def state_of(page: "admin.ModelAdmin[Any]", request: HttpRequest, obj: models.Model) -> ObjectState:
    """As the database has it now."""
    tables = dict(_tables(page, request, obj))
    return ObjectState(fields=stored(type(obj), obj.pk), tables=tables)


def detail_of(model: type[models.Model], before: ObjectState, after: ObjectState) -> dict[str, Any]:
    """What the trail keeps of the way from one state to the other; empty where they are the same."""
    changes = changes_of(model, before.fields, after.fields)
    if not before.fields:
        changes = {name: pair for name, pair in changes.items() if not pair or pair[1] not in (None, "", [], {}, False)}
    rows = [row for label in {**before.tables, **after.tables} for row in _row_details(label, before, after)]
    return {name: value for name, value in (("changes", changes), ("rows", rows)) if value}


def _row_details(label: str, before: ObjectState, after: ObjectState) -> Iterator[dict[str, Any]]:
    old, new = (state.tables.get(label) for state in (before, after))
    table = new or old
    assert table is not None
    hidden = hidden_fields(table.model)
    names = {**(old.names if old else {}), **(new.names if new else {})}
    for pk, deed, changes in row_changes(old.rows if old else {}, new.rows if new else {}, hidden=hidden):
        name = names[pk] if names_something(table.model) else ""
        yield {"model": label, "id": pk, "name": name, "deed": deed, "changes": changes}


def _tables(page: "admin.ModelAdmin[Any]", request: HttpRequest, obj: models.Model) -> Iterator[tuple[str, Table]]:
    """Those that the form can change."""
    for inline in page.get_inline_instances(request, obj):
        if not (inline.has_change_permission(request, obj) or inline.has_add_permission(request, obj)):
            continue
        key = _get_foreign_key(page.model, inline.model, fk_name=inline.fk_name)
        rows = list(with_relations(inline.model._base_manager.filter(**{key.name: obj.pk})).order_by("pk"))
        states = {row.pk: {name: value for name, value in taken(row).items() if name != key.name} for row in rows}
        names = {row.pk: str(row) for row in rows}
        yield inline.model._meta.label_lower, Table(model=inline.model, rows=states, names=names)
