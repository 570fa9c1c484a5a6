"""What a person can hold back until further notice: the fact, who did it and why."""

from typing import Self, TypeVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

M = TypeVar("M", bound=models.Model, covariant=True)


class PausableQuerySet(models.QuerySet[M]):
    def paused(self) -> Self:
        return self.filter(paused_at__isnull=False)


class Pausable(models.Model):
    """Adds a pause. It is no state: what is planned, moved or cancelled meanwhile need not know of it."""

    paused_at = models.DateTimeField(_("paused at"), null=True, editable=False)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("paused by"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    pause_reason = models.CharField(_("why it is paused"), max_length=200, blank=True, default="", db_default="", editable=False)

    class Meta:
        abstract = True
