from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from ..inbox.poll import last_state, mailbox_settings
from ..models import InboxMessage
from .events import ReadOnlyAdmin


class ProblemFilter(admin.SimpleListFilter):
    title = _("problems")
    parameter_name = "problems"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("With problems"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.exclude(problems=[]) if self.value() == "yes" else queryset


@admin.register(InboxMessage)
class InboxMessageAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "sender", "subject", "source", "replies", "notices", "others", "trouble")
    list_filter = (ProblemFilter, "source")
    search_fields = ("sender", "subject", "message_id")
    fields = ("received_at", "source", "sender", "subject", "message_id", "replies", "notices", "others", "trouble", "kept")
    change_list_template = "admin/tracking/inbox.html"

    @admin.display(description=_("problems"))
    def trouble(self, row: InboxMessage) -> str:
        return "\n".join(row.problems)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        state, mailbox = last_state(), mailbox_settings()
        context = {
            "mailbox": f"{mailbox.user}, {mailbox.host}" if mailbox else "",
            "looked_at": parse_datetime(state.get("at", "")),
            "inbox_problem": state.get("problem", ""),
        }
        return super().changelist_view(request, context | (extra_context or {}))
