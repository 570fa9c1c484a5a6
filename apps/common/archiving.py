"""Archiving in the admin: daily work hides a row and can bring it back; nothing here deletes."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


class ArchivedFilter(admin.SimpleListFilter):
    """Shows what is in use unless asked otherwise."""

    title = _("state")
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Archived")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": _("In use")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(archived_at__isnull=self.value() != "yes")


class ArchivingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """For models with `archived_at`; a subclass says what archiving and restoring do."""

    actions = ("archive", "restore")

    def archive_rows(self, request: HttpRequest, rows: QuerySet[Any]) -> int:
        raise NotImplementedError

    def restore_rows(self, request: HttpRequest, rows: QuerySet[Any]) -> int:
        raise NotImplementedError

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Archive"), permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        count = self.archive_rows(request, queryset)
        words = ngettext("%(count)s was archived.", "%(count)s were archived.", count)
        self.message_user(request, words % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Bring back into use"), permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        count = self.restore_rows(request, queryset)
        words = ngettext("%(count)s is in use again.", "%(count)s are in use again.", count)
        self.message_user(request, words % {"count": count}, messages.SUCCESS)
