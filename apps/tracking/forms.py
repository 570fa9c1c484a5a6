"""The form on which a recipient chooses: which notices, by which way, in which language and zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import ZoneChoices, zone_choices
from apps.audiences.models import AddressKind
from apps.audiences.preferences import Preferences, Topic, Way, Wishes


def _zones() -> ZoneChoices:
    return [("", gettext("that of each notice")), *zone_choices()]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One topic as the page shows it: a box for each way."""

    topic: Topic
    boxes: list[forms.BoundField]


class PreferencesForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Times are given in the zone"), choices=_zones, required=False)

    def __init__(self, preferences: Preferences, data: Any = None) -> None:
        contact = preferences.contact
        super().__init__(data, initial={"language": contact.language, "time_zone": contact.time_zone})
        self.preferences = preferences
        for way in preferences.open_ways:
            self.fields[f"way_{way.kind}"] = _box(way.is_wanted, way)
            for topic in preferences.topics:
                self.fields[f"topic_{topic.segment.pk}_{way.kind}"] = _box(way.kind in topic.wanted, way)

    def ways(self) -> Iterator[tuple[Way, forms.BoundField]]:
        for way in self.preferences.open_ways:
            yield way, self[f"way_{way.kind}"]

    def choices(self) -> Iterator[Choice]:
        for topic in self.preferences.topics:
            boxes = [self[f"topic_{topic.segment.pk}_{way.kind}"] for way in self.preferences.open_ways]
            yield Choice(topic=topic, boxes=boxes)

    def wishes(self) -> Wishes:
        ways = [way.kind for way in self.preferences.open_ways]
        topics = [(topic.segment.pk, kind) for topic in self.preferences.topics for kind in ways]
        return Wishes(
            language=self.cleaned_data["language"],
            time_zone=self.cleaned_data["time_zone"],
            ways=frozenset(kind for kind in ways if self.cleaned_data[f"way_{kind}"]),
            topics=frozenset((pk, kind) for pk, kind in topics if self.cleaned_data[f"topic_{pk}_{kind}"]),
        )


def _box(is_on: bool, way: Way) -> forms.BooleanField:
    label = _("by e-mail") if way.kind == AddressKind.EMAIL else _("by SMS")
    return forms.BooleanField(label=label, required=False, initial=is_on)
