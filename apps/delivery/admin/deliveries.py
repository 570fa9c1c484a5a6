from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.accounts.doors.trail_admin import TrailAdmin
from apps.campaigns.moments import touchpoint_words
from apps.common.empty_lists import WhenEmpty
from apps.common.text import one_line

from .. import services
from ..models import Attempt, Delivery, DeliveryQuerySet, DeliveryState
from ..pauses import pauses_on
from ..reasons import SENTENCES, sentence
from ..searching import TOO_MANY_FIT, search

TOUCHPOINT = ("touchpoint__campaign__window", "touchpoint__channel", "touchpoint__step")  # what a row says of it


class ReadOnly:
    """The log of what was done: nobody adds to it, changes or deletes it by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class AttemptInline(ReadOnly, admin.TabularInline):
    model = Attempt
    template = "admin/delivery/attempts.html"
    extra = 0
    fields = ("number", "at", "outcome", "phase", "code", "text")
    verbose_name_plural = _("attempts that were not plainly accepted")


class ReasonFilter(admin.SimpleListFilter):
    title = _("why")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(SENTENCES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, TrailAdmin):
    """The delivery log. A row is what was done for one recipient; what came back stands with the tracking."""

    list_display = ("recipient", "window", "moment", "channel", "state", "why", "sent_at")
    list_filter = ("state", "invitation", ("touchpoint__channel", admin.RelatedFieldListFilter), ReasonFilter)
    search_fields = ("address", "contact__name", "attempt_log__text", "provider_id")
    search_help_text = _("Address, name, the provider's name for a message, or the words of an error.")
    ordering = ("-pk",)
    list_per_page = 50
    inlines: ClassVar[tuple[type[admin.TabularInline], ...]] = (AttemptInline,)  # what came back is added by those who know of it
    actions = ("retry",)
    fields = (
        "recipient",
        "address",
        "window",
        "moment",
        "channel",
        "revision",
        "state",
        "why",
        "invitation",
        "attempts",
        "composed_at",
        "sent_at",
        "settled_at",
        "provider_id",
        "message_name",
        "as_sent",
        "waits_for",
    )
    readonly_fields = fields
    when_empty = WhenEmpty(
        title=_("Nothing has been sent yet"),
        words=_(
            "Each message to each recipient stands here as soon as it is written, shortly before it leaves. Schedule a "
            "window, and its messages follow."
        ),
        url_name="admin:windows_maintenancewindow_changelist",
        label=_("Go to the windows"),
        permission="windows.view_maintenancewindow",
    )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Pages of a campaign link to the log of theirs."""
        mine = lookup.removesuffix("__exact").removesuffix("__id")
        return mine == "touchpoint__campaign" or super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        """By index, where joining and comparing a million rows would take seconds."""
        words = one_line(search_term)
        rows = cast(DeliveryQuerySet, queryset)
        if not words:
            return rows, False
        found = search(words)
        if found.is_cut:
            self.message_user(request, TOO_MANY_FIT, messages.WARNING)
        return found.narrow(rows, also_errors=True), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).select_related("batch", "contact", *TOUCHPOINT)

    @admin.display(description=_("recipient"), ordering="address")
    def recipient(self, delivery: Delivery) -> str:
        if delivery.contact is None:
            return str(delivery.touchpoint.channel)
        return str(delivery.contact)

    @admin.display(description=_("maintenance window"))
    def window(self, delivery: Delivery) -> str:
        return str(delivery.touchpoint.campaign)

    @admin.display(description=_("touchpoint"), ordering="touchpoint")
    def moment(self, delivery: Delivery) -> str:
        return touchpoint_words(delivery.touchpoint)

    @admin.display(description=_("channel"), ordering="touchpoint__channel")
    def channel(self, delivery: Delivery) -> str:
        return str(delivery.touchpoint.channel)

    @admin.display(description=_("why"), ordering="reason")
    def why(self, delivery: Delivery) -> str:
        is_held_back = delivery.state == DeliveryState.PENDING and delivery.touchpoint.is_held_back
        return " ".join(
            words for words in (str(_("Sending is paused.")) if is_held_back else "", sentence(delivery.reason)) if words
        )

    @admin.display(description=_("name of the message"))
    def message_name(self, delivery: Delivery) -> str:
        """What Message-ID, webhook-id and idempotency key are made of."""
        return delivery.token.hex

    @admin.display(description=_("message as it was sent"))
    def as_sent(self, delivery: Delivery) -> str | SafeString:
        try:
            address = reverse("dashboard:delivery", args=[delivery.touchpoint.campaign_id, delivery.pk])
        except NoReverseMatch:
            return "–"
        return format_html('<a href="{}">{}</a>', address, _("Look at it in the campaign's log"))

    @admin.display(description=_("waits for"))
    def waits_for(self, delivery: Delivery) -> str | SafeString:
        if delivery.state != "pending" or delivery.batch is None:
            return "–"
        if paused := pauses_on(delivery.touchpoint):
            return " ".join(pause.sentence(timezone.get_current_timezone_name()) for pause in paused)
        until = timezone.localtime(delivery.batch.not_before).strftime("%Y-%m-%d %H:%M:%S %Z")
        return f"{until}. {delivery.batch.error}".strip()

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("delivery.change_delivery")

    @admin.action(description=_("Retry the selected deliveries now"), permissions=["retry"])
    def retry(self, request: HttpRequest, deliveries: QuerySet[Delivery]) -> None:
        now = timezone.now()
        chosen = list(deliveries)
        actor: Any = request.user
        retried = sum(services.retry_delivery(delivery, actor=actor, now=now) for delivery in chosen)
        if retried:
            text = ngettext("%(count)s delivery leaves again now.", "%(count)s deliveries leave again now.", retried)
            self.message_user(request, text % {"count": retried}, messages.SUCCESS)
        left = len(chosen) - retried
        if left:
            text = ngettext(
                "%(count)s delivery cannot be retried: it arrived, was left out on purpose, or its touchpoint is closed.",
                "%(count)s deliveries cannot be retried: they arrived, were left out on purpose, or their touchpoint is closed.",
                left,
            )
            self.message_user(request, text % {"count": left}, messages.WARNING)
