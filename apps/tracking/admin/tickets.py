from datetime import timedelta
from typing import Any, cast

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.choices import object_id_of
from apps.accounts.doors.filters import LatestValuesFilter, PeriodFilter
from apps.accounts.doors.trail_admin import TrailAdmin
from apps.accounts.models import User
from apps.campaigns.models import Campaign
from apps.common.empty_lists import WhenEmpty

from .. import services
from ..models import Ticket

NEAR = timedelta(days=61)
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
    list_filter = ("source", "link_kind", ("status", LatestValuesFilter), ("opened_at", PeriodFilter))
    list_select_related = ("source", "campaign__window")
    search_fields = ("external_id", "subject", "organisation")
    actions = None
    fields = (*TOLD_BY_THE_DESK, "campaign")
    readonly_fields = TOLD_BY_THE_DESK
    when_empty = WhenEmpty(
        title=_("No ticket has been reported"),
        words=_(
            "Tickets come from your help desk, which reports them to a ticket source; or import a file of them there. "
            "They are compared with what is usual at that hour."
        ),
        url_name="admin:tracking_ticketsource_changelist",
        label=_("Go to the ticket sources"),
        permission="tracking.view_ticketsource",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Ticket | None = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "campaign" and field is not None:
            field.queryset = self._likely(request)
            field.help_text = _("What you choose here stays, whatever the help desk reports later.")
        return field

    def _likely(self, request: HttpRequest) -> QuerySet[Campaign]:
        """The campaign it is tied to, and those whose work lies within two months of it."""
        rows = Campaign.objects.select_related("window")
        ticket = Ticket.objects.filter(pk=object_id_of(request) or 0).first()
        if ticket is None:
            return rows.none()
        near = Q(window__starts_at__range=(ticket.opened_at - NEAR, ticket.opened_at + NEAR))
        return rows.filter(near | Q(pk=ticket.campaign_id))

    def save_model(self, request: HttpRequest, obj: Ticket, form: Any, change: bool) -> None:
        if "campaign" in form.changed_data:
            services.tie_ticket(obj, campaign_id=obj.campaign_id, actor=cast(User, request.user), now=timezone.now())
