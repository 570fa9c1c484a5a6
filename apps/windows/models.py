import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.common.models import TimestampedModel
from apps.common.validators import validate_zone

from .blackouts import Blackout as Blackout


class ServiceQuerySet(models.QuerySet["Service"]):
    def active(self) -> Self:
        return self.filter(archived_at__isnull=True)


class Service(TimestampedModel):
    """Something customers depend on and a window may touch, e.g. the checkout or the customer portal."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    description = models.TextField(_("description"), blank=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        verbose_name = _("service")
        verbose_name_plural = _("services")

    def __str__(self) -> str:
        return self.name


class WindowStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")  # being written; nobody outside the team may see it
    SCHEDULED = "scheduled", _("Scheduled")  # promised to recipients
    IN_PROGRESS = "in_progress", _("In progress")  # the work has begun
    VERIFYING = "verifying", _("Verifying")  # the work is done, its effect is being checked
    COMPLETED = "completed", _("Completed")  # a person or a monitor confirmed that it is over
    CANCELLED = "cancelled", pgettext_lazy("window", "Cancelled")  # it will not take place


WINDOW_TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    WindowStatus.DRAFT: (WindowStatus.SCHEDULED, WindowStatus.CANCELLED),
    WindowStatus.SCHEDULED: (WindowStatus.DRAFT, WindowStatus.IN_PROGRESS, WindowStatus.CANCELLED),
    WindowStatus.IN_PROGRESS: (WindowStatus.VERIFYING, WindowStatus.COMPLETED),
    WindowStatus.VERIFYING: (WindowStatus.IN_PROGRESS, WindowStatus.COMPLETED),
    WindowStatus.COMPLETED: (),
    WindowStatus.CANCELLED: (),
}
UNDER_WAY_STATUSES = (WindowStatus.IN_PROGRESS, WindowStatus.VERIFYING)
# Promised and not over.
LIVE_STATUSES = (WindowStatus.SCHEDULED, *UNDER_WAY_STATUSES)
ENDED_STATUSES = (WindowStatus.COMPLETED, WindowStatus.CANCELLED)


class Impact(models.TextChoices):
    """How much the work is felt; the words of the maintnote standard, worst last."""

    NO_IMPACT = "no_impact", _("No impact")
    REDUCED_REDUNDANCY = "reduced_redundancy", _("Reduced redundancy")
    DEGRADED = "degraded", _("Degraded service")
    OUTAGE = "outage", _("Outage")


class WindowQuerySet(models.QuerySet["MaintenanceWindow"]):
    def public(self) -> Self:
        """Windows that recipients may see: every one but drafts, cancelled drafts and samples."""
        return self.exclude(status=WindowStatus.DRAFT).filter(scheduled_at__isnull=False, is_sample=False)

    def live(self) -> Self:
        """Windows still to come or under way."""
        return self.filter(status__in=LIVE_STATUSES)

    def under_way(self) -> Self:
        return self.filter(status__in=UNDER_WAY_STATUSES)

    def upcoming(self, now: datetime) -> Self:
        return self.live().filter(ends_at__gt=now)

    def overlapping(self, starts_at: datetime, ends_at: datetime) -> Self:
        """Live windows sharing at least an instant with `[starts_at, ends_at)`."""
        return self.live().filter(starts_at__lt=ends_at, ends_at__gt=starts_at)

    def due_to_start(self, now: datetime) -> Self:
        """Scheduled windows whose start has come and which need nobody to press a button."""
        return self.filter(status=WindowStatus.SCHEDULED, starts_automatically=True, starts_at__lte=now)

    def overrun(self, now: datetime) -> Self:
        """Windows under way whose planned end has passed without confirmation."""
        return self.under_way().filter(ends_at__lte=now)


def _by_language(name: Any) -> Any:
    """The same in further languages than the window's own."""
    return models.JSONField(name, default=dict, db_default=Value({}, models.JSONField()), blank=True, editable=False)


