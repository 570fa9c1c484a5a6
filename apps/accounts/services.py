"""What is written into the audit trail, always in the transaction of the deed itself."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import models

from .models import AuditEvent, User
from .trail.differences import State
from .trail.snapshots import changes_of, stored

ROWS_PER_STATEMENT = 1000


def record(
    verb: str, *, subject: models.Model | type[models.Model], actor: User | None, now: datetime, **detail: Any
) -> AuditEvent:
    """Writes one audit event in the caller's transaction; `detail` must be JSON-serialisable.

    A model class as `subject` stands for many of its rows at once, e.g. an import. A new verb needs its sentence in the
    `deeds` module of its app.
    """
    return AuditEvent.objects.create(
        at=now,
        actor=actor,
        verb=verb,
        subject_type=subject._meta.label_lower,
        subject_id="" if isinstance(subject, type) else str(subject.pk),
        detail=detail,
    )


def record_change(
    verb: str, *, subject: models.Model, before: State, actor: User | None, now: datetime, **detail: Any
) -> AuditEvent:
    """Like `record`, with what differs between `before` (see `trail.snapshots`) and the row as it is stored now.

    Only the fields that `before` names are compared; an empty `before` stands for a row that is new.
    """
    after = stored(type(subject), subject.pk, only=before.keys() or None)
    changes = {name: pair for name, pair in changes_of(type(subject), before, after).items() if before or any(pair or [1])}
    return record(verb, subject=subject, actor=actor, now=now, changes=changes, **detail)


def record_each(
    verb: str, *, subjects: type[models.Model], ids: Iterable[int], actor: User | None, now: datetime, **detail: Any
) -> None:
    """The same deed on many rows of one model: an audit event for each, so that every row can tell its story."""
    kind = subjects._meta.label_lower
    AuditEvent.objects.bulk_create(
        (AuditEvent(at=now, actor=actor, verb=verb, subject_type=kind, subject_id=str(pk), detail=detail) for pk in ids),
        batch_size=ROWS_PER_STATEMENT,
    )


def add_to_event(event: AuditEvent, detail: Mapping[str, Any]) -> None:
    """Completes an event in the transaction that wrote it: what a service said of its deed, with what the form has changed."""
    event.detail = {**event.detail, **detail}
    event.save(update_fields=["detail"])
