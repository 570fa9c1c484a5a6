"""Archiving in the admin: daily work hides a row and can bring it back; nothing here deletes."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise, cached_property
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


class ArchivingChangeList(ChangeList):
    @cached_property
    def are_all_archived(self) -> bool:
        """Nothing is shown because nothing of it is in use any more; asked only of a list that shows nothing."""
        return not self.result_count and self.root_queryset.exists()


class ArchivingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """For models with `archived_at`; a subclass says what archiving and restoring do."""

    actions = ("archive", "restore")
    # What archiving leads to, read before it is done.
    when_archived: str | Promise = _("It is offered where one is to be chosen no longer. Whatever names it already keeps it.")

    def archive_rows(self, request: HttpRequest, rows: QuerySet[Any]) -> int:
        raise NotImplementedError

    def restore_rows(self, request: HttpRequest, rows: QuerySet[Any]) -> int:
        raise NotImplementedError

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ArchivingChangeList

    def why_not_archived(self, obj: Any) -> str:
        """Says what has to be done first; empty where it can be archived."""
        return ""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Archive"), permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Those that cannot be archived stay, each with its reason."""
        refused = {}
        for row in queryset if self._may_refuse else ():
            if why := self.why_not_archived(row):
                refused[row.pk] = f"{row}: {why}"
        for sentence in refused.values():
            self.message_user(request, sentence, messages.WARNING)
        count = self.archive_rows(request, queryset.exclude(pk__in=refused))
        if count or not refused:
            words = ngettext("%(count)s was archived.", "%(count)s were archived.", count)
            self.message_user(request, words % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Bring back into use"), permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        count = self.restore_rows(request, queryset)
        words = ngettext("%(count)s is in use again.", "%(count)s are in use again.", count)
        self.message_user(request, words % {"count": count}, messages.SUCCESS)

    @property
    def _may_refuse(self) -> bool:
        return type(self).why_not_archived is not ArchivingAdmin.why_not_archived

    # one by one, from its own page

    def get_urls(self) -> list[URLPattern]:
        pages = {"archive": self.archive_page, "restore": self.restore_page}
        named = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(page), name=f"{named}_{name}") for name, page in pages.items()
        ]
        return [*own, *super().get_urls()]

    def archive_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        obj = self._found(request, pk)
        why = self.why_not_archived(obj)
        if request.method == "POST" and not why:
            self.archive(request, self.model._default_manager.filter(pk=pk))
            return HttpResponseRedirect(self._page_of(obj))
        return self._ask(request, obj, _("Archive"), [why] if why else [self.when_archived], may_do=not why)

    def restore_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        obj = self._found(request, pk)
        if request.method == "POST":
            self.restore(request, self.model._default_manager.filter(pk=pk))
            return HttpResponseRedirect(self._page_of(obj))
        return self._ask(request, obj, _("Bring back into use"), [_("It is offered again where one is to be chosen.")])

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        obj = context.get("original")
        if obj is not None and self.has_change_permission(request, obj):
            name = "restore" if obj.archived_at else "archive"
            context[f"{name}_url"] = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=[obj.pk])
        return super().render_change_form(request, context, *args, **kwargs)

    def _found(self, request: HttpRequest, pk: int) -> Any:
        obj = get_object_or_404(self.model, pk=pk)
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        return obj

    def _page_of(self, obj: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

    def _ask(self, request: HttpRequest, obj: Any, title: Any, sentences: list[Any], *, may_do: bool = True) -> HttpResponse:
        context = {
            "title": title,
            "subject": obj,
            "back": self._page_of(obj),
            "consequences": sentences,
            "may_not_do": not may_do,
        }
        return TemplateResponse(request, "admin/parts/confirm.html", self.admin_site.each_context(request) | context)