@dataclass(frozen=True, kw_only=True)
class WindowText:
    """What the window says about itself in one language."""

    language: str
    title: str
    reason: str
    effect: str
    alternatives: str
    outcome: str = ""
    change_reason: str = ""  # of the last change that made false what was announced


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody typed for recipients, and the language that it is really in."""

    language: str
    text: str


class WindowSeries(TimestampedModel):
    """Windows that were made from one by a rule. Each lives by itself from then on: it moves, is cancelled or done alone."""

    rule = models.CharField(_("rule"), max_length=100)  # an RRULE on the wall clock of the zone
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_zone])

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = _("series")

    def __str__(self) -> str:
        return self.rule


class MaintenanceWindow(TimestampedModel):
    """Planned work in the period `[starts_at, ends_at)`, and what is promised about it."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # iCal UID: never changes, names no host
    title = models.CharField(_("title"), max_length=140, help_text=_("What is being done, in words a customer understands."))
    services = models.ManyToManyField(Service, verbose_name=_("services"), related_name="windows")
    impact = models.CharField(_("impact"), max_length=24, choices=Impact.choices, default=Impact.OUTAGE)
    status = models.CharField(
        _("status"), max_length=16, choices=WindowStatus.choices, default=WindowStatus.DRAFT, editable=False
    )

    time_zone = models.CharField(
        _("time zone"), max_length=64, validators=[validate_zone], help_text=_("The zone in which start and end are meant.")
    )
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    announced_ends_at = models.DateTimeField(
        _("announced end, at the latest"),
        help_text=_("Recipients are told a range: the end is between the planned end and this."),
    )
    starts_automatically = models.BooleanField(
        _("starts by itself"),
        default=True,
        help_text=_("At the planned start the window is taken as begun. Switched off, the start notice waits for a person."),
    )

    language = models.CharField(_("language of the texts"), max_length=8, choices=settings.LANGUAGES, default="en")
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why the work is needed."))
    effect = models.TextField(_("effect"), blank=True, help_text=_("What does not work meanwhile, and what still does."))
    alternatives = models.TextField(_("alternatives"), blank=True, help_text=_("What people can do instead meanwhile."))
    heavy_traffic = models.BooleanField(
        _("heavy or real-time traffic"), default=False, help_text=_("Customers get e-mail even when the work is short.")
    )

    revision = models.PositiveIntegerField(default=0, editable=False)  # iCal SEQUENCE
    content_changed_at = models.DateTimeField(editable=False)  # iCal DTSTAMP: when what a reader sees last changed
    scheduled_at = models.DateTimeField(_("scheduled at"), null=True, editable=False)  # when it was first promised
    actual_started_at = models.DateTimeField(_("actual start"), null=True, editable=False)
    actual_ended_at = models.DateTimeField(_("actual end"), null=True, editable=False)
    is_temporary_fix = models.BooleanField(_("temporary fix"), default=False, editable=False)
    outcome = models.TextField(_("outcome"), blank=True, editable=False)  # what was done, said on completion
    outcome_translations = _by_language(_("outcome in other languages"))
    is_sample = models.BooleanField(default=False, db_default=False, editable=False)  # to look at: nobody outside hears of it
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    series = models.ForeignKey(
        WindowSeries, verbose_name=_("series"), null=True, editable=False, on_delete=models.PROTECT, related_name="windows"
    )
    occurs_at = models.DateTimeField(null=True, editable=False)  # where the rule put it; stays when it moves

    objects = WindowQuerySet.as_manager()

    class Meta:
        ordering = ("starts_at", "uid")
        verbose_name = _("maintenance window")
        verbose_name_plural = _("maintenance windows")
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="window_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(announced_ends_at__gte=F("ends_at")), name="window_announced_end_is_not_before_its_end"
            ),
            models.CheckConstraint(
                condition=~Q(status=WindowStatus.COMPLETED) | Q(actual_ended_at__isnull=False),
                name="completed_window_has_an_actual_end",
            ),
            models.UniqueConstraint(fields=("series", "occurs_at"), name="one_window_per_occurrence_of_a_series"),
        )
        indexes = (models.Index(fields=("status", "starts_at"), name="window_by_status_and_start"),)

    def __str__(self) -> str:
        return self.title

    @property
    def duration(self) -> timedelta:
        return self.ends_at - self.starts_at

    def text_in(self, language: str) -> WindowText:
        """The window's own words in `language`; each text not translated falls back to the window's language."""
        translation = next((row for row in self.translations.all() if row.language == language), None)
        fields = ("title", "reason", "effect", "alternatives")
        words = {name: (translation and getattr(translation, name)) or getattr(self, name) for name in fields}
        words["outcome"] = self.outcome_in(language).text
        return WindowText(language=language if translation else self.language, **words)

    def outcome_in(self, language: str) -> Said:
        """As it was typed in `language`, else in the window's own."""
        return self.said_in(language, self.outcome, self.outcome_translations)

    def said_in(self, language: str, text: str, translations: Mapping[str, str]) -> Said:
        translated = translations.get(language, "")
        return Said(language=language if translated else self.language, text=translated or text)


class WindowTranslation(models.Model):
    """A window's words in one further language; an empty one falls back to the window's own."""

    window = models.ForeignKey(MaintenanceWindow, on_delete=models.CASCADE, related_name="translations")
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    title = models.CharField(_("title"), max_length=140, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    effect = models.TextField(_("effect"), blank=True)
    alternatives = models.TextField(_("alternatives"), blank=True)

    class Meta:
        verbose_name = _("translation")
        verbose_name_plural = _("translations")
        constraints = (models.UniqueConstraint(fields=("window", "language"), name="one_translation_per_window_and_language"),)

    def __str__(self) -> str:
        return f"{self.window} ({self.language})"


class RevisionChange(models.TextChoices):
    """What a revision changed; those that move times or cancel make earlier announcements false."""

    SCHEDULED = "scheduled", _("Scheduled")
    RESCHEDULED = "rescheduled", _("Rescheduled")  # start or end moved before the work began
    EXTENDED = "extended", _("Extended")  # the end moved while the work was under way
    STARTED = "started", _("Started")
    VERIFYING = "verifying", _("Verifying")
    RESUMED = "resumed", _("Work resumed")  # verifying found more to do
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", pgettext_lazy("window", "Cancelled")
    WITHDRAWN = "withdrawn", _("Back to draft")  # before anybody was told


class WindowRevision(models.Model):
    """What one revision of a window said, so that each delivery can prove which times it announced."""

    window = models.ForeignKey(MaintenanceWindow, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField(_("number"))
    change = models.CharField(_("change"), max_length=16, choices=RevisionChange.choices)
    status = models.CharField(_("status"), max_length=16, choices=WindowStatus.choices)
    time_zone = models.CharField(_("time zone"), max_length=64)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    announced_ends_at = models.DateTimeField(_("announced end, at the latest"))
    reason = models.TextField(_("reason"), blank=True)  # why it changed, in the words recipients get
    reason_translations = _by_language(_("reason in other languages"))
    changed_at = models.DateTimeField(_("changed at"))
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("window", "number")
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        constraints = (models.UniqueConstraint(fields=("window", "number"), name="one_row_per_window_and_revision"),)

    def __str__(self) -> str:
        return f"{self.window} r{self.number}"

    def reason_in(self, language: str) -> Said:
        """As it was typed in `language`, else in the window's own."""
        return self.window.said_in(language, self.reason, self.reason_translations)
