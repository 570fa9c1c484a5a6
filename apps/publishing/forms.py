from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from .models import REMINDERS, Feed

# What a planner decides about a feed.
CHOICES = ("name", "owner", "language", "services", "segments", "detail", "reminders", "has_meetings", "has_touchpoints")


def reminders_field(help_text: Any = "") -> forms.TypedMultipleChoiceField:
    return forms.TypedMultipleChoiceField(
        label=_("Reminders"),
        choices=list(REMINDERS.items()),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=help_text,
    )


class FeedForm(forms.ModelForm):
    reminders = reminders_field(Feed._meta.get_field("reminders").help_text)

    class Meta:
        model = Feed
        fields = CHOICES


class WishesForm(forms.Form):
    """What a subscriber decides alone."""

    language = forms.ChoiceField(label=_("language"), choices=settings.LANGUAGES)
    reminders = reminders_field()
