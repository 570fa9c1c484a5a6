"""The list of notices that wait for a planner, and from there the page of each."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.trail_admin import TrailAdmin
from apps.common.times import format_period

from ..models import NoticeState, UpstreamNotice
from ..sentences import outcome_sentence
from .pages import STYLES, notice_page
from .uploads import review, upload


class ReviewFilter(admin.SimpleListFilter):
    """Shows what waits for a planner unless asked otherwise."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("settled", _("Settled")), ("set_aside", _("Set aside")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": _("To review")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        if self.value() in (NoticeState.SETTLED, NoticeState.SET_ASIDE):
            return queryset.filter(state=self.value())
        return queryset.filter(pk__in=UpstreamNotice.objects.to_review().values("pk"))


@admin.register(UpstreamNotice)
class UpstreamNoticeAdmin(TrailAdmin):
    list_display = ("what", "when", "impact", "provider_status", "stands", "next_step")
    list_filter = (ReviewFilter, "impact", "provider")
    search_fields = ("summary", "provider", "maintenance_id", "uid", "account")
    ordering = ("starts_at", "pk")
    list_select_related = ("window",)
    list_per_page = 50
    change_list_template = "admin/upstream/notices.html"
    actions = None

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"upstream_upstreamnotice_{name}")

        return [
            page("upload/", upload, "upload"),
            page("upload/<int:pk>/", review, "review"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # they come by upload or by mail

    def has_delete_permission(self, request: HttpRequest, obj: UpstreamNotice | None = None) -> bool:
        return False  # a deleted one would come back with the provider's next message

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        notice = self.get_object(request, object_id)
        if notice is None:
            raise Http404(object_id)
        return notice_page(request, notice)

    @admin.display(description=_("notice"), ordering="summary")
    def what(self, notice: UpstreamNotice) -> SafeString:
        return format_html("{}<br><small>{} {}</small>", str(notice), notice.provider, notice.maintenance_id)

    @admin.display(description=_("when"), ordering="starts_at")
    def when(self, notice: UpstreamNotice) -> str:
        return format_period(notice.starts_at, notice.ends_at, zone=notice.time_zone, language=get_language() or "en")

    @admin.display(description=_("state"), ordering="state")
    def stands(self, notice: UpstreamNotice) -> SafeString:
        return format_html('<span class="badge {}">{}</span>', STYLES[NoticeState(notice.state)], notice.get_state_display())

    @admin.display(description=_("what to do"))
    def next_step(self, notice: UpstreamNotice) -> str:
        return outcome_sentence(notice)
