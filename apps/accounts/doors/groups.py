from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext as _

from .trail_admin import TrailAdmin

admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(TrailAdmin, GroupAdmin):  # type: ignore[misc]  # the same method, with a narrower signature
    """A group that somebody belongs to is not deleted from under them."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_free = obj is None or not obj.user_set.exists()
        return is_free and super().has_delete_permission(request, obj)

    def why_not_deleted(self, request: HttpRequest, obj: Any) -> str:
        if obj.user_set.exists():
            return _("It cannot be deleted while somebody belongs to it: take its members out of it first.")
        return ""
