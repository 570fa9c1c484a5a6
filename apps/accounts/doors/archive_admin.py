"""The admin of what is archived rather than deleted."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.common.archiving import ArchivedFilter, ArchivingAdmin

from ..archiving import archive, restore
from .trail_admin import TrailAdmin, person


class ArchiveAdmin(TrailAdmin, ArchivingAdmin):
    """For models with `archived_at`."""

    list_filter: ClassVar[Any] = (ArchivedFilter,)
    show_facets = admin.ShowFacets.ALLOW  # few, as what people write by hand

    def archive_rows(self, request: HttpRequest, rows: QuerySet[Any]) -> int:
        return archive(rows, actor=person(request), now=timezone.now())

    def restore_rows(self, request: HttpRequest, rows: QuerySet[Any]) -> int:
        return restore(rows, actor=person(request), now=timezone.now())

    def why_not_deleted(self, request: HttpRequest, obj: Any) -> str:
        if obj.archived_at:
            return _("It is archived. It is not deleted, because what was sent or planned refers to it.")
        return _("It is not deleted, because what was sent or planned may refer to it. Archive it instead.")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """What is archived is not offered where one is to be chosen."""
        if request.path.endswith("/autocomplete/"):
            queryset = queryset.filter(archived_at__isnull=True)
        return super().get_search_results(request, queryset, search_term)
