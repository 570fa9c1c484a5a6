"""What a planner says to have a campaign once more, or its plan as a playbook."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.windows.models import MaintenanceWindow
from apps.windows.rules import times_fault
from apps.windows.sentences import TIMES_FAULTS

from ..models import Playbook
from .fields import date_field, text_field, time_field
from .periods import TimedForm, instant_of


class DuplicateForm(TimedForm):
    """The new start on the clock of the window's zone; all else is as it was."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=140)
    start_date = date_field(label=gettext_lazy("Start date"))
    start_time = time_field(label=gettext_lazy("Start time"))

    starts_at: datetime | None = None

    def __init__(self, *args: Any, window: MaintenanceWindow, **kwargs: Any) -> None:
        self.window = window
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("start_date") is None or data.get("start_time") is None:
            return data
        starts_at = instant_of(data["start_date"], data["start_time"], self.window.time_zone)
        try:
            ends_at = starts_at + self.window.duration
        except OverflowError:
            self.add_error("start_date", _("The end lies beyond the calendar: please check the date."))
            return data
        fault = times_fault(starts_at=starts_at, ends_at=ends_at, announced_ends_at=None, now=self.now)
        if fault:
            self.add_error("start_date", str(TIMES_FAULTS[fault]))
        else:
            self.starts_at = starts_at
        return data


class PlaybookNameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    description = text_field(gettext_lazy("Description"), gettext_lazy("For which windows it is meant."))

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if Playbook.objects.filter(name__iexact=name).exists():
            raise forms.ValidationError(_("There is a playbook of this name already: choose another one."))
        return name
