from datetime import datetime
from typing import Any

from django.db import models

from .models import AuditEvent, User


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
