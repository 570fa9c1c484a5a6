"""Deliveries by what a person types: somebody's name, address or number, or the name of a message.

People are found among the contacts, of which there are far fewer, and their deliveries by an index. An address that no
contact has any more is looked for only when nobody is found, and only if it is whole; it has no index. Places, which are few,
have addresses of any form.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.audiences.models import Contact

from .models import Attempt, DeliveryQuerySet

WHOLE_ADDRESS = re.compile(r"\S+@\S+|\+?[\d\s]{6,}")
MOST_PEOPLE = 500  # that one search looks for
MOST_ERRORS = 500
TOO_MANY_FIT = _("Many people fit what you typed, and only some of them are looked at: type more of the name or address.")


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was typed, and whom it names among the contacts."""

    words: str
    people: Sequence[int]

    @property
    def is_cut(self) -> bool:
        """More people fit than are looked for."""
        return len(self.people) > MOST_PEOPLE

    def narrow(self, rows: DeliveryQuerySet, *, also_errors: bool = False) -> DeliveryQuerySet:
        """`also_errors`: by the provider's words about it, too."""
        asked = _named(self.words)
        if self.people:
            asked |= Q(contact__in=self.people[:MOST_PEOPLE])
        elif WHOLE_ADDRESS.fullmatch(self.words):
            asked |= Q(address=self.words.lower())
        else:
            asked |= Q(address=self.words.lower(), contact__isnull=True)
        if also_errors:
            attempts = Attempt.objects.filter(text__icontains=self.words).order_by("-pk").values_list("delivery", flat=True)
            asked |= Q(pk__in=list(attempts[:MOST_ERRORS]))
        return rows.filter(asked)


def search(words: str) -> Search:
    """One query. Each of the words has to be found somewhere in a contact; all four by `icontains`, as contact_by_words has them."""
    people = Contact.objects.order_by()
    for word in words.split():
        people = people.filter(
            Q(name__icontains=word) | Q(email__icontains=word) | Q(organisation__icontains=word) | Q(phone__icontains=word)
        )
    return Search(words=words, people=list(people.values_list("pk", flat=True)[: MOST_PEOPLE + 1]))


def newest_first(found: DeliveryQuerySet) -> DeliveryQuerySet:
    """What was searched for, in an order that no index has: by one, PostgreSQL would read all rows from the newest on, trusting
    to meet enough that fit."""
    return found.order_by((F("pk") + 0).desc())


def _named(words: str) -> Q:
    """By the provider's name for the message, or by its own, as it stands in a Message-ID too."""
    try:
        token = UUID(words.strip("<>").partition("@")[0])
    except ValueError:
        return Q(provider_id=words)
    return Q(provider_id=words) | Q(token=token)
