import json
from typing import Any, NoReturn

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.forms import ZoneChoices, zone_choices
from apps.common.sheets import MAX_BYTES

from .addresses import normal_email, normal_phone
from .models import AddressKind, Contact, Segment, Suppression, SuppressionReason


class JSONTextField(forms.JSONField):
    """JSON to be written by hand: shown indented, and a slip is named with its line and column."""

    widget = forms.Textarea(attrs={"rows": 10, "class": "vLargeTextField code", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial if self.disabled else data  # what was typed is shown again as it was typed

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return {}
        try:
            parsed = json.loads(value, parse_constant=_refuse)
            json.dumps(parsed, allow_nan=False, ensure_ascii=False).encode()
        except json.JSONDecodeError as error:
            raise ValidationError(
                _("Line %(line)s, column %(column)s: this is not JSON (%(problem)s)."),
                code="invalid",
                params={"line": error.lineno, "column": error.colno, "problem": error.msg},
            ) from error
        except (ValueError, RecursionError) as error:  # numbers and signs that JSON has no place for; endless nesting
            raise ValidationError(_("This JSON holds something that cannot be stored."), code="invalid") from error
        return parsed


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _contact_zones() -> ZoneChoices:
    return [("", _("The window’s zone")), *zone_choices()]


class ContactForm(forms.ModelForm):
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=_contact_zones, required=False)
    attributes = JSONTextField(
        label=gettext_lazy("Attributes"),
        required=False,
        help_text=gettext_lazy('Free facts that segments may ask for, for example {"plan": "gold"}.'),
    )

    class Meta:
        model = Contact
        fields = ("name", "email", "phone", "organisation", "is_internal", "language", "time_zone", "attributes")


class SegmentForm(forms.ModelForm):
    rule = JSONTextField(label=gettext_lazy("Rule"), required=False)

    class Meta:
        model = Segment
        fields = ("name", "slug", "description", "rule")
        widgets = {"description": forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"})}


class SuppressionForm(forms.ModelForm):
    class Meta:
        model = Suppression
        fields = ("kind", "address", "reason", "segment", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "reason" in self.fields:  # not where it is only looked at
            self.fields["reason"].initial = SuppressionReason.MANUAL

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind, address = data.get("kind"), data.get("address")
        if kind and address:
            try:
                data["address"] = _checked_address(kind, address)
            except ValidationError as error:
                self.add_error("address", error)
        return data


def _checked_address(kind: str, address: str) -> str:
    if kind == AddressKind.PHONE:
        return normal_phone(address)
    return str(forms.EmailField().clean(normal_email(address)))


class ContactFileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV or Excel (XLSX). Encoding, delimiter and columns are guessed for you to confirm, and nothing is saved before you "
            "have seen a report."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,text/csv"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise ValidationError(
                _("The file is larger than %(most)s MB; please cut it into parts.") % {"most": MAX_BYTES // 2**20}
            )
        return file
