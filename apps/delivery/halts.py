"""The end of a halt, by a person's word; and what people read of it."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record
from apps.campaigns.models import OPEN_STATES, Touchpoint
from apps.common.times import format_instant

from . import steering, witness
from .closing import expire_past_use
from .homes import home
from .models import Batch, Installation
from .policy import Halt
from .steering import Choice, Released

SENTENCES: Mapping[str, Promise] = {
    Halt.MOVED: gettext_lazy(
        "Nothing is sent: this database has come to another place than the one where it last worked, as a copy or a restored "
        "dump does. The one it came from may still be sending."
    ),
    Halt.ROLLED_BACK: gettext_lazy(
        "Nothing is sent: this database is older than it has already been, as after restoring a dump. What seems overdue may "
        "have been sent."
    ),
    Halt.UNWITNESSED: gettext_lazy(
        "Nothing is sent: this database was silent for a long time, messages are overdue, and nothing outside it shows that it "
        "was merely switched off. It may be an old one, and what seems overdue may have been sent."
    ),
    Halt.COPY: gettext_lazy("Nothing is sent: this installation is a copy, and never sends."),
}


def halt_sentence(installation: Installation | None) -> str:
    """Why nothing leaves; nothing where it does."""
    return str(SENTENCES[installation.halt]) if installation and installation.halt else ""


def since_words(installation: Installation, zone: str) -> str:
    assert installation.halted_at is not None, "a halt has begun"
    when = format_instant(installation.halted_at, zone=zone, language=get_language() or "en")
    return _("Halted since %(when)s.") % {"when": when}


def beat_words(installation: Installation, zone: str) -> str:
    if installation.beat_at is None:
        return _("never")
    return format_instant(installation.beat_at, zone=zone, language=get_language() or "en")


def release(*, choice: Choice, over: timedelta = timedelta(0), actor: User | None, now: datetime) -> Released | None:
    """Lets the installation send again, and what is overdue as chosen; None when it was not halted (any more).

    It begins a new count of beats under a new name, so that the one it was copied from is no witness of it.
    """
    expire_past_use(now)  # while it can be said that it was halted
    steering.write_overdue(Touchpoint.objects.going(), choice=choice, now=now)
    place, name = home(), uuid.uuid4()
    with transaction.atomic():
        row = Installation.objects.halted().select_for_update().first()
        if row is None:
            return None
        Installation.objects.update(name=name, home=place, beats=1, beat_at=now, halted_at=None, halt="")
        released = steering.release(Touchpoint.objects.going(), Batch.objects.unpaused(), choice=choice, over=over, now=now)
        minutes = round(over.total_seconds() / 60)
        detail = released.facts() | ({"minutes": minutes} if choice is Choice.SPREAD else {})
        record("installation.released", subject=row, actor=actor, now=now, was=row.halt, **detail)
    witness.remember(name, 1)
    return released


@transaction.atomic
def declare_copy(*, actor: User | None, now: datetime) -> None:
    """This installation never sends, until a person releases it. Takes the locks of the engine's marks, as a pause does."""
    row, _made = Installation.objects.get_or_create(pk=1, defaults={"home": home()})
    Installation.objects.update(halted_at=row.halted_at or now, halt=Halt.COPY)
    list(Touchpoint.objects.filter(state__in=OPEN_STATES).select_for_update(no_key=True).order_by("pk").values_list("pk"))
    record("installation.declared_copy", subject=row, actor=actor, now=now, was=row.halt)
