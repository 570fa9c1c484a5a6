"""Two people at one form: who saved first, what they saved, and the refusal to overwrite it unasked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.widgets import DateTimeBaseInput
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ..models import AuditEvent
from ..trail.history import Line, about, events_about, lines
from ..trail.words import NOTHING, Reader

SEEN, OPENED = "_seen", "_opened_at"
MOST_LINES = 5


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One field in which what was saved meanwhile and what was typed differ."""

    label: str
    theirs: str
    yours: str


@dataclass(frozen=True, kw_only=True)
class Conflict:
    sentence: str
    lines: list[Line]  # what others did since the form was opened


def conflict_about(*rows: models.Model, opened_at: datetime | None, reader: Reader) -> Conflict:
    """`rows`: all that the form writes."""
    events = events_about(about(*rows))
    since = list((events.filter(at__gte=opened_at) if opened_at else events)[:MOST_LINES]) or list(events[:1])
    return Conflict(sentence=conflict_sentence(since[0] if since else None, reader), lines=lines(since, reader=reader))


def conflict_sentence(last: AuditEvent | None, reader: Reader) -> str:
    if last is None:
        return _("It has changed since you opened this page. Nothing of yours has been saved: decide below what holds.")
    return _(
        "%(who)s saved it since you opened this page (%(when)s). Nothing of yours has been saved: decide below what holds."
    ) % {
        "who": last.actor.get_full_name() or last.actor.get_username() if last.actor else _("The system"),
        "when": reader.instant(last.at),
    }


def opened_at(request: HttpRequest) -> datetime | None:
    try:
        at = parse_datetime(request.POST.get(OPENED, ""))
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def refusing(form: type[forms.ModelForm], sentence: str) -> type[forms.ModelForm]:
    """The same form, which takes everything in, shows it again and saves nothing."""

    def clean(self: Any) -> Any:
        super(form_class, self).clean()
        raise ValidationError(sentence, code="conflict")

    form_class: Any = type(form.__name__, (form,), {"clean": clean})
    return form_class  # type: ignore[no-any-return]


def contrasts(form: forms.BaseForm, formsets: Iterable[Any] = (), *, prefix: str = "") -> list[Contrast]:
    """Wherever what was typed differs from what is saved now; a secret is not shown. `prefix`: which of several forms."""
    found = list(_contrasts_in(form, prefix))
    for formset in formsets:
        for row in formset.formset.forms:
            name = str(row.instance) if row.instance.pk else _("new row")
            found += _contrasts_in(row, f"{name}: ")
    return found


def _contrasts_in(form: Any, prefix: str) -> Iterator[Contrast]:
    for name in form.changed_data:
        bound = form[name]
        if name in ("DELETE", "id") or isinstance(bound.field.widget, forms.PasswordInput | forms.HiddenInput):
            continue
        theirs, yours = (_shown(bound.field, value) for value in (bound.initial, bound.data))
        if theirs != yours:
            yield Contrast(label=prefix + capfirst(str(bound.label)), theirs=theirs, yours=yours)


def _shown(field: forms.Field, value: Any) -> str:
    """As the form itself would show it: a choice by its label, several of them joined."""
    if value in (None, "", []):
        return NOTHING
    if isinstance(field, forms.BooleanField):
        return _("Yes") if value not in (False, "off", "false", "False") else _("No")
    if isinstance(field, forms.ModelChoiceField):
        return _rows_shown(field, value)
    prepared = field.prepare_value(value)
    if isinstance(field.widget, DateTimeBaseInput):
        return str(field.widget.format_value(prepared))
    if isinstance(field, forms.ChoiceField):
        labels = dict(_flat(field.choices))
        values = prepared if isinstance(prepared, list | tuple) else [prepared]
        return ", ".join(str(labels.get(str(each), each)) for each in values)
    return str(prepared)


def _rows_shown(field: forms.ModelChoiceField, value: Any) -> str:
    values = value if isinstance(value, list | tuple | models.QuerySet) else [value]
    keys = [each.pk if isinstance(each, models.Model) else each for each in values]
    assert field.queryset is not None
    numbers = [key for key in keys if str(key).isdecimal()]
    return ", ".join(str(row) for row in field.queryset.model._base_manager.filter(pk__in=numbers)) or NOTHING


def _flat(choices: Any) -> Iterator[tuple[str, Any]]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from _flat(label)
        else:
            yield str(value), label
