"""Loads the sample where there is nothing yet, and takes it away again: that, and nothing that anybody has made."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record
from apps.audiences.copying import begin_copying
from apps.campaigns.models import Playbook, Step
from apps.channels.models import Channel
from apps.delivery.models import Circuit, Installation
from apps.windows.models import MaintenanceWindow

from .basics import make_basics, shared_rows, strangers
from .holding import with_all_in_hand
from .past import make_windows
from .replaying import HeldBack

ADMINISTRATES = "delivery.change_installation"  # whoever may decide whether this installation sends
# What a shared row has of its own, and goes with it; whatever else points to it was made by somebody, who needs it.
OWN: Mapping[type[models.Model], type[models.Model]] = {Playbook: Step, Channel: Circuit}


class NoSample(Exception):
    """Why the sample cannot be loaded here, as a sentence."""


def why_not() -> str:
    """Why the sample cannot be loaded; nothing where it can."""
    if MaintenanceWindow.objects.exists():
        return _("There are windows already: among them a sample would be in the way.")
    if settings.APPROVAL_REQUIRED:
        return _("This installation asks for the approval of each campaign, which a sample cannot have.")
    if Installation.objects.halted().exists():
        return _held_back()
    if others := strangers():
        words = _("The sample needs names that something of yours has already: %(names)s.")
        return words % {"names": ", ".join(map(str, others))}
    return ""


def _held_back() -> str:
    return _("Sending is held back here: end the halt or the pause first, or the sample could not show what was sent.")


def is_loaded() -> bool:
    return MaintenanceWindow.objects.filter(is_sample=True).exists()


@transaction.atomic
def load_sample(*, actor: User, now: datetime) -> None:
    """Raises NoSample. Nothing of it reaches anybody: its channel keeps what it is given, and its windows are not public."""
    begin_copying()
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)  # a button that is pressed twice loads it once
    if problem := why_not():
        raise NoSample(problem)
    made = make_basics(now=now)
    try:
        make_windows(made, actor=actor, now=now)
    except HeldBack as held:
        raise NoSample(_held_back()) from held
    record("database.sample_loaded", subject=MaintenanceWindow, actor=actor, now=now)


def remove_sample(*, actor: User, now: datetime) -> list[str]:
    """Takes the sample's windows away with all that hangs on them; returns the names of what stays, since it is in use.

    Raises SampleInUse. A worker that has a batch of it in hand finds its claim gone, and writes nothing more.
    """
    windows = MaintenanceWindow.objects.filter(is_sample=True)

    def removed() -> list[str]:
        _remove(windows)
        kept = [*map(str, strangers()), *(str(row) for row in shared_rows() if not _removed(row))]
        record("database.sample_removed", subject=MaintenanceWindow, actor=actor, now=now, kept=kept)
        return kept

    return with_all_in_hand(windows, removed)


def _remove(rows: models.QuerySet[Any]) -> None:
    """What hangs on `rows` first; what only names one of them stays and names it no more."""
    for model, name in _pointing_to(rows.model):
        _remove(model._base_manager.filter(**{f"{name}__in": rows}))
    rows.delete()


def _pointing_to(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """The models that cannot be without what they point to, each with the name of its field."""
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and relation.on_delete is not models.SET_NULL:
            if relation.field.model._meta.proxy or relation.many_to_many:
                continue  # the rows between two models point, too
            yield relation.field.model, relation.field.name


def _removed(row: models.Model) -> bool:
    """False where somebody's row needs it: then it is somebody's, too."""
    uses = ((model, name) for model, name in _pointing_to(type(row)) if OWN.get(type(row)) is not model)
    if any(model._base_manager.filter(**{name: row}).exists() for model, name in uses):
        return False
    row.delete()
    return True
