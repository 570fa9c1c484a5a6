"""How people are named on screens and in letters, and how the team is written to."""

import logging
from collections.abc import Callable, Iterable
from functools import partial

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from .models import User

logger = logging.getLogger(__name__)

Letter = tuple[str, str]  # subject, text


def person_words(person: User | None) -> str:
    return person.get_full_name() or person.get_username() if person else _("the system")


def tell(people: Iterable[User | None], letter: Callable[[User], Letter]) -> None:
    """Writes to colleagues once the transaction is committed, to each once, in their own language.

    `letter` gets the reader. A letter that cannot be sent is logged and nothing more: it points to what stands on a page.
    """
    readers = {person.pk: person for person in people if person is not None and person.is_active and person.email}
    for reader in readers.values():
        with translation.override(reader.language):
            subject, text = letter(reader)
        message = EmailMessage(subject=subject, body=text, from_email=settings.DEFAULT_FROM_EMAIL, to=[reader.email])
        transaction.on_commit(partial(_send, message))


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except Exception:
        logger.exception("A letter to a colleague could not be sent: %s", message.subject)
