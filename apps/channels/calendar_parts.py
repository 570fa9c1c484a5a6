"""How a calendar goes into an e-mail (iMIP, RFC 6047): as one more way to read it, so that mail programs show what to answer.

Of django-anymail's providers only some take more ways than text and HTML; with the others it is a file.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from anymail.backends.base import AnymailBaseBackend
from django.core.mail import EmailMultiAlternatives

from .messages import CalendarPart

FILE_NAME = "invitation.ics"
MAINTNOTE_NAME = "maintnote.ics"


class CalendarPlace(StrEnum):
    ALTERNATIVE = "alternative"  # behind text and HTML, its METHOD in the header too, as the standard asks
    UNNAMED = "unnamed"  # the same without a parameter in the header: readers find the METHOD inside
    FILE = "file"


# By the path of the e-mail backend; of django-anymail's, those that are not named take files only.
PLACES: Mapping[str, CalendarPlace] = {
    "anymail.backends.amazon_ses.EmailBackend": CalendarPlace.ALTERNATIVE,  # is given the whole MIME message
    "anymail.backends.sendgrid.EmailBackend": CalendarPlace.UNNAMED,  # refuses a type with a semicolon
    "anymail.backends.test.EmailBackend": CalendarPlace.ALTERNATIVE,
}


def calendar_place(backend: Any) -> CalendarPlace:
    if not isinstance(backend, AnymailBaseBackend):
        return CalendarPlace.ALTERNATIVE
    kind = type(backend)
    return PLACES.get(f"{kind.__module__}.{kind.__qualname__}", CalendarPlace.FILE)


def attach_calendar(email: EmailMultiAlternatives, calendar: CalendarPart, place: CalendarPlace) -> None:
    """Without a charset: Django and anymail each name it once themselves."""
    text, named = calendar.body.decode(), f"text/calendar; method={calendar.method}"
    if place is CalendarPlace.FILE:
        email.attach(FILE_NAME, text, named)
    else:
        email.attach_alternative(text.replace("\r\n", "\n"), named if place is CalendarPlace.ALTERNATIVE else "text/calendar")


def attach_maintnote(email: EmailMultiAlternatives, file: bytes, place: CalendarPlace) -> None:
    """As a file in any case, and without a METHOD: it asks nothing of anybody."""
    text = file.decode()
    email.attach(MAINTNOTE_NAME, text if place is CalendarPlace.FILE else text.replace("\r\n", "\n"), "text/calendar")
