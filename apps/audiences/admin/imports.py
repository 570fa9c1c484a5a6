"""The pages on which a file of contacts is uploaded, checked, and then imported or thrown away."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User

from ..columns import NAMES
from ..forms import ContactFileForm
from ..models import Contact, ContactFile
from ..services import check_file, discard_file, import_file, keep_file
from ..summaries import report_sentences

MOST_ERRORS_SHOWN = 100
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
            path("import/<int:pk>/", opened(self.review), name="audiences_contact_import_review"),
            path("import/<int:pk>/errors.csv", opened(self.errors), name="audiences_contact_import_errors"),
        ]

    def upload(self, request: HttpRequest) -> HttpResponse:
        form = ContactFileForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = keep_file(form.cleaned_data["file"], actor=cast(User, request.user), now=timezone.now())
            return HttpResponseRedirect(reverse("admin:audiences_contact_import_review", args=(file.pk,)))
        columns = [(field, ", ".join(names)) for field, names in NAMES.items()]
        return self._page(request, "import.html", _("Import contacts"), form=form, columns=columns)

    def review(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the file would do; the buttons do it or throw the file away."""
        file = ContactFile.objects.filter(pk=pk).first()
        if file is None:
            messages.info(
                request, _("This file is no longer here: it was imported or discarded, or nobody decided about it for a day.")
            )
            return _to_list()
        if request.method != "POST":
            report = check_file(file, now=timezone.now())
        elif "discard" in request.POST:
            discard_file(file)
            messages.info(request, _("The file was discarded; nothing was imported."))
            return _to_list()
        else:
            report = import_file(file, skip_errors="skip" in request.POST, actor=cast(User, request.user), now=timezone.now())
        if report.is_saved:
            messages.success(request, " ".join(report_sentences(report)) or _("The file has no contacts."))
            return _to_list()
        context = {"file": file, "report": report, "sentences": report_sentences(report)}
        return self._page(request, "import_review.html", file.name, errors=report.errors[:MOST_ERRORS_SHOWN], **context)

    def errors(self, request: HttpRequest, pk: int) -> HttpResponse:
        file = ContactFile.objects.filter(pk=pk).first()
        if file is None:
            return _to_list()
        content = check_file(file, now=timezone.now()).errors_csv()
        headers = {"Content-Disposition": 'attachment; filename="errors.csv"'}
        return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)

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


def _to_list() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:audiences_contact_changelist"))
