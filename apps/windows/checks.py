"""What is refused before a window is written: each with a sentence that names the field or the fault."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from .changes import WindowError
from .models import Service
from .rules import announced_end, times_fault
from .sentences import TIMES_FAULTS


def promised_end(starts_at: datetime, ends_at: datetime, announced_ends_at: datetime | None, now: datetime) -> datetime:
    """The late end to announce, once the whole period is known to be one that can be promised."""
    fault = times_fault(starts_at=starts_at, ends_at=ends_at, announced_ends_at=announced_ends_at, now=now)
    if fault:
        raise WindowError(str(TIMES_FAULTS[fault]), code=fault)
    return announced_ends_at or announced_end(starts_at, ends_at)


def check_fields(row: models.Model, *, only: Iterable[str] | None = None) -> None:
    """Holds values against the model's own rules, and names the field of each that fails."""
    labels = {field.name: str(field.verbose_name) for field in row._meta.fields if not field.is_relation}
    checked = set(labels if only is None else only)
    try:
        row.clean_fields(exclude={field.name for field in row._meta.fields} - checked)
    except ValidationError as error:
        raise WindowError(
            [
                _("%(field)s: %(problem)s") % {"field": labels[name].capitalize(), "problem": problem}
                for name, problems in error.message_dict.items()
                for problem in problems
            ]
        ) from error


def refuse_unknown(names: Iterable[str], allowed: frozenset[str]) -> None:
    """Status, times and revision have verbs of their own; to pass them here is a bug."""
    if unknown := set(names) - allowed:
        raise TypeError(f"Not to be given here: {', '.join(sorted(unknown))}.")


def check_services(services: Sequence[Service]) -> None:
    if not services:
        raise WindowError(_("Name at least one service that the work touches."), code="no_services")
