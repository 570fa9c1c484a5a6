"""The pages on which a file of notices is uploaded, looked at, and then taken in or thrown away."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.campaigns.admin.pages import planner

from .. import services
from ..foresight import foresee_file, read_file
from ..forms import NoticeFileForm
from ..models import NoticeFile, NoticeSource, UpstreamNotice
from .pages import require

LIST = "admin:upstream_upstreamnotice_changelist"


def upload(request: HttpRequest) -> HttpResponse:
    require(request, "change")
    form = NoticeFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = services.keep_file(form.cleaned_data["file"], actor=planner(request), now=timezone.now())
        return redirect("admin:upstream_upstreamnotice_review", file.pk)
    return _page(request, "upload.html", _("Upload notices"), form=form)


def review(request: HttpRequest, pk: int) -> HttpResponse:
    """What the file would do; the buttons take it in or throw it away. It waits in the database: any host can answer."""
    require(request, "change")
    file = NoticeFile.objects.filter(pk=pk).first()
    if file is None:
        messages.info(
            request, _("This file is no longer here: it was taken in or discarded, or nobody decided about it for a day.")
        )
        return redirect(LIST)
    if request.method != "POST":
        foresight = foresee_file(bytes(file.content), now=timezone.now())
        return _page(request, "upload_review.html", file.name, file=file, foresight=foresight)
    if "discard" in request.POST:
        file.delete()
        messages.info(request, _("The file was discarded; nothing of it was taken in."))
        return redirect(LIST)
    return _take_in(request, file)


def _take_in(request: HttpRequest, file: NoticeFile) -> HttpResponse:
    notices = read_file(bytes(file.content)).notices
    received = services.receive(notices, source=NoticeSource.UPLOAD, actor=planner(request), now=timezone.now())
    file.delete()
    number = len(received.ids)
    words = ngettext("%(n)s notice was taken in.", "%(n)s notices were taken in.", number)
    messages.success(request, words % {"n": number} if number else _("The file held nothing new."))
    if number > services.AT_ONCE:
        messages.info(request, _("They are many: the last of them become drafts within a few minutes."))
    return redirect(LIST)


def _page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    context |= {**admin.site.each_context(request), "title": title, "opts": UpstreamNotice._meta}
    return TemplateResponse(request, f"admin/upstream/{template}", context)
