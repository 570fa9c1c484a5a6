from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.campaigns.forms.verbs import further_fields
from apps.windows.models import MaintenanceWindow, Service

from .models import UpstreamObject
from .reading import LARGEST_FILE

MOST_OBJECTS_SHOWN = 50


class NoticeFileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "A calendar (.ics) or a whole message (.eml), chosen or dropped here. Nothing is saved before you have seen what it would do."
        ),
        widget=forms.FileInput(attrs={"accept": ".ics,.eml,text/calendar,message/rfc822", "class": "drop"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > 2 * LARGEST_FILE:  # a message carries its calendar in base64, which takes a third more
            raise ValidationError(
                _("The file is larger than %(most)s MB: cut it into parts.") % {"most": 2 * LARGEST_FILE // 2**20}
            )
        return file


class ObjectsForm(forms.Form):
    """Which of our services stand on each object of a notice; the fields are named by the object's place."""

    def __init__(self, data: Any, *, provider_key: str, object_ids: list[str]) -> None:
        super().__init__(data)
        self.object_ids = object_ids[:MOST_OBJECTS_SHOWN]
        rows = UpstreamObject.objects.filter(provider_key=provider_key, object_id__in=self.object_ids)
        known = {row.object_id: list(row.services.all()) for row in rows.prefetch_related("services")}
        self.unknown = [object_id for object_id in self.object_ids if object_id not in known]
        services = Service.objects.active()
        for place, object_id in enumerate(self.object_ids):
            self.fields[f"object_{place}"] = forms.ModelMultipleChoiceField(
                queryset=services,
                label=object_id,
                required=False,
                initial=known.get(object_id, []),
                widget=forms.CheckboxSelectMultiple,
            )

    @property
    def chosen(self) -> dict[str, list[Service]]:
        """Of a valid form."""
        return {object_id: list(self.cleaned_data[f"object_{place}"]) for place, object_id in enumerate(self.object_ids)}


class ReasonForm(forms.Form):
    """In each language: a window's own, and the others of the installation."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Those who are told read this sentence as it stands."),
        error_messages={"required": gettext_lazy("Give the reason: those who are told will ask for it.")},
    )

    def __init__(self, *args: Any, window: MaintenanceWindow | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.further = further_fields(self, "reason", window) if window else {}

    @property
    def translations(self) -> dict[str, str]:
        """Of a valid form."""
        return {language: self.cleaned_data[name] for language, name in self.further.items()}


class ObjectServicesForm(forms.ModelForm):
    class Meta:
        model = UpstreamObject
        fields = ("services",)
        widgets = {"services": forms.CheckboxSelectMultiple}
