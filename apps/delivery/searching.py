"""Deliveries by what a person types: somebody's name, address or number, or the name of a message.

People are found among the contacts, of which there are far fewer, and their deliveries by an index. An address that no
contact has any more is looked for only when nobody is found, and only if it is whole.
"""

from uuid import UUID

from django.db.models import Q

from apps.audiences.models import Contact

from .models import Attempt, DeliveryQuerySet

MOST_PEOPLE = 500  # that one search looks for
MOST_ERRORS = 500


def found(rows: DeliveryQuerySet, words: str, *, also_errors: bool = False) -> DeliveryQuerySet:
    """`also_errors`: by the provider's words about it, too."""
    asked = _named(words)
    if people := _people(words):
        asked |= Q(contact__in=people)
    else:
        asked |= Q(address=words.lower())
    if also_errors:
        attempts = Attempt.objects.filter(text__icontains=words).order_by("-pk").values_list("delivery", flat=True)
        asked |= Q(pk__in=list(attempts[:MOST_ERRORS]))
    return rows.filter(asked)


def _people(words: str) -> list[int]:
    people = Contact.objects.order_by()
    for word in words.split():
        people = people.filter(
            Q(name__icontains=word) | Q(email__icontains=word) | Q(organisation__icontains=word) | Q(phone__contains=word)
        )
    return list(people.values_list("pk", flat=True)[:MOST_PEOPLE])


def _named(words: str) -> Q:
    """By the provider's name for the message, or by its own, as it stands in a Message-ID too."""
    try:
        token = UUID(words.strip("<>").partition("@")[0])
    except ValueError:
        return Q(provider_id=words)
    return Q(provider_id=words) | Q(token=token)
