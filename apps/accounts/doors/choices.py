"""What a form offers: what is in use, and what was chosen before it went out of use."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest


def offer_active(field: Any, *, chosen: QuerySet[Any] | Collection[Any] = ()) -> Any:
    """Leaves the archived ones out of a form field, unless they stand in `chosen`."""
    queryset = getattr(field, "queryset", None)
    if queryset is not None and any(each.name == "archived_at" for each in queryset.model._meta.concrete_fields):
        field.queryset = queryset.filter(Q(archived_at__isnull=True) | Q(pk__in=chosen))
    return field


def chosen_in(rows: QuerySet[Any], name: str) -> QuerySet[Any]:
    """What `rows` point at by their field `name`, one or many."""
    return rows.order_by().filter(**{f"{name}__isnull": False}).values(name)


def object_id_of(request: HttpRequest) -> str:
    """Of the page that asks; empty while something is being added."""
    match = request.resolver_match
    found = str(match.kwargs.get("object_id", "")) if match else ""
    return found if found.isdecimal() else ""
