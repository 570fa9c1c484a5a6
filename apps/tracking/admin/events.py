from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.filters import LatestValuesFilter
from apps.accounts.doors.trail_admin import TrailAdmin
from apps.campaigns.moments import touchpoint_words
from apps.common.empty_lists import WhenEmpty
from apps.delivery.models import Delivery
from apps.delivery.searching import TOO_MANY_FIT, newest_first, search

from ..models import Event, ProviderEvent
from ..verdicts import RULES

MOST_DELIVERIES = 1_000  # whose events one search shows, the latest of them


class ReadOnlyAdmin(TrailAdmin):
    """Evidence: to be read, never to be changed. Tables grow to millions, so nothing here counts or sorts them whole."""

    ordering = ("-id",)
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("at", "type", "verdict", "rule", "source", "recipient", "touchpoint")
    list_filter = ("type", "verdict", ("source", LatestValuesFilter))
    search_fields = ("delivery__address", "rule")
    search_help_text = _("Address of the recipient, or rule")
    fields = ("at", "type", "verdict", "rule", "source", "recipient", "touchpoint", "link", "user_agent", "detail")
    when_empty = WhenEmpty(
        title=_("Nothing has come back yet"),
        words=_("Opens, clicks, bounces and complaints stand here as soon as messages have left and their recipients read them."),
        url_name="admin:delivery_delivery_changelist",
        label=_("Go to the deliveries"),
        permission="delivery.view_delivery",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """By the deliveries to whom the words fit, which an index finds; joining a million rows would take seconds.

        Where they are nobody's who answered, they may name a rule; for any other words no row is read for its rule.
        """
        words = search_term.strip()
        if not words:
            return queryset, False
        found = search(words)
        newest = list(newest_first(found.narrow(Delivery.objects.all())).values_list("pk", flat=True)[: MOST_DELIVERIES + 1])
        if found.is_cut or len(newest) > MOST_DELIVERIES:
            self.message_user(request, TOO_MANY_FIT, messages.WARNING)
        rows = queryset.filter(delivery__in=newest[:MOST_DELIVERIES])
        return (queryset.filter(rule=words) if words in RULES and not rows.exists() else rows), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return (
            super()
            .get_queryset(request)
            .select_related("delivery__contact", "delivery__touchpoint__campaign__window", "delivery__touchpoint__step")
        )

    @admin.display(description=_("recipient"))
    def recipient(self, event: Event) -> str:
        return str(event.delivery.contact or event.delivery.address)

    @admin.display(description=_("touchpoint"))
    def touchpoint(self, event: Event) -> str:
        touchpoint = event.delivery.touchpoint
        return gettext("%(name)s: %(moment)s") % {"name": touchpoint.campaign, "moment": touchpoint_words(touchpoint)}


@admin.register(ProviderEvent)
class ProviderEventAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "provider", "kind", "handled_at", "note")
    list_filter = ("provider",)
    fields = ("received_at", "provider", "handled_at", "note", "payload")
    when_empty = WhenEmpty(
        title=_("No provider has reported anything"),
        words=_(
            "Point the webhook of your mail provider at /anymail/<provider>/tracking/ and name its secret in "
            "WEBHOOK_SECRET: its reports of bounces and complaints stand here as they come. The channel shows which "
            "provider sends."
        ),
        url_name="admin:channels_channel_changelist",
        label=_("Go to the channels"),
        permission="channels.view_channel",
    )

    @admin.display(description=_("type"))
    def kind(self, report: ProviderEvent) -> str:
        return str(report.payload.get("type", ""))
