from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
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

from ..content import VARIABLES, ContentError, Material, check_template, gather, language_of, zone_of
from ..content.choice import left_without
from ..models import Campaign, MessageTemplate, Touchpoint
from .previews import FRAME_POLICY


class MessageTemplateForm(forms.ModelForm):
    """Refuses a text that could not be sent: an unknown variable is found here and not by a recipient."""

    class Meta:
        model = MessageTemplate
        fields = ("content_key", "language", "channel_kind", "segment", "subject", "body")
        widgets = {
            "subject": forms.TextInput(attrs={"class": "wide-text", "spellcheck": "true"}),
            "body": forms.Textarea(attrs={"rows": 24, "class": "source", "spellcheck": "true"}),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        subject, body = (data.get(name) or "" for name in ("subject", "body"))
        in_subject = check_template(subject, "")
        for problem in check_template(subject, body):
            self.add_error("subject" if problem in in_subject else "body", problem)
        return data


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ArchiveAdmin):
    form = MessageTemplateForm
    change_form_template = "admin/campaigns/messagetemplate_form.html"
    list_display = ("content_key", "language", "channel", "segment", "subject", "origin")
    list_filter = (ArchivedFilter, "language", "channel_kind", "content_key")
    list_select_related = ("segment",)
    search_fields = ("content_key", "subject", "body")
    when_archived = _("It is used no more: the next more general text takes its place. It can be brought back at any time.")

    def why_not_archived(self, obj: MessageTemplate) -> str:
        if left_without(obj):
            return gettext("Messages still to leave would be left without a text. Write the text that takes its place first.")
        return ""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), "variables": VARIABLES})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="campaigns_messagetemplate_preview"), *super().get_urls()]

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
    problems = check_template(subject, body)
    campaign = Campaign.objects.select_related("window").order_by("-pk").first()
    if campaign is None:
        problems.append(gettext("There is no window to fill it from: add one first."))
    if problems or campaign is None:
        return {"problems": problems}
    language = data.get("language") or language_of(None, campaign.window)
    contact = Contact.objects.active().filter(language=language).first()
    channel = Channel(name="", kind=kind if kind in ChannelKind.values else ChannelKind.EMAIL)
    touchpoint = Touchpoint(campaign=campaign, channel=channel, step_key="preview", content_key=data.get("content_key", ""))
    row = MessageTemplate(
        content_key=touchpoint.content_key, language=language, channel_kind=channel.kind, subject=subject, body=body
    )
    try:
        material = Material(touchpoint=touchpoint, facts=gather(touchpoint).facts, templates=(row,))
        content = material.compiled(language, zone_of(contact, campaign.window)).render(None if channel.is_broadcast else contact)
    except ContentError as error:
        return {"problems": [str(error)]}
    return {"content": content, "window": campaign.window}
