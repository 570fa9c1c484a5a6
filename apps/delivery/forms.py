from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .steering import Choice

USUAL_MINUTES = 30
MOST_MINUTES = 7 * 24 * 60
CANNOT_BE_SPREAD = gettext_lazy(
    "The rule of the segment “%(segment)s” is broken, so that its messages cannot be spread. Mend the rule, or skip them."
)


class PauseForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Shown to the team for as long as it is paused; recipients do not see it."),
    )


class ReleaseForm(forms.Form):
    """What becomes of that which should have left meanwhile; `asks` is false where there is none. What is of `unreadable`
    segments cannot be spread, because nobody knows to whom it goes."""

    choice = forms.ChoiceField(
        label=gettext_lazy("What becomes of the messages that are overdue?"),
        widget=forms.RadioSelect,
        choices=(
            (Choice.NOW, gettext_lazy("Send them now, all at once.")),
            (Choice.SPREAD, gettext_lazy("Send them spread evenly over some time, while they are of use.")),
            (Choice.SKIP, gettext_lazy("Skip them: they are closed, and nobody gets them.")),
        ),
        error_messages={"required": gettext_lazy("Say what becomes of the messages that are overdue.")},
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Spread over how many minutes"),
        min_value=1,
        max_value=MOST_MINUTES,
        required=False,
        initial=USUAL_MINUTES,
    )

    def __init__(self, *args: Any, asks: bool, unreadable: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unreadable = unreadable
        if not asks:
            self.fields.clear()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("choice") == Choice.SPREAD and not data.get("minutes") and "minutes" not in self.errors:
            raise ValidationError({"minutes": _("Say over how many minutes they are spread.")})
        if data.get("choice") == Choice.SPREAD and self.unreadable:
            raise ValidationError({"choice": [CANNOT_BE_SPREAD % {"segment": name} for name in self.unreadable]})
        return data

    @property
    def chosen(self) -> Choice:
        return Choice(self.cleaned_data.get("choice", Choice.NOW))

    @property
    def over(self) -> timedelta:
        return timedelta(minutes=self.cleaned_data.get("minutes") or 0) if self.chosen is Choice.SPREAD else timedelta(0)
