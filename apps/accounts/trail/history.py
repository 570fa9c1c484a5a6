"""Events of the trail as lines to be read."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ..models import AuditEvent
from . import deeds
from .snapshots import with_relations
from .words import Difference, Reader, difference, kind_words, model_of

Key = tuple[str, str]  # kind and number of a row


@dataclass(frozen=True, kw_only=True)
class RowLine:
    """What became of one row of a table that belongs to the object, such as a step of a playbook."""

    title: str
    differences: Sequence[Difference]


@dataclass(frozen=True, kw_only=True)
class Line:
    event: AuditEvent
    at: datetime
    when: str
    who: str
    kind: str
    what: str
    sentence: str
    facts: Sequence[tuple[str, str]]
    differences: Sequence[Difference]
    rows: Sequence[RowLine]


def about(*subjects: models.Model) -> Q:
    """Whatever was done to one of these."""
    found = Q(pk__in=())
    for row in subjects:
        kind, pk = key_of(row)
        found |= Q(subject_type=kind, subject_id=pk)
    return found


def events_about(condition: Q) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(condition).select_related("actor").order_by("-at", "-id")


def lines(events: Iterable[AuditEvent], *, reader: Reader, names: Mapping[Key, str] | None = None) -> list[Line]:
    """`names` saves looking up those that are known already."""
    found = list(events)
    known = dict(names or {})
    known |= _names({(event.subject_type, event.subject_id) for event in found} - known.keys())
    return [_line(event, known, reader) for event in found]


def who_words(event: AuditEvent) -> str:
    return (event.actor.get_full_name() or event.actor.get_username()) if event.actor else _("The system")


def key_of(row: models.Model) -> Key:
    model = row._meta.concrete_model or type(row)  # what a proxy stands for
    return model._meta.label_lower, str(row.pk)


def _line(event: AuditEvent, names: Mapping[Key, str], reader: Reader) -> Line:
    who, kind = who_words(event), kind_words(event.subject_type)
    what = names.get((event.subject_type, event.subject_id)) or str(event.detail.get("name") or "") or _nameless(event)
    return Line(
        event=event,
        at=event.at,
        when=reader.instant(event.at),
        who=who,
        kind=capfirst(kind),
        what=what,
        sentence=deeds.sentence(event.verb, who=who, what=what),
        facts=list(_facts(event)),
        differences=[difference(event.subject_type, name, pair, reader) for name, pair in _changes(event).items()],
        rows=list(_rows(event, reader)),
    )


def _nameless(event: AuditEvent) -> str:
    if not event.subject_id:
        return kind_words(event.subject_type, plural=True)
    return f"{kind_words(event.subject_type)} {event.subject_id}"


def _changes(event: AuditEvent) -> Mapping[str, Sequence[Any]]:
    """Events of earlier versions keep under `was` what was before, and beside it what came."""
    if "changes" in event.detail:
        return event.detail["changes"]  # type: ignore[no-any-return]
    was = event.detail.get("was")
    if not isinstance(was, Mapping):
        return {}
    return {name: [value, event.detail.get(name)] for name, value in was.items() if value != event.detail.get(name)}


def _facts(event: AuditEvent) -> Iterator[tuple[str, str]]:
    for name, label in deeds.facts().items():
        value = event.detail.get(name)
        if value in (None, "", [], {}) or isinstance(value, dict):
            continue
        values = value if isinstance(value, list) else [value]
        yield str(label), ", ".join(deeds.code_words(name, each) for each in values)


def _rows(event: AuditEvent, reader: Reader) -> Iterator[RowLine]:
    titles = {
        "added": _("Added: %(kind)s “%(name)s”"),
        "changed": _("Changed: %(kind)s “%(name)s”"),
        "removed": _("Removed: %(kind)s “%(name)s”"),
    }
    for row in event.detail.get("rows", ()):
        title = titles[row["deed"]] % {"kind": kind_words(row["model"]), "name": row["name"] or row["id"]}
        found = [difference(row["model"], name, pair, reader) for name, pair in row["changes"].items()]
        yield RowLine(title=title, differences=found)


def _names(keys: Iterable[Key]) -> dict[Key, str]:
    """What the rows are called now; one look for each kind, and nothing for those that are gone."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for label, pk in keys:
        if pk:
            wanted[label].add(pk)
    found: dict[Key, str] = {}
    for label, pks in wanted.items():
        model = model_of(label)
        if model is None:
            continue
        rows = with_relations(model._base_manager.all()).filter(pk__in=[pk for pk in pks if pk.isdecimal()])
        found |= {(label, str(row.pk)): str(row) for row in rows}
    return found
