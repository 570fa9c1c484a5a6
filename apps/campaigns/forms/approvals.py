"""Asking a second person, and answering."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.accounts.people import person_words

from .fields import text_field


class NamedPeople:
    """Names people to choose from as the rest of the pages does."""

    def label_from_instance(self, person: Any) -> str:
        return person_words(person)


class PersonField(NamedPeople, forms.ModelChoiceField):
    """One of the team."""


class AskForm(forms.Form):
    approver = PersonField(label=gettext_lazy("Approver"), queryset=User.objects.none(), required=False)
    note = text_field(gettext_lazy("Note"), gettext_lazy("What the approver should look at."))

    def __init__(self, *args: Any, asking: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["approver"]
        assert isinstance(field, PersonField)
        field.queryset = approvers().exclude(pk=asking.pk)
        field.empty_label = str(gettext_lazy("Whoever may approve"))


class AnswerForm(forms.Form):
    note = text_field(
        gettext_lazy("Note"), gettext_lazy("Whoever asked reads it. Sending it back needs one: say what should be changed.")
    )


def approvers() -> Any:
    """Active members of the team who may approve, by name."""
    found = User.objects.with_perm("campaigns.approve_campaign", backend="django.contrib.auth.backends.ModelBackend")
    return found.filter(is_staff=True).order_by("last_name", "username")
