"""A window and its campaign in the admin: the list, and the one page from which everything about it is reached."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.trail_admin import TrailAdmin
from apps.accounts.trail.history import about
from apps.common.empty_lists import WhenEmpty
from apps.common.times import format_period
from apps.windows.models import MaintenanceWindow

from ..headline import headline
from ..models import Campaign, Touchpoint
from .approvals import approval_page
from .copying import duplicate_page, save_playbook_page
from .deeds import deed
from .drafting import add_window, edit_draft, plan_fragment
from .matrix import campaign_plan_page
from .overview import overview
from .pages import require
from .people import people_page
from .previews import preview, preview_html
from .release import left_out_page, release_page
from .repeating import repeat_page
from .texts import texts_page


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(TrailAdmin):
    list_display = ("title", "when", "service_names", "impact", "state")
    list_filter = ("status", "impact")
    search_fields = ("title", "services__name")
    ordering = ("-starts_at",)
    list_per_page = 50
    show_facets = admin.ShowFacets.ALLOW
    actions = None
    when_empty = WhenEmpty(
        title=_("No window is planned"),
        words=_(
            "Add the first one: give it a title, its services, start, duration and impact, and the messages it leads to "
            "are shown before anything is saved."
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[MaintenanceWindow]:
        return super().get_queryset(request).prefetch_related("services")

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"windows_maintenancewindow_{name}")

        return [
            page("plan/", plan_fragment, "plan"),
            page("<int:pk>/draft/", edit_draft, "draft"),
            page("<int:pk>/matrix/", campaign_plan_page, "matrix"),
            page("<int:pk>/duplicate/", duplicate_page, "duplicate"),
            page("<int:pk>/playbook/", save_playbook_page, "save_playbook"),
            page("<int:pk>/texts/", texts_page, "texts"),
            page("<int:pk>/repeat/", repeat_page, "repeat"),
            page("<int:pk>/preview/", preview, "preview"),
            page("<int:pk>/preview/message.html", preview_html, "preview_html"),
            page("<int:pk>/do/release/", release_page, "release"),
            page("<int:pk>/left-out/<int:segment_id>/<int:channel_id>/", left_out_page, "left_out"),
            page("<int:pk>/approval/", approval_page, "approval"),
            page("<int:pk>/people/", people_page, "people"),
            page("<int:pk>/do/<slug:verb>/", deed, "do"),
            *super().get_urls(),
        ]

    def trail_of(self, obj: MaintenanceWindow) -> Q:
        """Its campaign and touchpoints have no pages of their own."""
        campaign = Campaign.objects.filter(window=obj).first()
        if campaign is None:
            return about(obj)
        touchpoints = [str(pk) for pk in campaign.touchpoints.values_list("pk", flat=True)]
        return about(obj, campaign) | Q(subject_type=Touchpoint._meta.label_lower, subject_id__in=touchpoints)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return add_window(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Nothing is changed here directly: every change is a page of its own that says first what it leads to."""
        require(request, "view")
        window = self.get_object(request, object_id)
        if window is None:
            raise Http404(object_id)
        return overview(request, window)

    def has_delete_permission(self, request: HttpRequest, obj: MaintenanceWindow | None = None) -> bool:
        return False  # what was announced is cancelled, not forgotten

    @admin.display(description=_("when"), ordering="starts_at")
    def when(self, window: MaintenanceWindow) -> str:
        return format_period(window.starts_at, window.ends_at, zone=window.time_zone, language=get_language() or "en")

    @admin.display(description=_("services"))
    def service_names(self, window: MaintenanceWindow) -> str:
        return ", ".join(service.name for service in window.services.all())

    @admin.display(description=_("status"), ordering="status")
    def state(self, window: MaintenanceWindow) -> SafeString:
        head = headline(window, now=timezone.now())
        return format_html('<span class="badge {}">{}</span>', head.style, head.status)
