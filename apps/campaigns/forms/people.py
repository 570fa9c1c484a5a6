"""Who has which part in a campaign."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy

from apps.accounts.models import User

from ..models import Campaign, Part
from ..people import people_of
from .approvals import NamedPeople, PersonField
from .fields import ChoicesField

SEVERAL = (Part.RESPONSIBLE, Part.CONSULTED, Part.INFORMED)  # parts that more than one person may have


class PeopleField(NamedPeople, ChoicesField):
    widget = forms.CheckboxSelectMultiple


def _person(label: Any, help_text: Any) -> PersonField:
    return PersonField(label=label, help_text=help_text, queryset=User.objects.none(), required=False)


def _people(label: Any, help_text: Any) -> PeopleField:
    return PeopleField(label=label, help_text=help_text, queryset=User.objects.none(), required=False)


class PeopleForm(forms.Form):
    owner = _person(gettext_lazy("Owner"), gettext_lazy("Is told when something needs a hand."))
    responsible = _people(gettext_lazy("Responsible"), gettext_lazy("Those who do the work."))
    accountable = _person(gettext_lazy("Accountable"), gettext_lazy("The one person who answers for it."))
    consulted = _people(gettext_lazy("Consulted"), gettext_lazy("Those who are asked before something is decided."))
    informed = _people(
        gettext_lazy("Informed"), gettext_lazy("Those who are told by e-mail when it is scheduled, cancelled and completed.")
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        named = people_of(campaign)
        initial: dict[str, Any] = {"owner": campaign.owner_id, Part.ACCOUNTABLE: next(iter(named[Part.ACCOUNTABLE]), None)}
        initial |= {part: named[part] for part in SEVERAL}
        super().__init__(*args, **kwargs | {"initial": initial})
        team = _team(campaign)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = team
            if isinstance(field, PersonField):
                field.empty_label = str(gettext_lazy("Nobody"))

    @property
    def parts(self) -> dict[str, list[User]]:
        """Of a valid form."""
        data = self.cleaned_data
        several = {part: list(data[part]) for part in SEVERAL}
        return several | {Part.ACCOUNTABLE: [data[Part.ACCOUNTABLE]] if data[Part.ACCOUNTABLE] else []}


def _team(campaign: Campaign) -> Any:
    """Who can sign in, and whoever has a part already."""
    named = Q(pk=campaign.owner_id) | Q(pk__in=campaign.responsibilities.values("user"))
    return User.objects.filter(Q(is_staff=True, is_active=True) | named).order_by("last_name", "username")
