"""What the audit trail says of doubts that ended."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from apps.accounts.models import User
from apps.accounts.services import record_each

from .models import Delivery


class By(StrEnum):
    """Who or what ended a doubt."""

    PERSON = "person"
    POLICY = "policy"  # the channel's
    EVIDENCE = "evidence"  # that came back: a bounce, an open, a report, a late answer
    LOOK_UP = "look_up"  # the provider was asked


def note_resolved(ids: Iterable[int], *, to: str, by: By, now: datetime, actor: User | None = None, **detail: Any) -> None:
    """One line for each delivery, in the transaction of the deed."""
    told = {name: value for name, value in detail.items() if value}
    record_each("delivery.doubt_resolved", subjects=Delivery, ids=ids, actor=actor, now=now, to=str(to), by=by.value, **told)
