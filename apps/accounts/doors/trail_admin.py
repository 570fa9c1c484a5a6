"""The admin of every model: whatever it saves goes on record with before and after, and nobody's work is overwritten unasked."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models, transaction
from django.db.models import Q
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ..models import AuditEvent, User
from ..services import add_to_event, record
from ..trail.history import about, events_about, key_of, lines
from ..trail.snapshots import hidden_fields, names_something, stored
from ..trail.words import Reader
from .choices import chosen_in, object_id_of, offer_active
from .conflicts import OPENED, SEEN, conflict_about, contrasts, opened_at, refusing
from .pages import EstimatingPaginator
from .state import ObjectState, detail_of, state_of

LINES_ON_PAGE = 50
LATEST_LINES = 3


class TrailAdmin(admin.ModelAdmin):
    """Every ModelAdmin of the project is one of these; a test walks the registry.

    What a service said of the deed in its own event stays, and is completed with what the form changed; where no service
    spoke, “added”, “changed” and “deleted” are on record. Nothing is written into Django's own log.
    """

    object_history_template = "admin/history.html"
    paginator = EstimatingPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # for each choice of a filter the whole table would be read; short lists may allow it
    also_compared: Sequence[str] = ()  # fields that no form names but whose change is a conflict

    # what is kept of it

    def trail_of(self, obj: Any) -> Q:
        """Which events the history of `obj` shows."""
        return about(obj)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction.atomic():
            if object_id is not None:
                self._look_before(request, object_id)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        detail = detail_of(self.model, ObjectState(), state_of(self, request, obj))
        self._keep(request, obj, "added", detail, after=0)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        before: ObjectState | None = getattr(request, "trail_before", None)
        if before is not None:
            detail = detail_of(self.model, before, state_of(self, request, obj))
            self._keep(request, obj, "changed", detail, after=request.trail_last)  # type: ignore[attr-defined]

    def log_deletions(self, request: HttpRequest, queryset: Iterable[models.Model]) -> Any:
        for obj in queryset:
            state = stored(self.model, obj.pk)
            hidden = hidden_fields(self.model)
            changes = {name: [] if name in hidden else [value, None] for name, value in state.items() if value not in (None, "")}
            self._record(request, obj, "deleted", changes=changes)

    def _look_before(self, request: HttpRequest, object_id: str) -> None:
        """Holds the row against others until it is saved, and keeps what it was like."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None or not self.has_change_permission(request, obj):
            return
        self.keep_before(request, obj)
        seen = request.POST.get(SEEN)
        if seen and seen != self._mark(request, obj, request.trail_before):  # type: ignore[attr-defined]
            found = conflict_about(obj, opened_at=opened_at(request), reader=reader_of(request))
            request.trail_conflict = found  # type: ignore[attr-defined]

    def keep_before(self, request: HttpRequest, obj: models.Model) -> None:
        """To be called in a transaction, by whatever changes `obj` and then calls `log_change`."""
        list(self.model._base_manager.select_for_update().filter(pk=obj.pk).values_list("pk"))
        last = AuditEvent.objects.filter(about(obj)).order_by("-pk").values_list("pk", flat=True).first()
        request.trail_last = last or 0  # type: ignore[attr-defined]
        request.trail_before = state_of(self, request, obj)  # type: ignore[attr-defined]

    def _keep(self, request: HttpRequest, obj: models.Model, deed: str, detail: dict[str, Any], *, after: int) -> None:
        event = AuditEvent.objects.filter(about(obj), pk__gt=after).order_by("pk").last()
        if event is not None:
            changes = {**detail.get("changes", {}), **event.detail.get("changes", {})}
            add_to_event(event, {**detail, "changes": changes} if changes else detail)
        elif detail or deed == "added":
            self._record(request, obj, deed, **detail)

    def _record(self, request: HttpRequest, obj: models.Model, deed: str, **detail: Any) -> None:
        name = {"name": str(obj)} if names_something(self.model) else {}
        verb = f"{self.opts.model_name}.{deed}"
        record(verb, subject=obj, actor=person(request), now=timezone.now(), **name, **detail)

    # two people at one form

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        found = getattr(request, "trail_conflict", None)
        return refusing(form, found.sentence) if found else form

    def _mark(self, request: HttpRequest, obj: models.Model, state: ObjectState) -> str:
        readonly = set(self.get_readonly_fields(request, obj))
        editable = {field.name for field in self.opts.get_fields() if getattr(field, "editable", False)}
        return state.mark(frozenset(editable - readonly) | frozenset(self.also_compared))

    def render_change_form(
        self, request: HttpRequest, context: Any, add: bool = False, change: bool = False, form_url: str = "", obj: Any = None
    ) -> HttpResponse:
        if obj is not None and not add:
            context |= self._about_changes(request, context, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _about_changes(self, request: HttpRequest, context: Any, obj: Any) -> dict[str, Any]:
        latest = events_about(self.trail_of(obj))[:LATEST_LINES]
        found: dict[str, Any] = {"trail_lines": lines(latest, reader=reader_of(request), names={key_of(obj): str(obj)})}
        if self.has_change_permission(request, obj):
            state: ObjectState = getattr(request, "trail_before", None) or state_of(self, request, obj)
            opened = getattr(request, "trail_conflict", None) is None and request.POST.get(OPENED)
            found |= {"seen": self._mark(request, obj, state), "opened_at": opened or timezone.now().isoformat()}
        if conflict := getattr(request, "trail_conflict", None):
            form = context["adminform"].form
            found |= {"conflict": conflict, "contrasts": contrasts(form, context["inline_admin_formsets"])}
        if not self.has_delete_permission(request, obj):
            found["why_not_deleted"] = self.why_not_deleted(request, obj)
        return found

    # what is offered

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return offer_active(field, chosen=self._chosen(db_field, request))

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        return offer_active(field, chosen=self._chosen(db_field, request))

    def _chosen(self, db_field: Any, request: HttpRequest) -> Any:
        pk = object_id_of(request)
        return chosen_in(self.model._base_manager.filter(pk=pk), db_field.name) if pk else ()

    # what cannot be undone

    def why_not_deleted(self, request: HttpRequest, obj: Any) -> str:
        """Says why there is no button to delete `obj`, and what to do instead; empty where nobody would look for one."""
        return ""

    # the page

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """In place of Django's: who, when with the zone, and what, before and after."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        page = Paginator(events_about(self.trail_of(obj)), LINES_ON_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of “%(name)s”") % {"name": obj},
            "opts": self.opts,
            "object": obj,
            "page": page,
            "lines": lines(page.object_list, reader=reader_of(request), names={key_of(obj): str(obj)}),
            "zone": reader_of(request).zone,
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template or "", context)


def person(request: HttpRequest) -> User:
    """Who is signed in; the admin lets nobody else come so far."""
    return cast(User, request.user)


def reader_of(request: HttpRequest) -> Reader:
    return Reader(zone=person(request).time_zone, language=get_language() or "en")
