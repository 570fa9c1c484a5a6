from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.forms import ZoneChoices, zone_choices
from apps.common.sheets import MAX_BYTES

from .addresses import normal_email, normal_phone
from .json_forms import JSONTextField
from .models import AddressKind, Contact, Segment, Suppression, SuppressionReason
from .rule_forms import RuleField


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
    rule = RuleField(label=gettext_lazy("Rule"), required=False)

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
