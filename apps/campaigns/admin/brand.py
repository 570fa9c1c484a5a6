"""How letters look: one page, with a letter beside it that shows what is being chosen."""

import base64
from dataclasses import replace
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from apps.accounts.doors.conflicts import SEEN, conflict_about, opened_at
from apps.accounts.doors.trail_admin import TrailAdmin, reader_of

from ..branding import current_brand, mark_of, save_brand
from ..builtin.files import texts
from ..content.compiled import Source, compile_source
from ..content.looks import Identity, Look, Picture, look_of
from ..content.schemes import Scheme, in_scheme
from ..content.specimens import SAMPLE_ZONE, sample_facts, sample_reader
from ..forms.brand import COLOURS, FOOTER, BrandForm
from ..models import Brand, MessageTemplate
from .pages import planner
from .previews import FRAME_POLICY

SHOWN_TEXT = "announce"


@admin.register(Brand)
class BrandAdmin(TrailAdmin):
    """The list of one is its form."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Brand | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        look = path("look/", self.admin_site.admin_view(self.look), name="campaigns_brand_look")
        return [look, *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return redirect("admin:campaigns_brand_changelist")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        brand = current_brand()
        seen = mark_of(brand)
        form = BrandForm(request.POST or None, request.FILES or None, instance=brand)
        if request.method == "POST" and self._saved(request, form, seen):
            messages.success(request, _("The brand was saved. Letters that have not left yet will look like this."))
            return redirect("admin:campaigns_brand_changelist")
        context = self.admin_site.each_context(request) | {
            "title": _("Brand"),
            "opts": self.opts,
            "form": form,
            "brand": form.instance,
            "texts": [form[name] for name in ("name", "upload", "forget_logo", "address") if name in form.fields],
            "footers": [form[name] for name in form.fields if name.startswith(FOOTER)],
            "light": [form[name] for name in COLOURS if name.startswith("light")],
            "dark": [form[name] for name in COLOURS if name.startswith("dark")],
            "may_change": self.has_change_permission(request),
            "seen": seen,
            "opened_at": timezone.now().isoformat(),
            "saved": brand.created_at is not None,
        }
        return TemplateResponse(request, "admin/campaigns/brand.html", context)

    def _saved(self, request: HttpRequest, form: BrandForm, seen: str) -> bool:
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.POST.get(SEEN, seen) != seen:
            found = conflict_about(form.instance, opened_at=opened_at(request), reader=reader_of(request))
            form.add_error(None, found.sentence)
        if not form.is_valid():
            return False
        save_brand(form.instance, logo=form.picture, actor=planner(request), now=timezone.now())
        return True

    @method_decorator(xframe_options_sameorigin)
    def look(self, request: HttpRequest) -> HttpResponse:
        """A letter in the brand as it is typed, not saved; asked plainly, as it is saved."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = request.POST or request.GET
        brand, picture, problems = current_brand(), None, []
        if request.method == "POST":
            form = BrandForm(request.POST, request.FILES, instance=brand)
            problems = [] if form.is_valid() else [error for errors in form.errors.values() for error in errors]
            picture = form.picture
        policy = {"Content-Security-Policy": FRAME_POLICY}
        identity = Identity.of(brand)
        if problems and not identity.is_sound:
            return TemplateResponse(request, "admin/campaigns/template_preview.html", {"problems": problems}, headers=policy)
        if picture:
            identity = replace(identity, logo=_inside(picture))
        scheme = Scheme.DARK if asked.get("scheme") == Scheme.DARK else Scheme.LIGHT
        return HttpResponse(in_scheme(_letter(look_of(identity)), scheme), headers=policy)


def _inside(picture: tuple[bytes, int, int]) -> Picture:
    """A picture that has no address yet."""
    content, width, height = picture
    return Picture.of(url=f"data:image/png;base64,{base64.b64encode(content).decode()}", width=width, height=height)


def _letter(look: Look) -> str:
    """The announcement, to a reader who does not exist, of a window that does not either."""
    language = translation.get_language() or "en"
    row = (
        MessageTemplate.objects.active().filter(content_key=SHOWN_TEXT, channel_kind="", segment=None, language=language).first()
    )
    text = row or next(text for text in texts() if (text.content_key, text.language, text.channel_kind) == (SHOWN_TEXT, "en", ""))
    source = Source(name=SHOWN_TEXT, language=text.language, subject=text.subject, body=text.body)
    compiled = compile_source(source, sample_facts(), SAMPLE_ZONE, "email", look)
    return compiled.render(sample_reader(text.language), unsubscribe_url=compiled.facts.notice_url).html
