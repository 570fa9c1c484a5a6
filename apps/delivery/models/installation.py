import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class InstallationQuerySet(models.QuerySet["Installation"]):
    def halted(self) -> Self:
        return self.filter(halted_at__isnull=False)


class Installation(models.Model):
    """Where this database lives, and how often its clock has beaten: one row, written first by the first clock.

    What is kept of it outside the database tells one that was merely off from one that was restored (see guard.py).
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.UUIDField(default=uuid.uuid4)  # names what is kept of it outside; a new one with each release
    home = models.CharField(max_length=400)  # where the database was found last; see homes.py
    beats = models.PositiveBigIntegerField(default=0)
    beat_at = models.DateTimeField(null=True)
    halted_at = models.DateTimeField(null=True)
    halt = models.CharField(max_length=12, blank=True, default="")  # why: a policy.Halt

    objects = InstallationQuerySet.as_manager()

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")
        constraints = (
            models.CheckConstraint(condition=Q(pk=1), name="one_installation_per_database"),
            models.CheckConstraint(
                condition=Q(halted_at__isnull=True, halt="") | Q(halted_at__isnull=False) & ~Q(halt=""),
                name="halted_installation_has_a_reason",
            ),
        )

    def __str__(self) -> str:
        return self.home


class Pulse(models.Model):
    """When each part of the engine was last seen alive; the worker's is written by a task that beat sent through Redis."""

    name = models.CharField(max_length=16, unique=True)  # "beat", "worker"; direct.Cause while the clock works itself
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("pulse")
        verbose_name_plural = _("pulses")

    def __str__(self) -> str:
        return self.name
