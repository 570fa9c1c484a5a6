"""What was promised, planned and done: the times of a window. One query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.windows.models import MaintenanceWindow, RevisionChange, WindowRevision, WindowStatus

CHANGES_OF_TIMES = (RevisionChange.SCHEDULED, RevisionChange.RESCHEDULED, RevisionChange.EXTENDED)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The times as one revision announced them."""

    number: int  # of the revision
    change: str
    change_label: str
    reason: str
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    announced_ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Instants are UTC; `actual_*` are `None` until they happened."""

    time_zone: str
    starts_at: datetime
    ends_at: datetime
    announced_ends_at: datetime
    actual_started_at: datetime | None
    actual_ended_at: datetime | None
    is_cancelled: bool
    promises: Sequence[Promise]

    @property
    def first(self) -> Promise | None:
        return self.promises[0] if self.promises else None

    @property
    def holds_since(self) -> int:
        """The revision that announced the times as they are."""
        return self.promises[-1].number if self.promises else 0

    @property
    def was_moved(self) -> bool:
        return len(self.promises) > 1

    @property
    def start_slip(self) -> timedelta | None:
        return self.actual_started_at - self.starts_at if self.actual_started_at else None

    @property
    def end_slip(self) -> timedelta | None:
        return self.actual_ended_at - self.ends_at if self.actual_ended_at else None

    @property
    def actual_duration(self) -> timedelta | None:
        if not self.actual_started_at or not self.actual_ended_at:
            return None
        return self.actual_ended_at - self.actual_started_at

    def is_overrun(self, now: datetime) -> bool:
        """Under way, its planned end past, and nobody has confirmed that it is over."""
        return (
            self.actual_started_at is not None and self.actual_ended_at is None and not self.is_cancelled and self.ends_at <= now
        )


def schedule_of(window: MaintenanceWindow) -> Schedule:
    rows = WindowRevision.objects.filter(window=window, change__in=CHANGES_OF_TIMES).order_by("number")
    return Schedule(
        time_zone=window.time_zone,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        announced_ends_at=window.announced_ends_at,
        actual_started_at=window.actual_started_at,
        actual_ended_at=window.actual_ended_at,
        is_cancelled=window.status == WindowStatus.CANCELLED,
        promises=[_promise(row) for row in rows],
    )


def _promise(row: WindowRevision) -> Promise:
    return Promise(
        number=row.number,
        change=row.change,
        change_label=row.get_change_display(),
        reason=row.reason,
        changed_at=row.changed_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        announced_ends_at=row.announced_ends_at,
    )
