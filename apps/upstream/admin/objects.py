from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.doors.trail_admin import TrailAdmin
from apps.accounts.models import User
from apps.common.empty_lists import WhenEmpty

from .. import services
from ..forms import ObjectServicesForm
from ..models import UpstreamObject


@admin.register(UpstreamObject)
class UpstreamObjectAdmin(TrailAdmin):
    """What planners chose on notices, to be looked up and mended."""

    list_display = ("object_id", "provider_key", "service_names", "decided_by", "decided_at")
    list_filter = ("provider_key",)
    search_fields = ("object_id", "provider_key", "services__name")
    list_select_related = ("decided_by",)
    form = ObjectServicesForm
    fields = ("provider_key", "object_id", "services", "decided_by", "decided_at")
    readonly_fields = ("provider_key", "object_id", "decided_by", "decided_at")
    actions = None
    when_empty = WhenEmpty(
        title=gettext_lazy("No object of a provider is known"),
        words=gettext_lazy(
            "When you say on a notice which services stand on one of its objects (a circuit, a rack), that is remembered "
            "here for the drafts of later notices."
        ),
        url_name="admin:upstream_upstreamnotice_changelist",
        label=gettext_lazy("Look at the notices"),
        permission="upstream.view_upstreamnotice",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[UpstreamObject]:
        return super().get_queryset(request).prefetch_related("services")

    @admin.display(description=gettext_lazy("services"))
    def service_names(self, row: UpstreamObject) -> str:
        return ", ".join(service.name for service in row.services.all()) or _("No concern of ours")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: UpstreamObject | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: UpstreamObject, form: Any, change: bool) -> None:
        chosen = {obj.object_id: list(form.cleaned_data["services"])}
        services.choose_services(obj.provider_key, chosen, actor=cast(User, request.user), now=timezone.now())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service above has written them."""
