"""Filters of lists that ask for a period, and that never read a whole table to find their choices."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from ..models import User
from ..trail.words import kind_words


class PeriodFilter(admin.FieldListFilter):
    """From a day to a day, both included, in the reader's zone; either may be missing."""

    template = "admin/parts/period_filter.html"

    def __init__(self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str) -> None:
        self.names = {edge: f"{field_path}_{edge}" for edge in ("from", "to")}
        super().__init__(field, request, params, model, model_admin, field_path)
        self.title = _("day")
        self.days = {edge: _day(request.GET.get(name, "")) for edge, name in self.names.items()}

    def expected_parameters(self) -> list[str | None]:
        return list(self.names.values())

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        since, until = self.days["from"], self.days["to"]
        if since:
            queryset = queryset.filter(**{f"{self.field_path}__gte": _midnight(since)})
        if until:
            queryset = queryset.filter(**{f"{self.field_path}__lt": _midnight(until + timedelta(days=1))})
        return queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        kept = [(name, value) for name, value in changelist.params.items() if name not in (*self.names.values(), "p")]
        yield {
            "kept": kept,
            "edges": [
                (self.names[edge], label, self.days[edge])
                for edge, label in (("from", pgettext("a day", "From")), ("to", pgettext("a day", "To")))
            ],
            "is_set": any(self.days.values()),
            "clear": changelist.get_query_string(remove=list(self.names.values())),
        }


class LatestValuesFilter(admin.AllValuesFieldListFilter):
    """Offers the values of the latest rows: to look through a million for each that ever was would take longer than the list."""

    looked_at = 5_000

    def __init__(self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        rows = model._base_manager.order_by()
        oldest = rows.order_by("-pk").values("pk")[self.looked_at - 1 : self.looked_at]
        latest = rows.filter(pk__gte=Coalesce(Subquery(oldest), 0)).values_list(field_path, flat=True)
        self.lookup_choices: Any = sorted(latest.distinct())


class ActorFilter(admin.SimpleListFilter):
    """By whoever may sign in here, and the system."""

    title = _("person")
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        people = User.objects.filter(is_staff=True).order_by("first_name", "last_name", "username")
        return [("none", _("The system")), *((str(row.pk), row.get_full_name() or row.username) for row in people)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if value == "none":
            return queryset.filter(actor__isnull=True)
        return queryset.filter(actor=int(value)) if value.isdecimal() else queryset


class KindFilter(admin.SimpleListFilter):
    """By the kind of object, out of those that have a page here."""

    title = _("kind of object")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        labels = {model._meta.concrete_model._meta.label_lower for model in model_admin.admin_site._registry}
        further = {"campaigns.campaign", "campaigns.touchpoint", "delivery.installation"}
        return sorted(((label, kind_words(label)) for label in labels | further), key=lambda pair: pair[1].lower())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(subject_type=self.value()) if self.value() else queryset


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
