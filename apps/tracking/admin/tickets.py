from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.trail_admin import TrailAdmin
from apps.accounts.models import User
from apps.campaigns.models import Campaign

from .. import services
from ..models import Ticket

TOLD_BY_THE_DESK = (
    "source",
    "external_id",
    "opened_at",
    "subject",
    "organisation",
    "status",
    "tags",
    "link_kind",
)


@admin.register(Ticket)
class TicketAdmin(TrailAdmin):
    """Tickets are the help desk's; only where one belongs may be said otherwise here."""

    list_display = ("opened_at", "source", "external_id", "subject", "status", "organisation", "campaign", "link_kind")
    list_filter = ("source", "link_kind", "status")
    list_select_related = ("source", "campaign__window")
    search_fields = ("external_id", "subject", "organisation")
    date_hierarchy = "opened_at"
    actions = None
    fields = (*TOLD_BY_THE_DESK, "campaign")
    readonly_fields = TOLD_BY_THE_DESK

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Ticket | None = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "campaign" and field is not None:
            field.queryset = Campaign.objects.select_related("window")
            field.help_text = _("What you choose here stays, whatever the help desk reports later.")
        return field

    def save_model(self, request: HttpRequest, obj: Ticket, form: Any, change: bool) -> None:
        if "campaign" in form.changed_data:
            services.tie_ticket(obj, campaign_id=obj.campaign_id, actor=cast(User, request.user), now=timezone.now())
