from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .doors import audit_list, groups
from .doors.trail_admin import TrailAdmin
from .forms import PreferencesForm, ZoneField
from .models import User

__all__ = ["PlannerAdmin", "audit_list", "groups"]

admin.site.disable_action("delete_selected")  # what is out of use is archived or switched off, one by one


@admin.register(User)
class PlannerAdmin(TrailAdmin, UserAdmin):
    fieldsets = (*(UserAdmin.fieldsets or ()), (_("Reading"), {"fields": ("language", "time_zone")}))
    list_display = ("username", "email", "first_name", "last_name", "language", "time_zone", "is_staff")
    readonly_fields = ("last_login", "date_joined")
    show_facets = admin.ShowFacets.ALLOW

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Rights come by group; beyond that only a superuser hands them out, or they could be taken by oneself."""
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else (*fields, "is_superuser", "user_permissions")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_within_reach(request, obj)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "time_zone":
            return ZoneField(label=capfirst(db_field.verbose_name), help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        user = self.get_object(request, unquote(id))
        if request.method == "POST" and user is not None:
            self.keep_before(request, user)
        return super().user_change_password(request, id, form_url)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def why_not_deleted(self, request: HttpRequest, obj: User) -> str:
        return gettext("People are not deleted, because the trail names them. Take away “active”, and they can sign in no more.")

    def get_urls(self) -> list[URLPattern]:
        own = path("preferences/", self.admin_site.admin_view(self.preferences), name="accounts_user_preferences")
        return [own, *super().get_urls()]

    def preferences(self, request: HttpRequest) -> HttpResponse:
        """Everyone's own language and zone; no permission beyond signing in is needed."""
        form = PreferencesForm(request.POST or None, instance=User.objects.get(username=request.user.get_username()))
        if request.method == "POST" and form.is_valid():
            user = form.save()
            translation.activate(user.language)
            messages.success(request, gettext("Your language and time zone were saved."))
            return HttpResponseRedirect(request.path)
        title = _("Your language and time zone")
        context = {**self.admin_site.each_context(request), "title": title, "form": form}
        return TemplateResponse(request, "admin/accounts/preferences.html", context)


def _is_within_reach(request: HttpRequest, user: User | None) -> bool:
    """A superuser's password, address and account are changed by superusers alone."""
    return user is None or not user.is_superuser or bool(request.user.is_superuser)
