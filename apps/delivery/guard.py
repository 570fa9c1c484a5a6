"""Lets nothing overdue leave a database that was restored, rolled back or copied, until a person has decided.

The clock and every worker ask here before they do anything that sends. Whoever finds that the database is not where, or
when, it was halts the installation, in the database, for all. Only the clock judges a long silence; workers wait for that.
"""

import logging
import threading
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import F

from apps.accounts.services import record
from apps.common.statements import Repeated

from . import witness
from .due import oldest_due_at
from .homes import home
from .models import Installation
from .policy import LONGEST_SILENCE, Halt, judge

logger = logging.getLogger(__name__)


class Heard(NamedTuple):
    """What a worker looks at, before each claim, of the installation's row."""

    name: UUID
    home: str
    beats: int
    beat_at: datetime | None
    halted_at: datetime | None


_heard = Repeated(lambda: Installation.objects.order_by("pk").values_list(*Heard._fields)[:1])


class Memory:
    """What this process knows by itself: the most beats it has seen, and through which connection it last asked outside."""

    def __init__(self) -> None:
        self.beats: dict[UUID, int] = {}
        self._asked = threading.local()

    def is_new_connection(self) -> bool:
        """A restored database is never reached through a connection to the one before."""
        connection.ensure_connection()
        current: Any = connection.connection
        is_new = getattr(self._asked, "connection", None) is not current
        self._asked.connection = current
        return is_new


_memory = Memory()


def may_work(now: datetime) -> bool:
    """Asked by a worker before it claims, expands or heals: one row, and what is kept outside once per connection."""
    row = next((Heard(*values) for values in _heard()), None)
    if row is None:
        return True  # no clock has beaten yet
    if row.halted_at:
        return False
    if row.beat_at is None:
        return True
    if _finds_fault(row, now, is_overdue=False):
        return False
    return now - row.beat_at <= LONGEST_SILENCE


def clock_may_work(now: datetime) -> bool:
    """Asked by the clock at each look."""
    row, _made = Installation.objects.get_or_create(pk=1, defaults={"home": home()})
    if row.halted_at:
        return False
    if row.beat_at is None:
        return True
    is_silent = now - row.beat_at > LONGEST_SILENCE
    if _finds_fault(row, now, is_overdue=is_silent and oldest_due_at(now) is not None):
        return False
    if is_silent:
        note_beat(now)  # the workers wait for it
    return True


def halt(reason: Halt, *, now: datetime) -> None:
    """Stops everything, once; what another process found first stands."""
    if Installation.objects.filter(halted_at__isnull=True).update(halted_at=now, halt=reason):
        logger.error("This installation is halted (%s): nothing leaves until a person has decided", reason)
        record("installation.halted", subject=Installation.objects.get(), actor=None, now=now, reason=reason)


def _finds_fault(row: Installation | Heard, now: datetime, *, is_overdue: bool) -> bool:
    witnessed = _memory.beats.get(row.name)
    if _memory.is_new_connection() or is_overdue:
        outside = witness.recall(row.name)
        witnessed = max((beats for beats in (witnessed, outside) if beats is not None), default=None)
    if witnessed is not None and witnessed > row.beats:
        row = Installation.objects.get()  # another clock may have beaten since it was read; the database takes each beat first
    assert row.beat_at is not None, "only what has beaten is judged"
    found = judge(
        is_at_home=row.home == home(),
        beats=row.beats,
        witnessed=witnessed,
        silence=now - row.beat_at,
        is_overdue=is_overdue,
    )
    if found:
        halt(found, now=now)
        return True
    _memory.beats[row.name] = row.beats
    return False


def note_beat(now: datetime) -> None:
    """The database first, then what is kept outside, so that outside never more is known than in a sound database."""
    alive = Installation.objects.filter(halted_at__isnull=True)
    if alive.update(beats=F("beats") + 1, beat_at=now):
        row = alive.first()
        if row is not None:
            witness.remember(row.name, row.beats)
