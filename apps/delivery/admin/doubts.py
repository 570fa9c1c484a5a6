"""The page of deliveries in doubt: who, what, since when, what is known, what will happen; and a person's word on them."""

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.trail_admin import TrailAdmin
from apps.accounts.models import User
from apps.campaigns.moments import short_words, touchpoint_words
from apps.common.labels import labelled

from .. import services
from ..consequences import TITLES, Chosen, chosen, consequences, done, grouped
from ..doubts import outlook
from ..evidence import Sign, signs
from ..models import Delivery, DoubtfulDelivery, LookUpAnswer
from ..policy import Doubt
from ..reasons import sentence
from ..services import Resolution
from .deliveries import TOUCHPOINT, ReadOnly
from .filters import ChannelFilter, DoubtReasonFilter, TouchpointFilter, WindowFilter


class DoubtList(ChangeList):
    """Picks the rows of a page first, by their index alone, and then reads all that is shown of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        places = {pk: place for place, pk in enumerate(row.pk for row in self.result_list)}
        full = Delivery.objects.select_related("batch__channel", "contact", "look_up", *TOUCHPOINT)
        rows: list[Any] = sorted(full.prefetch_related("attempt_log").filter(pk__in=places), key=lambda row: places[row.pk])
        known, now = signs(rows), timezone.now()
        for row in rows:
            row.signs, row.zone, row.now = known[row.pk], _planner(request).time_zone, now
        self.result_list = rows


def _saying(resolution: Resolution) -> Any:
    """The action by which a person says `resolution` of the chosen rows."""

    def say(page: "DoubtAdmin", request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return page.resolve(request, rows, resolution)

    say.__name__ = resolution.value
    decorated: Any = admin.action(description=TITLES[resolution], permissions=["resolve"])  # type: ignore[call-overload]
    return decorated(say)


@admin.register(DoubtfulDelivery)
class DoubtAdmin(ReadOnly, TrailAdmin):
    list_display = ("recipient", "message", "channel", "since", "known", "next_step")
    list_display_links = None
    list_filter = (WindowFilter, TouchpointFilter, ChannelFilter, DoubtReasonFilter)
    search_fields = ("address", "contact__name")
    search_help_text = _("Address or name.")
    ordering = ("sent_at", "pk")
    list_per_page = 50
    list_max_show_all = 200
    change_list_template = "admin/delivery/doubts.html"
    actions = (*map(_saying, Resolution), "ask")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DoubtList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(pk__in=Delivery.objects.in_doubt().values("pk"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("delivery.view_delivery") or self.has_resolve_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("delivery.change_delivery")

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """A doubt is a delivery, and has its page in the log."""
        return redirect("admin:delivery_delivery_change", object_id)

    # what a row says

    @admin.display(description=_("recipient"), ordering="address")
    def recipient(self, row: Any) -> SafeString:
        name = str(row.contact) if row.contact else str(row.touchpoint.channel)
        also = row.address if row.address and row.address not in name else ""
        page = reverse("admin:delivery_delivery_change", args=[row.pk])
        return format_html('<a href="{}">{}</a><span class="quiet-line">{}</span>', page, name, also)

    @admin.display(description=_("message"), ordering="touchpoint")
    def message(self, row: Any) -> SafeString:
        page = reverse("admin:windows_maintenancewindow_change", args=[row.touchpoint.campaign.window_id])
        moment = touchpoint_words(row.touchpoint)
        return format_html('{}<span class="quiet-line"><a href="{}">{}</a></span>', moment, page, row.touchpoint.campaign)

    @admin.display(description=_("channel"), ordering="touchpoint__channel")
    def channel(self, row: Any) -> str:
        return str(row.touchpoint.channel)

    @admin.display(description=_("since"), ordering="sent_at")
    def since(self, row: Any) -> SafeString:
        times = ngettext("handed over once", "handed over %(n)s times", row.attempts) % {"n": row.attempts}
        return format_html('{}<span class="quiet-line">{}</span>', short_words(row.sent_at, row.zone), times)

    @admin.display(description=_("what is known"), ordering="reason")
    def known(self, row: Any) -> SafeString:
        found: Sequence[Sign] = row.signs
        lines = [(sign.words, short_words(sign.at, row.zone)) for sign in found] or [("", gettext("Nothing has come back yet."))]
        evidence = format_html_join("", '<span class="evidence">{} <span class="quiet-line">{}</span></span>', lines)
        return format_html("{}{}", sentence(row.reason), evidence)

    @admin.display(description=_("what happens next"))
    def next_step(self, row: Any) -> str:
        verdict, at = outlook(row, row.now)
        if verdict is Doubt.REPEAT and at <= row.now:
            return gettext("It goes again now, under the same name.")
        if verdict is Doubt.REPEAT:
            text = gettext("If nothing comes before, it goes again under the same name: %(at)s.")
        else:
            text = gettext("If nothing comes before, it is unknown from then on: %(at)s.")
        return text % {"at": short_words(at, row.zone)}

    # a person's word

    def resolve(self, request: HttpRequest, rows: QuerySet[Any], resolution: Resolution) -> HttpResponse | None:
        """Asks with the consequences in numbers; does it once they were seen, and asks anew when there are more by then."""
        now = timezone.now()
        doubts = Delivery.objects.filter(pk__in=rows.order_by().values("pk"))
        found = chosen(doubts, now=now)
        seen = request.POST.get("seen", "")
        if not seen.isdigit() or found.all > int(seen):
            return self._confirmation(request, resolution, found)
        number = services.resolve_by_hand(doubts, resolution, actor=_planner(request), now=now)
        self.message_user(request, done(resolution, number), messages.SUCCESS if number else messages.WARNING)
        return None

    def _confirmation(self, request: HttpRequest, resolution: Resolution, found: Chosen) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": TITLES[resolution],
            "opts": self.opts,
            "consequences": consequences(resolution, found),
            "can_be_done": bool(found.all if resolution is not Resolution.REPEAT else found.repeatable),
            "is_final": resolution in (Resolution.NOT_ARRIVED, Resolution.REPEAT),
            "action": request.POST["action"],
            "select_across": request.POST.get("select_across", "0"),
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox": ACTION_CHECKBOX_NAME,
            "seen": found.all,
            "back": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/delivery/resolve.html", context)

    @admin.action(description=_("Ask the provider now"), permissions=["resolve"])
    def ask(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        now = timezone.now()
        doubts = Delivery.objects.filter(pk__in=rows.order_by().values("pk")).order_by("sent_at", "pk")
        askable = services.askable(doubts).count()
        answers = services.look_up_now(doubts, now=now)
        asked = sum(answers.values())
        if not asked:
            text = gettext("None of these can be asked about: their channels keep no list that could be searched.")
            self.message_user(request, text, messages.WARNING)
            return
        said = [labelled(LookUpAnswer(answer).label, number) for answer, number in sorted(answers.items())]
        text = ngettext("The provider was asked about %(n)s message.", "The provider was asked about %(n)s messages.", asked)
        self.message_user(request, f"{text % {'n': grouped(asked)}} {'. '.join(said)}.", messages.SUCCESS)
        if left := askable - asked:
            text = ngettext("%(n)s more is asked about in its turn.", "%(n)s more are asked about in their turn.", left)
            self.message_user(request, text % {"n": grouped(left)}, messages.INFO)


def _planner(request: HttpRequest) -> User:
    return cast(User, request.user)
