"""What a planner says when changing a campaign: the new times, the reason, the outcome."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.common.zones import zone_or_utc
from apps.windows.models import MaintenanceWindow, WindowStatus
from apps.windows.rules import announced_end, times_fault
from apps.windows.sentences import TIMES_FAULTS

from ..checks.typed import field_in
from ..languages import language_name
from ..models import Campaign
from ..wishes import Wish, campaign_wish
from .fields import date_field, time_field
from .periods import PeriodForm, TimedForm, instant_of, period_initial

FIX = "fix"


class VerbForm(TimedForm):
    """Asks for nothing but the decision itself; `seen` holds the state of the window that the planner looked at."""

    seen = forms.CharField(widget=forms.HiddenInput)
    said = ""  # the field with what recipients read as it stands; it is asked for in each language

    def __init__(self, *args: Any, window: MaintenanceWindow, now: datetime, **kwargs: Any) -> None:
        self.window, self.now = window, now
        super().__init__(*args, now=now, initial=self.first_values() | {"seen": seen_of(window)}, **kwargs)
        self.further = further_fields(self, self.said, window) if self.said and window.status != WindowStatus.DRAFT else {}

    @property
    def translations(self) -> dict[str, str]:
        """What was typed in further languages; of a valid form."""
        return {language: self.cleaned_data.get(name, "") for language, name in self.further.items()}

    @property
    def trailing(self) -> list[forms.BoundField]:
        """What is asked for below the times."""
        return [self[name] for name in (FIX, self.said, *self.further.values()) if name in self.fields]

    def first_values(self) -> dict[str, Any]:
        return {}

    @property
    def is_foreseeable(self) -> bool:
        """Whether enough is known to say what would follow; a missing reason does not matter for that."""
        return True


def reason_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Those who are told read this sentence as it stands."),
        error_messages={"required": gettext_lazy("Give the reason: those who are told will ask for it.")},
    )


def further_fields(form: forms.Form, name: str, window: MaintenanceWindow) -> dict[str, str]:
    """Asks for what `name` asks for in the other languages, too; their names by language. None of them has to be filled in."""
    own, further = form.fields[name], {}
    first = own.label
    for language, _name in settings.LANGUAGES:
        if language == window.language:
            continue
        words = {"field": first, "language": language_name(language), "own": language_name(window.language)}
        further[language] = field_in(name, language)
        form.fields[further[language]] = forms.CharField(
            label=_("%(field)s, in %(language)s") % words,
            required=False,
            widget=forms.Textarea(attrs={"rows": 3, "lang": language}),
            help_text=_("For those who read %(language)s. Left empty, they read it in %(own)s.") % words,
        )
    own.label = _("%(field)s, in %(language)s") % {"field": first, "language": language_name(window.language)}
    own.widget.attrs["lang"] = window.language
    return further


class ReasonForm(VerbForm):
    """A draft may go without a reason: nobody has heard of it."""

    said = "reason"
    reason = reason_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.window.status == WindowStatus.DRAFT:
            self.fields["reason"].required = False
            self.fields["reason"].help_text = _("Nobody has heard of the draft; a reason is kept for the team.")


class RescheduleForm(VerbForm, PeriodForm):
    """New times before the work begins, in the zone of the window."""

    field_order = ("start_date", "start_time", "duration", "announced_date", "announced_time", "reason")

    time_zone = None  # type: ignore[assignment]  # the window keeps its own
    said = "reason"
    reason = reason_field()

    def first_values(self) -> dict[str, Any]:
        return period_initial(self.window)

    def zone_name(self) -> str:
        return self.window.time_zone

    @property
    def is_foreseeable(self) -> bool:
        return self.period is not None

    def wish(self, campaign: Campaign) -> Wish | None:
        """The campaign at the times that were typed; nothing while they make no sense."""
        if self.period is None:
            return None
        window = self.period.as_plan_window(
            time_zone=self.window.time_zone,
            now=self.now,
            heavy_traffic=self.window.heavy_traffic,
            starts_automatically=self.window.starts_automatically,
        )
        return replace(campaign_wish(campaign, now=self.now), window=window)


def _round_up(moment: datetime, *, minutes: int) -> datetime:
    """The first whole multiple of so many minutes of the hour that is not before `moment`."""
    begun = moment.replace(second=0, microsecond=0)
    begun += timedelta(minutes=begun < moment)
    return begun + timedelta(minutes=-begun.minute % minutes)


class ExtendForm(VerbForm):
    """Another end for work that is under way."""

    end_date = date_field(label=gettext_lazy("New end: date"))
    end_time = time_field(label=gettext_lazy("New end: time"))
    announced_date = date_field(label=gettext_lazy("Announced end: date"), required=False)
    announced_time = time_field(label=gettext_lazy("Announced end: time"), required=False)
    said = "reason"
    reason = reason_field()

    ends_at: datetime | None = None
    announced_ends_at: datetime | None = None

    def __init__(self, *args: Any, by: timedelta | None = None, **kwargs: Any) -> None:
        self.by = by
        super().__init__(*args, **kwargs)

    def first_values(self) -> dict[str, Any]:
        """At least so much more as was asked for, to five minutes; else an hour, on the half hour."""
        end = max(self.window.ends_at, self.now) + (self.by or timedelta(hours=1))
        end = _round_up(end.astimezone(zone_or_utc(self.window.time_zone)), minutes=30 if self.by is None else 5)
        return {"end_date": end.date(), "end_time": end.time()}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("announced_date")) != bool(data.get("announced_time")):
            raise ValidationError(_("Give the date and the time of the announced end, or neither."))
        if data.get("end_date") is None or data.get("end_time") is None:
            return data
        ends_at = instant_of(data["end_date"], data["end_time"], self.window.time_zone)
        announced = None
        if data.get("announced_date"):
            announced = instant_of(data["announced_date"], data["announced_time"], self.window.time_zone)
        fault = times_fault(starts_at=self.window.starts_at, ends_at=ends_at, announced_ends_at=announced, now=self.now)
        if fault:
            self.add_error("end_date", str(TIMES_FAULTS[fault]))
            return data
        begun = max(self.now, self.window.starts_at)
        self.ends_at, self.announced_ends_at = ends_at, announced or announced_end(begun, ends_at)
        return data

    @property
    def is_foreseeable(self) -> bool:
        return self.ends_at is not None


class CompleteForm(VerbForm):
    """Is it over for good, and what was done: both are said in the notice of completion."""

    PERMANENT, TEMPORARY = "permanent", "temporary"
    said = "outcome"
    fix = forms.ChoiceField(
        label=gettext_lazy("Is this the end of it?"),
        widget=forms.RadioSelect,
        choices=(
            (PERMANENT, gettext_lazy("Yes, the work is done for good.")),
            (TEMPORARY, gettext_lazy("No, it is a temporary fix: the notice says that a further window will follow.")),
        ),
        error_messages={"required": gettext_lazy("Say whether the work is done for good.")},
    )
    outcome = forms.CharField(
        label=gettext_lazy("Outcome"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("What was done and what has changed; recipients read it in the notice of completion."),
    )


def seen_of(window: MaintenanceWindow) -> str:
    """A mark of the window as it stands: it changes with whatever a recipient or a planner would see change."""
    plan_changed_at = getattr(getattr(window, "campaign", None), "plan_changed_at", None)
    parts = (str(window.revision), window.content_changed_at.isoformat(), plan_changed_at.isoformat() if plan_changed_at else "")
    return "/".join(part for part in parts if part)
