from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from apps.accounts.doors.archive_admin import ArchiveAdmin
from apps.accounts.models import User
from apps.common.archiving import ArchivingChangeList
from apps.common.empty_lists import WhenEmpty

from ..forms import SegmentForm
from ..known_values import known_values
from ..models import Segment, live_counts
from ..rule_forms import RuleWidget, panel_of, panel_posted
from ..rules import ATTRIBUTE, ATTRIBUTE_NAME, TEXT_FIELDS, RuleError
from ..services import save_segment
from ..words import fault_sentence


class SegmentChangeList(ArchivingChangeList):
    """Counts the contacts of all segments of the page in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        counts = live_counts(self.result_list)
        for segment in self.result_list:
            segment.live_count = counts[segment.pk]


@admin.register(Segment)
class SegmentAdmin(ArchiveAdmin):
    form = SegmentForm
    when_archived = _(
        "It is offered for new steps and feeds no longer. Playbooks and plans that name it keep it, and their messages still leave."
    )
    list_display = ("name", "in_words", "people", "description")
    search_fields = ("name", "slug", "description")
    prepopulated_fields = {"slug": ("name",)}
    list_per_page = 50
    readonly_fields = ("contacts_now",)
    when_empty = WhenEmpty(
        title=_("There is no group of people yet"),
        words=_(
            "A segment is a rule, such as all customers of one service; who belongs to it is found anew for each message. "
            "Add the first."
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Segment | None = None) -> Any:
        """Who may not change it reads the rule in words."""
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return (
            (None, {"fields": ("name", "slug", "description", "public_names")}),
            (_("Who belongs to it"), {"fields": ("rule",) if may_edit else ("contacts_now",)}),
        )

    def get_urls(self) -> list[URLPattern]:
        opened = self.admin_site.admin_view
        return [
            path("preview/", opened(self.preview), name="audiences_segment_preview"),
            path("values/", opened(require_safe(self.values)), name="audiences_segment_values"),
            *super().get_urls(),
        ]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Who belongs to the rule of a form that is still being filled in; nothing is saved."""
        self._require_editor(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        panel = panel_posted(RuleWidget().value_from_datadict(request.POST, None, "rule"))
        return HttpResponse(render_to_string("admin/audiences/segment/contacts_now.html", {"panel": panel}))

    def values(self, request: HttpRequest) -> HttpResponse:
        """What contacts have in a field, to be offered while a value is typed."""
        self._require_editor(request)
        field = request.GET.get("field", "")
        if field not in TEXT_FIELDS and not (
            field.startswith(ATTRIBUTE) and ATTRIBUTE_NAME.fullmatch(field.removeprefix(ATTRIBUTE))
        ):
            return JsonResponse({"values": []})
        return JsonResponse({"values": known_values(field, request.GET.get("q", "")[:100])})

    def _require_editor(self, request: HttpRequest) -> None:
        """They show names and addresses of contacts, to whoever writes segments."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """A line more or fewer is no mistake, although the form was sent and not saved."""
        rule = context["adminform"].form.errors.as_data().get("rule", [])
        if any(error.code == "not_saved" for error in rule):
            context["errors"] = None
        return super().render_change_form(request, context, *args, **kwargs)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SegmentChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        return super().get_queryset(request).order_by("name")

    def save_model(self, request: HttpRequest, obj: Segment, form: Any, change: bool) -> None:
        save_segment(obj, actor=cast(User, request.user), now=timezone.now())

    @admin.display(description=_("contacts"))
    def people(self, segment: Segment) -> int | str:
        count: int | None = segment.live_count  # type: ignore[attr-defined]
        return "–" if count is None else count

    @admin.display(description=_("in words"))
    def in_words(self, segment: Segment) -> str:
        try:
            return segment.rule_in_words
        except RuleError as error:
            return fault_sentence(error)

    @admin.display(description=_("contacts now"))
    def contacts_now(self, segment: Segment) -> str:
        return render_to_string("admin/audiences/segment/contacts_now.html", {"panel": panel_of(segment.rule)})
