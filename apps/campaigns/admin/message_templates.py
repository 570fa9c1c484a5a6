from dataclasses import asdict
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST

from apps.accounts.doors.archive_admin import ArchiveAdmin
from apps.audiences.models import Contact
from apps.channels.models import Channel, ChannelKind
from apps.common.archiving import ArchivedFilter
from apps.common.empty_lists import WhenEmpty

from ..content import VARIABLES, ContentError, Reader, check_template, gather, language_of, problems_of, zone_of
from ..content.choice import left_without
from ..content.compiled import DEFAULT_SUBJECT, Source, compile_source
from ..content.looks import current_look
from ..content.specimens import SAMPLE_ZONE, sample_facts, sample_reader
from ..models import Campaign, MessageTemplate, Touchpoint
from .messaging import messaging_page
from .previews import FRAME_POLICY


class MessageTemplateForm(forms.ModelForm):
    """Refuses a text that could not be sent: an unknown variable is found here and not by a recipient."""

    class Meta:
        model = MessageTemplate
        fields = ("content_key", "language", "channel_kind", "urgency", "segment", "subject", "body")
        widgets = {
            "subject": forms.TextInput(attrs={"class": "wide-text", "spellcheck": "true"}),
            "body": forms.Textarea(attrs={"rows": 24, "class": "source", "spellcheck": "true"}),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for problem in problems_of(data.get("subject") or "", data.get("body") or ""):
            self.add_error(problem.part, problem.sentence)
        return data


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ArchiveAdmin):
    form = MessageTemplateForm
    change_form_template = "admin/campaigns/messagetemplate_form.html"
    change_list_template = "admin/campaigns/messagetemplate_list.html"
    list_display = ("content_key", "language", "channel", "urgency", "segment", "subject", "origin")
    list_filter = (ArchivedFilter, "language", "channel_kind", "urgency", "content_key")
    list_select_related = ("segment",)
    search_fields = ("content_key", "subject", "body")
    when_archived = _("It is used no more: the next more general text takes its place. It can be brought back at any time.")
    when_empty = WhenEmpty(
        title=_("No text is written yet"),
        words=_(
            "Texts are what the messages of a playbook say. “manage.py load_playbooks” loads some in English and French "
            "for every step; or write your own."
        ),
    )

    def why_not_archived(self, obj: MessageTemplate) -> str:
        if left_without(obj):
            return gettext("Messages still to leave would be left without a text. Write the text that takes its place first.")
        return ""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), "variables": VARIABLES})

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            found: URLPattern = path(route, self.admin_site.admin_view(view), name=f"campaigns_messagetemplate_{name}")
            return found

        return [
            page("preview/", self.preview, "preview"),
            page("check/", self.check_typed, "check"),
            page("matrix/", messaging_page, "matrix"),
            *super().get_urls(),
        ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """`copy`: the number of a text to begin with, such as the one that is used so far."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        number = initial.pop("copy", "")
        if number.isascii() and number.isdecimal() and len(number) < 19:
            model = MessageTemplate.objects.filter(pk=number).first()
            initial |= {"subject": model.subject, "body": model.body} if model else {}
        return initial

    @method_decorator(require_POST)
    def check_typed(self, request: HttpRequest) -> HttpResponse:
        """The problems of what was typed, by line; nothing is saved."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = problems_of(request.POST.get("subject", ""), request.POST.get("body", ""))
        return JsonResponse({"problems": [asdict(problem) for problem in found]})

    @method_decorator([require_POST, xframe_options_sameorigin])
    def preview(self, request: HttpRequest) -> HttpResponse:
        """The text as it stands in the form, not saved, filled from the latest window; for the frame beside it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = _sample(request.POST)
        return TemplateResponse(
            request, "admin/campaigns/template_preview.html", context, headers={"Content-Security-Policy": FRAME_POLICY}
        )

    @admin.display(description=_("channel"), ordering="channel_kind")
    def channel(self, template: MessageTemplate) -> str:
        return template.get_channel_kind_display() or str(_("every channel"))

    @admin.display(description=_("origin"), ordering="builtin_digest")
    def origin(self, template: MessageTemplate) -> str:
        return str(_("built in") if template.builtin_digest else _("own"))


def _sample(data: QueryDict) -> dict[str, Any]:
    """The content of what was typed, or the sentences that say why there is none."""
    subject, body, kind = data.get("subject", ""), data.get("body", ""), data.get("channel_kind", "")
    if problems := check_template(subject, body):
        return {"problems": problems}
    campaign = Campaign.objects.select_related("window").order_by("-pk").first()
    known = dict(settings.LANGUAGES)
    language = (
        data.get("language", "") if data.get("language") in known else language_of(None, campaign.window) if campaign else "en"
    )
    channel = Channel(name="", kind=kind if kind in ChannelKind.values else ChannelKind.EMAIL)
    reader: Reader | None = None
    if not channel.is_broadcast:
        reader = Contact.objects.active().filter(language=language).first() or sample_reader(language)
    source = Source(name="", language=language, subject=subject or DEFAULT_SUBJECT, body=body)
    try:
        if campaign is None:
            facts, zone, look = sample_facts(), SAMPLE_ZONE, current_look()
        else:
            touchpoint = Touchpoint(
                campaign=campaign, channel=channel, step_key="preview", content_key=data.get("content_key", "")
            )
            material = gather(touchpoint)
            facts, zone, look = material.facts, zone_of(reader, campaign.window), material.look
        return {"content": compile_source(source, facts, zone, channel.kind, look).render(reader)}
    except ContentError as error:
        return {"problems": [str(error)]}
