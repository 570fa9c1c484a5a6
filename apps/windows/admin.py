from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.archive_admin import ArchiveAdmin
from apps.accounts.doors.trail_admin import TrailAdmin
from apps.accounts.forms import ZoneField
from apps.accounts.models import User
from apps.common.empty_lists import WhenEmpty

from .models import LIVE_STATUSES, Blackout, Service
from .services import archive_services, rename_service, restore_services


@admin.register(Service)
class ServiceAdmin(ArchiveAdmin):
    list_display = ("name", "description", "live_windows")
    search_fields = ("name", "slug", "description")
    ordering = ("name",)
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (
            None,
            {
                "fields": ("name", "slug", "description"),
                "description": _("Something customers depend on, named as they call it: messages and calendars show it."),
            },
        ),
    )
    when_empty = WhenEmpty(
        title=_("No service is named yet"),
        words=_("Add what your windows touch, in the words of those who use it: a window names at least one service."),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        rows: QuerySet[Service] = super().get_queryset(request)
        return rows.annotate(live_windows_now=Count("windows", filter=Q(windows__status__in=LIVE_STATUSES)))

    def save_model(self, request: HttpRequest, obj: Service, form: Any, change: bool) -> None:
        name, renamed = obj.name, change and "name" in form.changed_data
        if renamed:
            obj.name = form.initial["name"]
        super().save_model(request, obj, form, change)
        if renamed:
            rename_service(obj, name=name, actor=cast(User, request.user), now=timezone.now())

    @admin.display(description=_("windows to come or under way"), ordering="live_windows_now")
    def live_windows(self, service: Service) -> int:
        return service.live_windows_now  # type: ignore[attr-defined, no-any-return]

    def archive_rows(self, request: HttpRequest, rows: QuerySet[Service]) -> int:
        return archive_services(rows, actor=cast(User, request.user), now=timezone.now())

    def restore_rows(self, request: HttpRequest, rows: QuerySet[Service]) -> int:
        return restore_services(rows, actor=cast(User, request.user), now=timezone.now())


def _day(label: Any, help_text: Any = "") -> forms.DateField:
    """The browser's own field, which speaks ISO whatever the page's language."""
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, help_text=help_text, widget=widget, input_formats=["%Y-%m-%d"], localize=False)


class BlackoutForm(forms.ModelForm):
    first_date = _day(_("First day"))
    last_date = _day(_("Last day"), _("It belongs to the period."))
    time_zone = ZoneField(label=_("Time zone"), help_text=_("On whose clocks the days begin and end."))
    services = forms.ModelMultipleChoiceField(
        label=_("Services"),
        queryset=Service.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = Q(blackouts=self.instance) if self.instance.pk else Q(pk__in=())
        services: Any = self.fields["services"]
        services.queryset = Service.objects.filter(Q(archived_at=None) | chosen).distinct()


@admin.register(Blackout)
class BlackoutAdmin(TrailAdmin):
    """Days on which no work is wanted; whoever enters one is named to those whom it stops."""

    form = BlackoutForm
    list_display = ("name", "first_date", "last_date", "service_names", "is_strict", "entered_by")
    list_filter = ("is_strict",)
    list_select_related = ("entered_by",)
    search_fields = ("name", "services__name")
    ordering = ("-first_date",)
    date_hierarchy = "first_date"
    actions = None
    fields = ("name", "first_date", "last_date", "time_zone", "services", "is_strict")
    when_empty = WhenEmpty(
        title=_("Work is welcome on every day"),
        words=_(
            "Add the days on which no work is wanted, such as a sale or the end of the year: windows that touch them are "
            "warned of, or refused where it is strict."
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Blackout]:
        rows: QuerySet[Blackout] = super().get_queryset(request)
        return rows.prefetch_related("services")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"time_zone": cast(User, request.user).time_zone, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Blackout, form: Any, change: bool) -> None:
        if not change:
            obj.entered_by = cast(User, request.user)
        super().save_model(request, obj, form, change)

    @admin.display(description=_("services"))
    def service_names(self, blackout: Blackout) -> str:
        return ", ".join(service.name for service in blackout.services.all()) or str(_("All"))
