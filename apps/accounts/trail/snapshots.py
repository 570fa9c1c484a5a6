"""The state of a row as JSON values, taken before and after a change."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from .differences import Changes, State, differences

SECRET_NAMES = frozenset({"password", "path", "token"})
SECRET_ENDS = ("_hash", "_secret", "_token")
ABOUT_TIME = frozenset({"created_at", "updated_at"})  # say only that something else has changed


def taken(row: models.Model, *, only: Collection[str] | None = None) -> State:
    """Every stored value of `row` by the name of its field; what it points at by number and name, many of them as a list."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key and field.name not in ABOUT_TIME]
    state = {field.name: _value(row, field) for field in fields if only is None or field.name in only}
    for many in row._meta.many_to_many if row.pk else ():
        if only is None or many.name in only:
            others = sorted(with_relations(getattr(row, many.name).all()), key=lambda other: str(other.pk))
            state[many.name] = [_named(other) for other in others]
    return state


def stored(model: type[models.Model], pk: Any, *, only: Collection[str] | None = None) -> State:
    """The state as the database has it, whatever a form has made of its instance meanwhile; empty where there is no row."""
    row = with_relations(model._base_manager.filter(pk=pk)).first() if pk else None
    return taken(row, only=only) if row is not None else {}


def with_relations(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Reads what the rows point at with them, because a state names it."""
    names = [field.name for field in rows.model._meta.concrete_fields if field.is_relation]
    return rows.select_related(*names) if names else rows


def hidden_fields(model: type[models.Model]) -> frozenset[str]:
    """Whose values the trail never keeps: secrets by their names, and what `kept_from_trail` of the model adds."""
    names = {field.name for field in model._meta.concrete_fields}
    secret = {name for name in names if name in SECRET_NAMES or name.startswith("sealed_") or name.endswith(SECRET_ENDS)}
    return frozenset(secret) | frozenset(getattr(model, "kept_from_trail", ()))


def changes_of(model: type[models.Model], before: State, after: State) -> Changes:
    return differences(before, after, hidden=hidden_fields(model))


def names_something(model: type[models.Model]) -> bool:
    """Whether the name of a row may stand in the trail: not where it is a recipient's."""
    return not getattr(model, "kept_from_trail", ())


def digest(*states: State | Mapping[int, State] | Iterable[Any]) -> str:
    """A short mark of what somebody has looked at: it changes with any of it."""
    text = json.dumps(states, sort_keys=True, cls=DjangoJSONEncoder, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _value(row: models.Model, field: Any) -> Any:
    if field.is_relation:
        return _named(getattr(row, field.name)) if getattr(row, field.attname) is not None else None
    value = getattr(row, field.attname)
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value) if not isinstance(value, bytes | memoryview) else len(value)


def _named(other: models.Model) -> dict[str, Any]:
    shown = str(other) if names_something(type(other)) else ""
    return {"id": other.pk, "name": shown}
