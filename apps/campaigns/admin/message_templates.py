from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from ..content import VARIABLES, check_template
from ..models import MessageTemplate


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
class MessageTemplateAdmin(admin.ModelAdmin):
    form = MessageTemplateForm
    change_form_template = "admin/campaigns/messagetemplate_form.html"
    list_display = ("content_key", "language", "channel", "segment", "subject", "origin")
    list_filter = ("language", "channel_kind", "content_key")
    list_select_related = ("segment",)
    search_fields = ("content_key", "subject", "body")
    actions = None

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), "variables": VARIABLES})

    @admin.display(description=_("channel"), ordering="channel_kind")
    def channel(self, template: MessageTemplate) -> str:
        return template.get_channel_kind_display() or str(_("every channel"))

    @admin.display(description=_("origin"), ordering="builtin_digest")
    def origin(self, template: MessageTemplate) -> str:
        return str(_("built in") if template.builtin_digest else _("own"))
