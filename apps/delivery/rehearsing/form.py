from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.audiences.addresses import normal_phone
from apps.audiences.models import Contact, Segment
from apps.campaigns.languages import language_name
from apps.channels.models import ChannelKind

from .script import Script
from .stand_ins import LONGEST, people_to_choose
from .start import Wishes

AT_ONCE, USUAL = 0, 5  # minutes
LASTS = (
    (1, gettext_lazy("One minute")),
    (USUAL, gettext_lazy("Five minutes")),
    (15, gettext_lazy("Fifteen minutes")),
    (AT_ONCE, gettext_lazy("At once, one message after the other")),
)
MAIN, EVERY = "main", "every"


class RehearsalForm(forms.Form):
    """How a script is played; it asks only for what matters to it."""

    minutes = forms.TypedChoiceField(
        label=gettext_lazy("How long does it take?"), coerce=int, choices=LASTS, initial=USUAL, widget=forms.RadioSelect
    )
    languages = forms.ChoiceField(label=gettext_lazy("In which languages?"), choices=(), initial=MAIN, widget=forms.RadioSelect)
    phone = forms.CharField(
        label=gettext_lazy("Your phone, for SMS"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        help_text=gettext_lazy(
            "In international form, for example +33123456789. Each SMS is sent there and paid for. Empty: they come by e-mail, "
            "with the number of parts they would take."
        ),
    )

    def __init__(self, *args: Any, script: Script, counts: tuple[int, int], **kwargs: Any) -> None:
        """`counts`: of messages in one language each, and in every language."""
        super().__init__(*args, **kwargs)
        self.segments = _segments(script)
        self.fields["languages"].choices = [  # type: ignore[attr-defined]
            (MAIN, _("In the language most people of each segment read: %(count)s messages") % {"count": counts[0]}),
            (EVERY, _("In every language of each segment: %(count)s messages") % {"count": counts[1]}),
        ]
        if counts[0] == counts[1]:
            del self.fields["languages"]
        if not any(line.column.channel.kind == ChannelKind.SMS for line in script.played):
            del self.fields["phone"]
        for segment in self.segments:
            self.fields[_name(segment)] = _who(segment)

    @property
    def people(self) -> list[forms.BoundField]:
        return [self[_name(segment)] for segment in self.segments]

    def clean_phone(self) -> str:
        phone = self.cleaned_data["phone"]
        return normal_phone(phone) if phone else ""

    @property
    def wishes(self) -> Wishes:
        data = self.cleaned_data
        return Wishes(
            lasts=timedelta(minutes=data["minutes"]),
            every_language=data.get("languages") == EVERY,
            phone=data.get("phone", ""),
            stand_ins={segment.pk: data[_name(segment)] for segment in self.segments},
        )


def _segments(script: Script) -> Sequence[Segment]:
    found = {line.column.segment.pk: line.column.segment for line in script.played if line.column.segment}
    return list(found.values())


def _name(segment: Segment) -> str:
    return f"who_{segment.pk}"


def _who(segment: Segment) -> forms.ChoiceField:
    people = [(str(contact.pk), _words(contact)) for contact in people_to_choose(segment)]
    return forms.ChoiceField(
        label=_("“%(segment)s” as read by") % {"segment": segment.name},
        required=False,
        choices=[
            ("", _("The first of them")),
            (LONGEST, _("Whoever has the longest name")),
            *([(_("One of them"), people)] if people else []),
        ],
    )


def _words(contact: Contact) -> str:
    facts = [language_name(contact.language), contact.time_zone or _("zone of the window")]
    return f"{contact} ({', '.join(facts)})"
