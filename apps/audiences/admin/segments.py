from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.doors.archive_admin import ArchiveAdmin
from apps.accounts.models import User

from ..forms import SegmentForm
from ..models import Segment, live_counts
from ..rules import RuleError
from ..services import save_segment
from ..words import fault_sentence

MOST_SHOWN = 10
RULE_HELP = _(
    "A rule joins conditions with <code>all</code>, <code>any</code> and <code>not</code>, for example<br>"
    '<code>{"all": [{"field": "language", "op": "is", "value": "fr"}, {"not": {"field": "attributes.plan", "op": "in", '
    '"value": ["gold", "silver"]}}]}</code><br>'
    "Fields: language, is_internal, organisation, time_zone, email, email_domain and attributes.&lt;name&gt;. "
    "Operators: is, is_not, in, contains, starts_with, exists. "
    'Everybody is <code>{"all": []}</code>.'
)


class SegmentChangeList(ChangeList):
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
    readonly_fields = ("in_words", "contacts_now")
    list_per_page = 50

    def get_fieldsets(self, request: HttpRequest, obj: Segment | None = None) -> Any:
        rule = ("rule",) if obj is None else ("rule", "in_words", "contacts_now")
        return (
            (None, {"fields": ("name", "slug", "description")}),
            (_("Who belongs to it"), {"fields": rule, "description": RULE_HELP}),
        )

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
        """The live count and the first contacts, by the one query that sending uses too."""
        try:
            contacts = segment.contacts()
        except RuleError:
            return "–"
        context = {"count": contacts.count(), "contacts": contacts[:MOST_SHOWN]}
        return render_to_string("admin/audiences/segment/contacts_now.html", context)
