from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.common.zones import zone_names

from .models import User

ZoneChoices = list[tuple[str, str | list[tuple[str, str]]]]


def zone_choices() -> ZoneChoices:
    """Every zone, grouped by its region: “Europe” → “Paris”; UTC stands first."""
    names: Iterable[str] = sorted(zone_names() - {"UTC"})
    regions = groupby(names, key=lambda name: name.split("/")[0])
    groups = [(region, [(name, _city(name)) for name in zones]) for region, zones in regions]
    return [("UTC", "UTC"), *groups]


class ZoneField(forms.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=zone_choices, **kwargs)


class PreferencesForm(forms.ModelForm):
    time_zone = ZoneField(
        label=_("Time zone"), help_text=_("Times in the admin are shown in this zone, and new windows begin with it.")
    )

    class Meta:
        model = User
        fields = ("language", "time_zone")


def _city(name: str) -> str:
    return name.split("/", 1)[1].replace("_", " ").replace("/", ", ")
