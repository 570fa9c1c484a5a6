"""The window's own words, which may be changed as long as anybody can still read them."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.windows.models import MaintenanceWindow
from apps.windows.services import WindowError, edit_texts

from ..forms.fields import text_field
from ..forms.verbs import seen_of
from ..wishes import TEXTS
from .pages import find_campaign, hold_campaign, planner, render, require, two_at_one_form


class TextsForm(forms.Form):
    """What the window says in one language; in a further one each text may be missing, and falls back."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=140)
    reason = text_field(gettext_lazy("Reason"), gettext_lazy("Why the work is needed."), rows=3)
    effect = text_field(gettext_lazy("Effect"), gettext_lazy("What does not work meanwhile, and what still does."), rows=3)
    alternatives = text_field(gettext_lazy("Alternatives"), gettext_lazy("What people can do instead meanwhile."), rows=3)

    def __init__(self, data: Any, *, window: MaintenanceWindow, language: str) -> None:
        row: Any = window
        if language != window.language:
            row = next((row for row in window.translations.all() if row.language == language), None)
        initial = {name: getattr(row, name, "") for name in TEXTS}
        super().__init__(data, prefix=language, initial=initial)
        self.language, self.language_name = language, dict(settings.LANGUAGES)[language]
        self.is_own = language == window.language
        self.fields["title"].required = self.is_own


@transaction.atomic
def texts_page(request: HttpRequest, pk: int) -> HttpResponse:
    require(request, "change")
    if request.method == "POST":
        hold_campaign(pk)
    campaign, now = find_campaign(pk), timezone.now()
    window = campaign.window
    codes = sorted((code for code, _name in settings.LANGUAGES), key=lambda code: code != window.language)
    texts = [TextsForm(request.POST or None, window=window, language=code) for code in codes]
    found: dict[str, Any] = {}
    if request.method == "POST" and not [form for form in texts if not form.is_valid()]:
        if request.POST.get("seen", "") != seen_of(window):
            found = two_at_one_form(request, campaign, *texts)
        elif not (problem := _save(window, texts, planner(request), now)):
            messages.success(request, _("The texts were saved. Messages that have not left yet will say them."))
            return redirect("admin:windows_maintenancewindow_change", pk)
        else:
            found = {"problem": problem}
    title = _("Texts of the window")
    return render(request, "texts.html", title=title, campaign=campaign, forms=texts, seen=seen_of(window), **found)


def _save(window: MaintenanceWindow, texts: list[TextsForm], actor: User, now: Any) -> str:
    """Writes all languages or none; returns the sentence of a refusal."""
    try:
        with transaction.atomic():
            for form in texts:
                if form.is_own or form.has_changed():
                    edit_texts(window, language=form.language, actor=actor, now=now, **form.cleaned_data)
    except WindowError as refusal:
        return " ".join(refusal.messages)
    return ""
