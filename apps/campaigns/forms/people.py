"""Who has which part in a campaign."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.accounts.people import person_words

from ..models import Campaign, Part
from ..people import people_of
from .approvals import PersonField
from .fields import ChoicesField


class PeopleField(ChoicesField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, person: Any) -> str:
        return person_words(person)


class PeopleForm(forms.Form):
    owner = PersonField(
        label=gettext_lazy("Owner"),
        queryset=User.objects.none(),
        required=False,
        help_text=gettext_lazy("Is told when something needs a hand."),
    )
    responsible = PeopleField(
        label=gettext_lazy("Responsible"),
        queryset=User.objects.none(),
        required=False,
        help_text=gettext_lazy("Those who do the work."),
    )
    accountable = PersonField(
        label=gettext_lazy("Accountable"),
        queryset=User.objects.none(),
        required=False,
        help_text=gettext_lazy("The one person who answers for it."),
    )
    consulted = PeopleField(
        label=gettext_lazy("Consulted"),
        queryset=User.objects.none(),
        required=False,
        help_text=gettext_lazy("Those who are asked before something is decided."),
    )
    informed = PeopleField(
        label=gettext_lazy("Informed"),
        queryset=User.objects.none(),
        required=False,
        help_text=gettext_lazy("Those who are told by e-mail when it is scheduled, cancelled and completed."),
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        named = people_of(campaign)
        initial: dict[str, Any] = {"owner": campaign.owner_id, Part.ACCOUNTABLE: next(iter(named[Part.ACCOUNTABLE]), None)}
        initial |= {part: named[part] for part in (Part.RESPONSIBLE, Part.CONSULTED, Part.INFORMED)}
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
        several = {part: list(data[part]) for part in (Part.RESPONSIBLE, Part.CONSULTED, Part.INFORMED)}
        return several | {Part.ACCOUNTABLE: [data[Part.ACCOUNTABLE]] if data[Part.ACCOUNTABLE] else []}


def _team(campaign: Campaign) -> Any:
    """Who can sign in, and whoever has a part already."""
    named = Q(pk=campaign.owner_id) | Q(pk__in=campaign.responsibilities.values("user"))
    return User.objects.filter(Q(is_staff=True, is_active=True) | named).order_by("last_name", "username")
