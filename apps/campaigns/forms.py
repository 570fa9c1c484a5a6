"""What planners fill in about a window. Times are typed as the wall clock of the window's zone shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.forms import ZoneField
from apps.accounts.models import User
from apps.common.zones import resolve_wall_time, zone_or_utc
from apps.windows.models import Impact, MaintenanceWindow, Service
from apps.windows.rules import announced_end, times_fault
from apps.windows.sentences import TIMES_FAULTS, wall_time_note

from .drafts import Draft
from .fields import LengthField
from .models import Campaign, Playbook
from .planner import PlanWindow
from .proposals import Wish

TEXTS = ("title", "reason", "effect", "alternatives")


class DateInput(forms.DateInput):
    """The browser's own date field, which speaks ISO whatever the page's language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


def date_field(**kwargs: Any) -> forms.DateField:
    return forms.DateField(widget=DateInput(), input_formats=["%Y-%m-%d"], localize=False, **kwargs)


def time_field(**kwargs: Any) -> forms.TimeField:
    return forms.TimeField(widget=TimeInput(), input_formats=["%H:%M", "%H:%M:%S"], localize=False, **kwargs)


def text_field(label: Any, help_text: Any = "", rows: int = 2) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, required=False, widget=forms.Textarea(attrs={"rows": rows}))


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


class WindowForm(PeriodForm):
    """A new window, or a draft that is being changed: five fields and a playbook, the rest may stay as it is."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=140,
        help_text=gettext_lazy("What is being done, in words a customer understands."),
    )
    services = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Services"),
        queryset=Service.objects.filter(archived_at=None),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Name at least one service that the work touches.")},
    )
    impact = forms.ChoiceField(label=gettext_lazy("Impact"), choices=Impact.choices, initial=Impact.OUTAGE)
    playbook = forms.ModelChoiceField(label=gettext_lazy("Playbook"), queryset=Playbook.objects.all(), empty_label=None)

    language = forms.ChoiceField(label=gettext_lazy("Language of the texts"), choices=settings.LANGUAGES)
    reason = text_field(gettext_lazy("Reason"), gettext_lazy("Why the work is needed."))
    effect = text_field(gettext_lazy("Effect"), gettext_lazy("What does not work meanwhile, and what still does."))
    alternatives = text_field(gettext_lazy("Alternatives"), gettext_lazy("What people can do instead meanwhile."))
    translation_language = forms.ChoiceField(
        label=gettext_lazy("Language of the translation"), choices=settings.LANGUAGES, required=False
    )
    translation_title = forms.CharField(label=gettext_lazy("Translated title"), max_length=140, required=False)
    translation_reason = text_field(gettext_lazy("Translated reason"))
    translation_effect = text_field(gettext_lazy("Translated effect"))
    translation_alternatives = text_field(gettext_lazy("Translated alternatives"))
    heavy_traffic = forms.BooleanField(
        label=gettext_lazy("Heavy or real-time traffic"),
        required=False,
        help_text=gettext_lazy("Customers get e-mail even when the work is short."),
    )
    starts_automatically = forms.BooleanField(
        label=gettext_lazy("Starts by itself"),
        required=False,
        initial=True,
        help_text=gettext_lazy(
            "At the planned start the window is taken as begun. Switched off, the start notice waits for a person."
        ),
    )
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"),
        queryset=User.objects.filter(is_staff=True, is_active=True),
        required=False,
        empty_label=gettext_lazy("Nobody"),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        translated = any(data.get(f"translation_{name}") for name in TEXTS)
        if translated and data.get("translation_language") == data.get("language"):
            self.add_error("translation_language", _("The translation is in the language of the texts: choose another one."))
        return data

    def wish(self, *, existing: MaintenanceWindow | None = None) -> Wish | None:
        """What can be planned of what was typed so far; nothing while start, duration or playbook are missing."""
        data = getattr(self, "cleaned_data", {})
        if self.period is None or data.get("playbook") is None:
            return None
        window = self.period.as_plan_window(
            time_zone=data["time_zone"],
            now=self.now,
            heavy_traffic=bool(data.get("heavy_traffic")),
            starts_automatically=bool(data.get("starts_automatically")),
        )
        languages = {data.get("language", ""), data.get("translation_language", "") if data.get("translation_title") else ""}
        return Wish(
            window=window,
            impact=data.get("impact") or Impact.OUTAGE,
            services=list(data.get("services") or ()),
            playbook=data["playbook"],
            languages=frozenset(languages - {""}),
            notes=self.period.notes,
            existing=existing,
        )

    @property
    def draft(self) -> Draft:
        """Of a valid form: what to write."""
        data = self.cleaned_data
        assert self.period is not None
        translation = {name: data[f"translation_{name}"] for name in TEXTS}
        return Draft(
            services=list(data["services"]),
            starts_at=self.period.starts_at,
            ends_at=self.period.ends_at,
            announced_ends_at=self.period.announced_ends_at,
            time_zone=data["time_zone"],
            impact=data["impact"],
            heavy_traffic=data["heavy_traffic"],
            starts_automatically=data["starts_automatically"],
            language=data["language"],
            texts={name: data[name] for name in TEXTS},
            translation_language=data["translation_language"],
            translation=translation if any(translation.values()) else {},
            playbook=data["playbook"],
            owner=data["owner"],
        )


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


def new_window_initial(user: User) -> dict[str, Any]:
    """Proposals for a new window: the planner's own zone and language."""
    others = [code for code, _name in settings.LANGUAGES if code != user.language]
    return {
        "time_zone": user.time_zone,
        "language": user.language,
        "translation_language": others[0] if others else user.language,
        "playbook": Playbook.objects.first(),
        "owner": user,
    }


def draft_initial(campaign: Campaign) -> dict[str, Any]:
    """A draft as it stands, for the fields of WindowForm."""
    window = campaign.window
    others = [code for code, _name in settings.LANGUAGES if code != window.language]
    translation = window.translations.exclude(language=window.language).order_by("pk").first()
    initial = period_initial(window) | {name: getattr(window, name) for name in (*TEXTS, "impact", "language")}
    initial |= {"heavy_traffic": window.heavy_traffic, "starts_automatically": window.starts_automatically}
    initial |= {"services": window.services.all(), "playbook": campaign.playbook, "owner": campaign.owner}
    initial["translation_language"] = translation.language if translation else next(iter(others), window.language)
    return initial | {f"translation_{name}": getattr(translation, name, "") for name in TEXTS}
