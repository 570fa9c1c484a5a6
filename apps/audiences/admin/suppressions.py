from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.trail_admin import TrailAdmin
from apps.accounts.models import User
from apps.common.empty_lists import WhenEmpty
from apps.common.times import format_instant

from ..forms import SuppressionForm
from ..models import Suppression
from ..services import lift, suppress


@admin.register(Suppression)
class SuppressionAdmin(TrailAdmin):
    """Addresses are entered or lifted; a suppression is not edited, because it says what once happened."""

    form = SuppressionForm
    list_display = ("address", "kind", "reason", "scope", "note", "since")
    list_filter = ("reason", "kind", ("segment", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("segment",)
    list_per_page = 50
    search_fields = ("address", "note")
    actions = ("lift_selected",)
    fieldsets = (
        (
            None,
            {
                "fields": ("kind", "address", "reason", "segment", "note"),
                "description": _("The address is not used any more, whichever contact has it and whatever an import says."),
            },
        ),
    )
    when_empty = WhenEmpty(
        title=_("No address is left out"),
        words=_(
            "Addresses that bounce, complain or unsubscribe come here by themselves and are not written to again. You can "
            "add one by hand."
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("audiences.delete_suppression"))

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        fields = {name: getattr(obj, name) for name in ("kind", "address", "reason", "segment", "note")}
        suppress(**fields, actor=cast(User, request.user), now=timezone.now())
        obj.pk = Suppression.objects.get(**{name: fields[name] for name in ("kind", "address", "reason", "segment")}).pk

    @admin.action(description=_("Let these addresses be used again"), permissions=["lift"])
    def lift_selected(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        count = 0
        for row in queryset.select_related("segment"):
            lift(row, actor=cast(User, request.user), now=timezone.now())
            count += 1
        words = ngettext("%(count)s address may be used again.", "%(count)s addresses may be used again.", count)
        self.message_user(request, words % {"count": count}, messages.SUCCESS)

    @admin.display(description=_("since"), ordering="created_at")
    def since(self, row: Suppression) -> str:
        zone, language = timezone.get_current_timezone_name(), get_language() or "en"
        return format_instant(row.created_at, zone=zone, language=language)

    @admin.display(description=_("for"), ordering="segment")
    def scope(self, row: Suppression) -> str:
        return str(row.segment or _("every segment"))
