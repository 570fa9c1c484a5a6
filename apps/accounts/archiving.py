"""Out of use, and back: the same two verbs for everything that is kept because what was sent refers to it."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from .models import User
from .services import record_each


@transaction.atomic
def archive(rows: QuerySet[Any], *, actor: User | None, now: datetime) -> int:
    """Takes those in use out of it; returns how many."""
    return _set_archived(rows.filter(archived_at__isnull=True), "archived", archived_at=now, actor=actor, now=now)


@transaction.atomic
def restore(rows: QuerySet[Any], *, actor: User | None, now: datetime) -> int:
    return _set_archived(rows.filter(archived_at__isnull=False), "restored", archived_at=None, actor=actor, now=now)


def _set_archived(rows: QuerySet[Any], deed: str, *, archived_at: datetime | None, actor: User | None, now: datetime) -> int:
    model = rows.model
    ids = list(model._base_manager.filter(pk__in=rows.order_by().values("pk")).select_for_update().values_list("pk", flat=True))
    model._base_manager.filter(pk__in=ids).update(archived_at=archived_at, updated_at=now)
    record_each(f"{model._meta.model_name}.{deed}", subjects=model, ids=ids, actor=actor, now=now)
    return len(ids)
