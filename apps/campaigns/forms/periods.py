"""Start, duration and announced end as planners type them: the wall clock of the window's zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.forms import ZoneField
from apps.common.zones import resolve_wall_time, zone_or_utc
from apps.windows.models import MaintenanceWindow
from apps.windows.rules import announced_end, times_fault
from apps.windows.sentences import TIMES_FAULTS, wall_time_note

from ..planner import PlanWindow
from .fields import LengthField, date_field, time_field


@dataclass(frozen=True, kw_only=True)
class Period:
    """What the typed times mean: instants in UTC, and what to know about the clock there."""

    starts_at: datetime
    ends_at: datetime
    announced_ends_at: datetime
    notes: tuple[str, ...]

    def as_plan_window(self, *, time_zone: str, now: datetime, heavy_traffic: bool, starts_automatically: bool) -> PlanWindow:
        """As if the window were scheduled at `now`."""
        return PlanWindow(
            time_zone=time_zone,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            announced_ends_at=self.announced_ends_at,
            released_at=now,
            spoken_at=now,
            heavy_traffic=heavy_traffic,
            starts_automatically=starts_automatically,
        )


class TimedForm(forms.Form):
    """A form that judges times, and so has to know `now`."""

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        self.now = now
        super().__init__(*args, **kwargs)


class PeriodForm(TimedForm):
    """Start, duration and the announced late end of a window; `period` is set once they make sense."""

    start_date = date_field(label=gettext_lazy("Start date"))
    start_time = time_field(label=gettext_lazy("Start time"))
    time_zone = ZoneField(label=gettext_lazy("Time zone"))
    duration = LengthField(label=gettext_lazy("Duration"), help_text=gettext_lazy("For example 2 h, 90 min or 1:30."))
    announced_date = date_field(label=gettext_lazy("Announced end: date"), required=False)
    announced_time = time_field(
        label=gettext_lazy("Announced end: time"),
        required=False,
        help_text=gettext_lazy("Recipients are told a range. Left empty, it is half as long again as the duration."),
    )

    period: Period | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        needed = ("start_date", "start_time", "duration")
        if all(data.get(name) is not None for name in needed) and self.zone_name():
            self.period = self._period(data)
        return data

    def zone_name(self) -> str:
        """The zone whose clock the planner had in mind; empty while it is not known."""
        return str(self.cleaned_data.get("time_zone") or "")

    def _period(self, data: Mapping[str, Any]) -> Period | None:
        zone_name = self.zone_name()
        starts_at, note = _instant(data["start_date"], data["start_time"], zone_name)
        notes = [note] if note else []
        announced_at = None
        if data.get("announced_date") and data.get("announced_time"):
            announced_at, note = _instant(data["announced_date"], data["announced_time"], zone_name)
            notes += [note] if note else []
        elif data.get("announced_date") or data.get("announced_time"):
            self.add_error("announced_date", _("Give the date and the time of the announced end, or neither."))
            return None
        try:
            ends_at = starts_at + data["duration"]
        except OverflowError:
            self.add_error("duration", _("The end lies beyond the calendar: please check the duration."))
            return None
        return self._checked(starts_at, ends_at, announced_at, notes)

    def _checked(
        self, starts_at: datetime, ends_at: datetime, announced_at: datetime | None, notes: Sequence[str]
    ) -> Period | None:
        fault = times_fault(starts_at=starts_at, ends_at=ends_at, announced_ends_at=announced_at, now=self.now)
        if fault:
            self.add_error("announced_date" if fault == "announced_before_end" else "start_date", str(TIMES_FAULTS[fault]))
            return None
        announced_ends_at = announced_at or announced_end(starts_at, ends_at)
        return Period(starts_at=starts_at, ends_at=ends_at, announced_ends_at=announced_ends_at, notes=tuple(notes))


def instant_of(day: date, clock: time, zone_name: str) -> datetime:
    return resolve_wall_time(datetime.combine(day, clock), zone_or_utc(zone_name)).instant


def _instant(day: date, clock: time, zone_name: str) -> tuple[datetime, str | None]:
    return instant_of(day, clock, zone_name), wall_time_note(datetime.combine(day, clock), zone_name)


def period_initial(window: MaintenanceWindow) -> dict[str, Any]:
    """The times of `window` as its zone's clock shows them, for the fields of PeriodForm."""
    zone = zone_or_utc(window.time_zone)
    start, announced = window.starts_at.astimezone(zone), window.announced_ends_at.astimezone(zone)
    initial: dict[str, Any] = {
        "start_date": start.date(),
        "start_time": start.time(),
        "time_zone": window.time_zone,
        "duration": window.duration,
    }
    if window.announced_ends_at != announced_end(window.starts_at, window.ends_at):
        initial |= {"announced_date": announced.date(), "announced_time": announced.time()}
    return initial


def moved_to(typed: QueryDict, wall: str) -> QueryDict:
    """What was typed about a period, with its start at `wall` (ISO, on the zone's clock) and its announced end as much later."""
    try:
        start = datetime.fromisoformat(wall).replace(tzinfo=None)
    except ValueError:  # of no button of ours
        return typed
    moved = typed.copy()
    try:
        before = datetime.fromisoformat(f"{typed.get('start_date')}T{typed.get('start_time')}")
        announced = datetime.fromisoformat(f"{typed.get('announced_date')}T{typed.get('announced_time')}") + (start - before)
        moved["announced_date"], moved["announced_time"] = f"{announced:%Y-%m-%d}", f"{announced:%H:%M}"
    except (ValueError, OverflowError):  # none was typed, or none that makes sense: the form says so
        pass
    moved["start_date"], moved["start_time"] = f"{start:%Y-%m-%d}", f"{start:%H:%M}"
    return moved
