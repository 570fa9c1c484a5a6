"""Days on which no work is wanted, whatever it is: the end of the year, a sale, an election."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import TimestampedModel
from apps.common.validators import validate_zone
from apps.common.zones import zone_or_utc

from .closures import Closure, days_between, period_of_days


class BlackoutQuerySet(models.QuerySet["Blackout"]):
    def near(self, starts_at: datetime, ends_at: datetime) -> Self:
        """Those whose days may touch `[starts_at, ends_at)`, seen from whatever zone; `closure` says it exactly."""
        first, last = days_between(starts_at, ends_at)
        return self.filter(first_date__lte=last, last_date__gte=first)


class Blackout(TimestampedModel):
    """From the beginning of the first day to the end of the last one, on the clocks of its zone."""

    name = models.CharField(_("name"), max_length=100, help_text=_("For example: end-of-year freeze."))
    first_date = models.DateField(_("first day"))
    last_date = models.DateField(_("last day"), help_text=_("It belongs to the period."))
    time_zone = models.CharField(
        _("time zone"), max_length=64, validators=[validate_zone], help_text=_("On whose clocks the days begin and end.")
    )
    services = models.ManyToManyField(
        "windows.Service", verbose_name=_("services"), blank=True, related_name="blackouts", help_text=_("None chosen: all.")
    )
    is_strict = models.BooleanField(
        _("strict"), default=False, help_text=_("No window may be scheduled in it. Otherwise it warns, and a planner decides.")
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("entered by"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = BlackoutQuerySet.as_manager()

    class Meta:
        ordering = ("-first_date", "name")
        verbose_name = _("blackout")
        verbose_name_plural = _("blackouts")
        constraints = (
            models.CheckConstraint(
                condition=Q(last_date__gte=F("first_date")),
                name="blackout_ends_after_it_begins",
                violation_error_message=_("The last day is before the first one."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def closure(self) -> Closure:
        """As the rules see it. Needs `services`."""
        starts_at, ends_at = period_of_days(self.first_date, self.last_date, zone_or_utc(self.time_zone))
        return Closure(
            pk=self.pk,
            name=self.name,
            starts_at=starts_at,
            ends_at=ends_at,
            service_ids=frozenset(service.pk for service in self.services.all()),
            is_strict=self.is_strict,
        )
