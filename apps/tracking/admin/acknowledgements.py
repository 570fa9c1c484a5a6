from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.common.empty_lists import WhenEmpty
from apps.delivery.admin.deliveries import DeliveryAdmin, ReadOnly

from ..models import Acknowledgement
from .events import ReadOnlyAdmin


@admin.register(Acknowledgement)
class AcknowledgementAdmin(ReadOnlyAdmin):
    """Who answered an invitation, and what: the list behind the counts of the dashboard."""

    list_display = ("answered_at", "recipient", "organisation", "answer", "sequence", "comment", "campaign")
    list_filter = ("answer",)
    search_fields = ("address", "delivery__contact__name", "delivery__contact__organisation", "comment")
    search_help_text = _("Address, name or organisation of the recipient, or the words of a comment")
    fields = ("recipient", "address", "organisation", "answer", "comment", "answered_at", "received_at", "sequence", "campaign")
    when_empty = WhenEmpty(
        title=_("Nobody has answered an invitation"),
        words=_(
            "Where a step sends a calendar invitation, those who accept or decline it stand here, once a mailbox for "
            "their answers is set up."
        ),
        url_name="admin:tracking_inboxmessage_changelist",
        label=_("Look at the mailbox"),
        permission="tracking.view_inboxmessage",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Acknowledgement]:
        return super().get_queryset(request).select_related("delivery__contact", "campaign__window")

    @admin.display(description=_("recipient"), ordering="address")
    def recipient(self, row: Acknowledgement) -> str:
        return str(row.delivery.contact or row.address)

    @admin.display(description=_("organisation"))
    def organisation(self, row: Acknowledgement) -> str:
        return row.delivery.contact.organisation if row.delivery.contact else ""


class AcknowledgementInline(ReadOnly, admin.TabularInline):
    model = Acknowledgement
    template = "admin/tracking/acknowledgements.html"
    extra = 0
    fields = ("answer", "comment", "answered_at", "received_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).order_by("-answered_at")


# The log of what was done also shows what came of it; it cannot know of it by itself.
DeliveryAdmin.inlines = (*DeliveryAdmin.inlines, AcknowledgementInline)
