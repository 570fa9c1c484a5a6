"""Uploaded files that wait for a person's word, between their check and their taking in."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

KEPT_FOR = timedelta(days=1)


class KeptFile(models.Model):
    """Forgotten at the first upload after `KEPT_FOR`."""

    name = models.CharField(_("name"), max_length=200)
    content = models.BinaryField()
    uploaded_at = models.DateTimeField(_("uploaded at"))
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


File = TypeVar("File", bound=KeptFile)


@transaction.atomic
def keep(kind: type[File], file: "UploadedFile[Any]", *, actor: Any, now: datetime) -> File:
    """Holds an uploaded file until it is decided about; those that nobody decided about are thrown away on the way."""
    rows = kind._default_manager
    rows.filter(uploaded_at__lt=now - KEPT_FOR).delete()
    return rows.create(name=(file.name or "")[-200:], content=file.read(), uploaded_at=now, uploaded_by=actor)
