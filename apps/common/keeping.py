"""What is kept when it goes out of use, because what was sent refers to it."""

from typing import Self, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

M = TypeVar("M", bound=models.Model, covariant=True)


class ArchivableQuerySet(models.QuerySet[M]):
    def active(self) -> Self:
        """Whatever is offered where one is to be chosen."""
        return self.filter(archived_at__isnull=True)


class Archivable(models.Model):
    """Adds the archive in place of deleting: an archived row is offered nowhere, and answers for what it was used for."""

    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True
