from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.doors.trail_admin import TrailAdmin
from apps.accounts.forms import ZoneField
from apps.accounts.models import User
from apps.common.empty_lists import WhenEmpty

from .. import services
from ..models import TicketSource
from ..ticket_import import TicketReport, import_tickets


class ImportForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy(
            "The first line names the columns: id and opened_at, and as you like subject, requester_email, organisation, "
            "status, tags and campaign."
        ),
    )
    skip_errors = forms.BooleanField(label=gettext_lazy("Leave out rows with problems"), required=False)


@admin.register(TicketSource)
class TicketSourceAdmin(TrailAdmin):
    list_display = ("name", "slug", "time_zone", "last_seen_at")
    fields = ("name", "slug", "time_zone", "last_seen_at")
    readonly_fields = ("last_seen_at",)
    prepopulated_fields = {"slug": ("name",)}
    actions = None
    when_empty = WhenEmpty(
        title=gettext_lazy("No help desk is connected"),
        words=gettext_lazy(
            "Add a source: it gives you an address and a secret, to which the help desk reports its tickets. Without one, "
            "windows cannot be compared with quiet days."
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: TicketSource | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not obj.tickets.exists())

    def why_not_deleted(self, request: HttpRequest, obj: TicketSource) -> str:
        if obj.tickets.exists():
            return _("It is not deleted, because its tickets count in reviews. Retire its secrets to end its reports.")
        return ""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "time_zone":
            return ZoneField(label=capfirst(db_field.verbose_name), help_text=db_field.help_text, initial=db_field.default)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        pages = {"import": self.import_page, "secret": self.secret_page, "retire": self.retire_page}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(page), name=f"tracking_ticketsource_{name}")
            for name, page in pages.items()
        ]
        return [*own, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if source := context.get("original"):
            hook = reverse("tracking:ticket_hook", args=[source.path])
            context |= {"hook_address": settings.SITE_URL + hook, "secret_count": len(services.secrets_of(source))}
        return super().render_change_form(request, context, *args, **kwargs)

    def secret_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        source, title = self._source(request, pk), _("Make a new signing secret")
        if request.method != "POST":
            consequences = [
                _("The new secret is shown once. Give it to the help desk at once."),
                _("The secret before it stays valid until you retire it; one older still stops being valid now."),
            ]
            return self._ask(request, source, title, consequences)
        secret = services.rotate_secret(source, actor=cast(User, request.user), now=timezone.now())
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "source": source, "secret": secret}
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "admin/tracking/ticketsource/secret.html", context, headers=headers)

    def retire_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        source, title = self._source(request, pk), _("Retire the old secret")
        if request.method != "POST":
            return self._ask(request, source, title, [_("Calls signed with the old secret are refused from now on.")])
        services.retire_old_secrets(source, actor=cast(User, request.user), now=timezone.now())
        messages.success(request, _("Only the newest secret is valid now."))
        return HttpResponseRedirect(_page_of(source))

    def import_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        source, title = self._source(request, pk), _("Import tickets")
        form = ImportForm(request.POST or None, request.FILES or None)
        report: TicketReport | None = None
        if request.method == "POST" and form.is_valid():
            report = import_tickets(form.cleaned_data["file"], source=source, skip_errors=form.cleaned_data["skip_errors"])
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "source": source}
        return TemplateResponse(request, "admin/tracking/ticketsource/import.html", context | {"form": form, "report": report})

    def _source(self, request: HttpRequest, pk: int) -> TicketSource:
        source = get_object_or_404(TicketSource, pk=pk)
        if not self.has_change_permission(request, source):
            raise PermissionDenied
        return source

    def _ask(self, request: HttpRequest, source: TicketSource, title: str, consequences: list[str]) -> HttpResponse:
        context = {"title": title, "subject": source, "back": _page_of(source), "consequences": consequences}
        return TemplateResponse(request, "admin/parts/confirm.html", self.admin_site.each_context(request) | context)


def _page_of(source: TicketSource) -> str:
    return reverse("admin:tracking_ticketsource_change", args=[source.pk])
