from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models

from .models import AuditEvent, User

ROWS_PER_STATEMENT = 1000


def record(
    verb: str, *, subject: models.Model | type[models.Model], actor: User | None, now: datetime, **detail: Any
) -> AuditEvent:
    """Writes one audit event in the caller's transaction; `detail` must be JSON-serialisable.

    A model class as `subject` stands for many of its rows at once, e.g. an import.
    """
    return AuditEvent.objects.create(
        at=now,
        actor=actor,
        verb=verb,
        subject_type=subject._meta.label_lower,
        subject_id="" if isinstance(subject, type) else str(subject.pk),
        detail=detail,
    )


def record_each(
    verb: str, *, subjects: type[models.Model], ids: Iterable[int], actor: User | None, now: datetime, **detail: Any
) -> None:
    """The same deed on many rows of one model: an audit event for each, so that every row can tell its story."""
    kind = subjects._meta.label_lower
    AuditEvent.objects.bulk_create(
        (AuditEvent(at=now, actor=actor, verb=verb, subject_type=kind, subject_id=str(pk), detail=detail) for pk in ids),
        batch_size=ROWS_PER_STATEMENT,
    )
