from typing import Any

from django import forms
from django.conf import settings
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
        initial=dict,
        help_text=gettext_lazy('Free facts that segments may ask for, for example {"plan": "gold"}.'),
    )

    class Meta:
        model = Contact
        fields = ("name", "email", "phone", "organisation", "is_internal", "language", "time_zone", "attributes")


class PublicNamesField(forms.MultiValueField):
    """One name per language; those left empty are not kept."""

    def __init__(self, **kwargs: Any) -> None:
        texts = [forms.CharField(required=False, max_length=100) for _language in settings.LANGUAGES]
        super().__init__(texts, require_all_fields=False, widget=PublicNamesWidget(), **kwargs)

    def compress(self, data_list: list[str]) -> dict[str, str]:
        pairs = zip(settings.LANGUAGES, data_list or (), strict=False)
        return {code: text.strip() for (code, _name), text in pairs if text and text.strip()}


class PublicNamesWidget(forms.MultiWidget):
    def __init__(self) -> None:
        inputs: dict[str, forms.Widget | type[forms.Widget]] = {
            code: forms.TextInput(attrs={"aria-label": name, "placeholder": name, "maxlength": 100})
            for code, name in settings.LANGUAGES
        }
        super().__init__(inputs)

    def decompress(self, value: Any) -> list[str]:
        return [(value or {}).get(code, "") for code, _name in settings.LANGUAGES]


class SegmentForm(forms.ModelForm):
    rule = RuleField(label=gettext_lazy("Rule"), required=False)
    public_names = PublicNamesField(
        label=gettext_lazy("Name for recipients"),
        required=False,
        help_text=gettext_lazy(
            "Under this name recipients can choose, on the page that each message leads to, whether they want its notices. "
            "Without one they do not hear of this segment."
        ),
    )

    class Meta:
        model = Segment
        fields = ("name", "slug", "description", "public_names", "rule")
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
