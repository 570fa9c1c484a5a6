"""The pages on which a file of contacts is uploaded, its columns confirmed, checked, and then imported or thrown away."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.common.sheets import MAX_ROWS, SheetError, write_sheet

from .. import intake
from ..column_forms import ColumnsForm, ReadingForm
from ..columns import NAMES
from ..forms import ContactFileForm
from ..models import Contact, ContactImport, ImportState
from ..summaries import import_sentences, progress_of

LATEST = 10
WAITS = 10.0  # seconds at most that a small file may keep a planner waiting
EXAMPLE = (
    ("name", "email", "phone", "organisation", "language", "time_zone", "is_internal", "attributes.plan"),
    ("Zoé Martin", "zoe@example.com", "+33123456789", "Acme", "fr", "Europe/Paris", "no", "gold"),
)
View = Callable[..., HttpResponse]


class ImportPages:
    """Belongs to the contacts' admin. The file waits in the database, so that any host can answer the next request."""

    def __init__(self, model_admin: "admin.ModelAdmin[Contact]") -> None:
        self.model_admin = model_admin

    def urls(self) -> list[URLPattern]:
        def opened(view: View) -> View:
            return self.model_admin.admin_site.admin_view(self._for_importers(view))

        return [
            path("import/", opened(self.upload), name="audiences_contact_import"),
            path("import/template.csv", opened(self.template), name="audiences_contact_import_template"),
            path("import/<int:pk>/columns/", opened(self.columns), name="audiences_contact_import_columns"),
            path("import/<int:pk>/", opened(self.review), name="audiences_contact_import_review"),
            path("import/<int:pk>/progress/", opened(require_safe(self.progress)), name="audiences_contact_import_progress"),
            path("import/<int:pk>/errors.csv", opened(self.errors), name="audiences_contact_import_errors"),
        ]

    def upload(self, request: HttpRequest) -> HttpResponse:
        form = ContactFileForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                job = intake.receive(form.cleaned_data["file"], actor=cast(User, request.user), now=timezone.now())
                return HttpResponseRedirect(reverse("admin:audiences_contact_import_columns", args=(job.pk,)))
            except SheetError as error:
                form.add_error("file", _("Line %(line)s: %(problem)s") % {"line": error.line, "problem": error.messages[0]})
        names = [(field, ", ".join(names)) for field, names in NAMES.items()]
        latest = ContactImport.objects.select_related("started_by").defer("first_errors")[:LATEST]
        return self._page(request, "import.html", _("Import contacts"), form=form, columns=names, latest=latest, most=MAX_ROWS)

    def template(self, request: HttpRequest) -> HttpResponse:
        header, example = EXAMPLE
        return _csv(write_sheet(header, [example], delimiter=","), "contacts.csv")

    def columns(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How the file is read and what its columns mean; “read again” looks at it by other settings."""
        job = self._job(pk)
        if job is None or job.state not in (ImportState.UPLOADED, ImportState.CHECKED):
            return self._moved_on(request, job)
        posted = request.POST if request.method == "POST" else None
        reading = ReadingForm(job, posted if posted and "read_again" in posted else None)
        form = ColumnsForm(job, posted if posted and "check" in posted else None)
        if reading.is_bound and reading.is_valid() and self._read_again(request, job, reading):
            return HttpResponseRedirect(request.path)
        if form.is_bound and form.is_valid():
            if intake.confirm_columns(job, form.meanings(), now=timezone.now()):
                intake.get_on_with(job, clock=timezone.now, seconds=WAITS)
            return HttpResponseRedirect(reverse("admin:audiences_contact_import_review", args=(pk,)))
        return self._page(request, "import_columns.html", job.name, job=job, reading=reading, form=form)

    def review(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the file would do, is doing or has done; the buttons go on with it or throw it away."""
        job = self._job(pk)
        if job is None:
            return self._moved_on(request, job)
        if request.method == "POST":
            return self._decided(request, job)
        if job.state == ImportState.UPLOADED and not job.problem:
            return HttpResponseRedirect(reverse("admin:audiences_contact_import_columns", args=(pk,)))
        context = {"job": job, "progress": progress_of(job), "sentences": import_sentences(job)}
        return self._page(request, "import_review.html", job.name, **context)

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The bar alone, for the page that shows it; 204 once there is nothing to wait for."""
        job = self._job(pk)
        if job is None or not job.is_at_work:
            return HttpResponse(status=204)
        html = render_to_string("admin/audiences/contact/_import_progress.html", {"job": job, "progress": progress_of(job)})
        return HttpResponse(html, headers={"Cache-Control": "no-store"})

    def errors(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = ContactImport.objects.select_related("file").filter(pk=pk).first()
        if job is None or job.file is None or job.file.errors is None:
            return self._moved_on(request, job)
        return _csv(bytes(job.file.errors), "errors.csv")

    def _decided(self, request: HttpRequest, job: ContactImport) -> HttpResponse:
        here = HttpResponseRedirect(request.path)
        if "discard" in request.POST:
            if not intake.discard(job):
                return here
            messages.info(request, _("The file was discarded; nothing of it is kept here."))
            return _to_list()
        if "columns" in request.POST:
            intake.reopen_columns(job)
            return HttpResponseRedirect(reverse("admin:audiences_contact_import_columns", args=(job.pk,)))
        begun = intake.go_on(job) if "go_on" in request.POST else intake.begin_import(job, skip_errors="skip" in request.POST)
        if begun:
            intake.get_on_with(job, clock=timezone.now, seconds=WAITS)
        return here

    def _read_again(self, request: HttpRequest, job: ContactImport, form: ReadingForm) -> bool:
        chosen = {name: form.cleaned_data.get(name, "") for name in ("encoding", "delimiter", "sheet")}
        try:
            return intake.read_again(job, **chosen)
        except SheetError as error:
            form.add_error(None, error.messages[0])
            return False

    def _job(self, pk: int) -> ContactImport | None:
        return ContactImport.objects.select_related("started_by").filter(pk=pk).first()

    def _moved_on(self, request: HttpRequest, job: ContactImport | None) -> HttpResponse:
        if job is not None:
            return HttpResponseRedirect(reverse("admin:audiences_contact_import_review", args=(job.pk,)))
        messages.info(request, _("This file is no longer here: it was discarded, or nobody decided about it for a day."))
        return _to_list()

    def _for_importers(self, view: View) -> View:
        """An import adds and changes, so it needs the permission for both."""

        def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if not (self.model_admin.has_add_permission(request) and self.model_admin.has_change_permission(request)):
                raise PermissionDenied
            return view(request, **kwargs)

        return guarded

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        context |= {**self.model_admin.admin_site.each_context(request), "title": title, "opts": Contact._meta}
        return TemplateResponse(request, f"admin/audiences/contact/{template}", context)


def _csv(content: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


def _to_list() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:audiences_contact_changelist"))
