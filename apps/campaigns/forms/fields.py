"""The kinds of fields in planners' forms: dates, clock times, and lengths of time as people write them."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.common.times import format_offset

from .durations import NotUnderstood, Offset, parse_duration, parse_offset

LONGEST_KEY = 18  # digits


class _WordsField(forms.CharField):
    """Takes words and holds the value they stand for, which fields of text know nothing of."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except forms.ValidationError:
            return True

    def run_validators(self, value: Any) -> None:
        """The length of the text was bounded by the widget; the value has none."""


class LengthField(_WordsField):
    """A length of time in words: “2 h”, “90 min”, “1:30”. Its value is a timedelta, or None when empty."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, timedelta) or value in self.empty_values:
            return value or None
        try:
            return parse_duration(str(value))
        except NotUnderstood:
            raise forms.ValidationError(
                _("“%(text)s” is not understood as a length of time; write it like 2 h, 90 min or 1:30."),
                code="not_understood",
                params={"text": value},
            ) from None

    def prepare_value(self, value: Any) -> Any:
        return format_offset(0, value).lstrip("+") if isinstance(value, timedelta) else value


class OffsetField(_WordsField):
    """How far a step lies from its anchor: “−7 d”, “+24 h”, “0”. Its value is an Offset."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "label": gettext_lazy("Offset")} | kwargs)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, Offset):
            return value
        if self.required and value in self.empty_values:
            return None
        try:
            return parse_offset(str(value or ""))
        except NotUnderstood:
            raise forms.ValidationError(
                _("“%(text)s” is not understood as an offset; write it like −7 d, −1 h, +24 h or 0."),
                code="not_understood",
                params={"text": value},
            ) from None

    def prepare_value(self, value: Any) -> Any:
        return format_offset(value.days, value.time) if isinstance(value, Offset) else value


class ChoicesField(forms.ModelMultipleChoiceField):
    """Calls a key that no 64-bit column can hold no choice; Django would ask the database, which fails."""

    def clean(self, value: Any) -> Any:
        for key in value or ():
            if len(str(key)) > LONGEST_KEY:
                raise forms.ValidationError(
                    self.error_messages["invalid_choice"], code="invalid_choice", params={"value": str(key)[:LONGEST_KEY]}
                )
        return super().clean(value)


class DateInput(forms.DateInput):
    """The browser's own date field, which speaks ISO whatever the page's language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


def date_field(**kwargs: Any) -> forms.DateField:
    return forms.DateField(widget=DateInput(), input_formats=["%Y-%m-%d"], localize=False, **kwargs)


def time_field(**kwargs: Any) -> forms.TimeField:
    return forms.TimeField(widget=TimeInput(), input_formats=["%H:%M", "%H:%M:%S"], localize=False, **kwargs)


def text_field(label: Any, help_text: Any = "", rows: int = 2) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, required=False, widget=forms.Textarea(attrs={"rows": rows}))
