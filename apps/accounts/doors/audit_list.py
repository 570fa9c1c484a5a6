"""The whole trail as a list: who did what to which object, and when; to be read and taken along, never to be changed."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.common.empty_lists import WhenEmpty
from apps.common.labels import labelled
from apps.common.sheets import defused

from ..models import AuditEvent
from ..trail.history import Line, lines
from ..trail.words import Difference, model_of
from .filters import ActorFilter, KindFilter, PeriodFilter
from .pages import EstimatingPaginator
from .trail_admin import reader_of

LINES_AT_ONCE = 500


class TrailList(ChangeList):
    """Puts all events of a page into words at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        found = list(self.result_list)
        for event, line in zip(found, lines(found, reader=reader_of(request)), strict=True):
            event.line = line
        self.result_list = found


@admin.register(AuditEvent)
class AuditEventAdmin(admin.ModelAdmin):
    list_display = ("when", "deed", "kind", "details")
    list_display_links = None
    list_filter = (ActorFilter, KindFilter, ("at", PeriodFilter))
    list_select_related = ("actor",)
    search_fields = ("verb", "subject_id")
    search_help_text = gettext_lazy("The number of an object, or the name of a deed such as window.rescheduled")
    ordering = ("-at", "-id")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = EstimatingPaginator
    list_per_page = 50
    change_list_template = "admin/accounts/auditevent/change_list.html"
    actions = None
    when_empty = WhenEmpty(
        title=gettext_lazy("Nothing has been done yet"),
        words=gettext_lazy(
            "Every change in the admin and every deed is kept here, with who did it, when, and what was there before. Add "
            "a window, and it begins."
        ),
        url_name="admin:windows_maintenancewindow_changelist",
        label=gettext_lazy("Go to the windows"),
        permission="windows.view_maintenancewindow",
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TrailList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        words = search_term.strip()
        return queryset.filter(Q(verb=words) | Q(subject_id=words)) if words else queryset, False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        own = path("trail.csv", self.admin_site.admin_view(self.csv), name="accounts_auditevent_csv")
        return [own, *super().get_urls()]

    def csv(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """The list as it is filtered, all pages of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        events = self.get_changelist_instance(request).get_queryset(request)
        headers = {"Content-Disposition": 'attachment; filename="trail.csv"'}
        return StreamingHttpResponse(_sheet(events, request), content_type="text/csv; charset=utf-8", headers=headers)

    @admin.display(description=gettext_lazy("when"), ordering="at")
    def when(self, event: AuditEvent) -> str:
        return _line_of(event).when

    @admin.display(description=gettext_lazy("what was done"))
    def deed(self, event: AuditEvent) -> SafeString | str:
        line, page = _line_of(event), page_of(event)
        return format_html('<a href="{}">{}</a>', page, line.sentence) if page else line.sentence

    @admin.display(description=gettext_lazy("kind of object"), ordering="subject_type")
    def kind(self, event: AuditEvent) -> str:
        return _line_of(event).kind

    @admin.display(description=gettext_lazy("what changed"))
    def details(self, event: AuditEvent) -> str:
        line = _line_of(event)
        names = [each.label for each in line.differences] + [row.title for row in line.rows]
        return ", ".join([*(labelled(label, value) for label, value in line.facts), *names]) or "–"


def page_of(event: AuditEvent) -> str:
    """The object's own history, where there is such a page."""
    model = model_of(event.subject_type)
    if model is None or not event.subject_id.isdecimal() or model not in admin.site._registry:
        return ""
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_history", args=[event.subject_id])
    except NoReverseMatch:
        return ""


def _line_of(event: Any) -> Line:
    return event.line  # type: ignore[no-any-return]


def _sheet(events: QuerySet[AuditEvent], request: HttpRequest) -> Iterator[str]:
    heads = (
        _("When (UTC)"),
        _("Who"),
        _("Kind of object"),
        _("Number"),
        _("Object"),
        _("Deed"),
        _("In words"),
        _("What changed"),
    )
    yield "\ufeff" + _cells(heads)  # Excel needs the mark to read UTF-8
    reader, chunk = reader_of(request), []
    for event in events.select_related("actor").iterator(LINES_AT_ONCE):
        chunk.append(event)
        if len(chunk) == LINES_AT_ONCE:
            yield from map(_row, lines(chunk, reader=reader))
            chunk = []
    yield from map(_row, lines(chunk, reader=reader))


def _row(line: Line) -> str:
    event = line.event
    told = [f"{label}: {value}" for label, value in line.facts] + [_told(each) for each in line.differences]
    for row in line.rows:
        told += [row.title, *map(_told, row.differences)]
    cells = (event.at.isoformat(), line.who, line.kind, event.subject_id, line.what, event.verb, line.sentence, "\n".join(told))
    return _cells(cells)


def _told(each: Difference) -> str:
    if each.is_hidden:
        return f"{each.label}: {_('changed; the trail keeps no value')}"
    return f"{each.label}: {each.before} → {each.after}"


def _cells(cells: Sequence[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow([defused(cell) for cell in cells])
    return text.getvalue()
