"""What is kept of an import: the file while it is needed, and how far it has come."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.files import KeptFile

LEASE = timedelta(seconds=60)  # a worker that has not been heard of for so long is gone
MAX_ATTEMPTS = 3  # begun so often without coming a step further, it is the file that is at fault


class ContactFile(KeptFile):
    """Of contacts, between its check and its import. It is personal data: imported or discarded its content goes at once,
    and its errors with the file."""

    plan = models.BinaryField(null=True)  # what the check decided, row by row; see plans.py
    errors = models.BinaryField(null=True)  # the rows at fault with their reasons, as CSV

    class Meta:
        verbose_name = _("contact file")
        verbose_name_plural = _("contact files")


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("Uploaded")  # what its columns mean is to be confirmed
    CHECKING = "checking", _("Being checked")  # waits for its check, or is in it; nothing is written
    CHECKED = "checked", _("Checked")  # its report is to be decided about
    IMPORTING = "importing", _("Being imported")  # waits for its import, or is in it
    IMPORTED = "imported", _("Imported")
    STOPPED = "stopped", _("Broken off")  # it says why, and how far it came; going on is safe


AT_WORK = (ImportState.CHECKING, ImportState.IMPORTING)


class ContactImportQuerySet(models.QuerySet["ContactImport"]):
    def at_work(self) -> Self:
        return self.filter(state__in=AT_WORK)

    def free(self, now: datetime) -> Self:
        """Those that no living worker has in hand."""
        return self.filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now))

    def held(self, job: "ContactImport") -> Self:
        """`job`, as long as its claim stands: whoever writes with it writes nothing once another has taken over."""
        return self.filter(pk=job.pk, claim=job.claim, state=job.state)


class ContactImport(models.Model):
    """One file's way from upload to contacts. The row is the truth of how far it is; a worker only has it on lease."""

    file = models.OneToOneField(ContactFile, null=True, on_delete=models.SET_NULL, related_name="job")
    name = models.CharField(_("file"), max_length=200)
    size = models.PositiveIntegerField(_("bytes"), default=0)
    state = models.CharField(_("state"), max_length=12, choices=ImportState.choices, default=ImportState.UPLOADED)
    started_at = models.DateTimeField(_("uploaded at"))
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("uploaded by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # How it is read; empty: guessed.
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    delimiter = models.CharField(_("delimiter"), max_length=1, blank=True)
    sheet = models.CharField(_("sheet"), max_length=200, blank=True)
    header = models.JSONField(default=list)
    sheets = models.JSONField(default=list)  # of a workbook, to choose from
    samples = models.JSONField(default=list)  # the first rows, shortened
    meanings = models.JSONField(default=list)  # one for each column of the header
    # What the check found. The counts are of rows.
    rows = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    archived = models.PositiveIntegerField(default=0)
    at_fault = models.PositiveIntegerField(default=0)
    first_errors = models.JSONField(default=list)
    problem = models.TextField(blank=True)  # why the file cannot be used, or the import broke off
    checked_at = models.DateTimeField(null=True)  # when the check began: what changed since then it has not seen
    imported_at = models.DateTimeField(null=True)
    # How far it is: of the check rows read, of the import rows of the plan written.
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True)
    added = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)  # of the plan: overtaken by somebody else's change
    # The lease of the worker that has it in hand.
    claim = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    writes = models.BooleanField(null=True)  # true or nothing, so that the constraint lets one through

    objects = ContactImportQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-id")
        verbose_name = _("contact import")
        verbose_name_plural = _("contact imports")
        default_permissions = ()  # those of contacts hold
        constraints = (models.UniqueConstraint(fields=("writes",), name="one_import_writes_at_a_time"),)
        indexes = (models.Index(fields=("id",), condition=Q(state__in=AT_WORK), name="contact_import_at_work"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_at_work(self) -> bool:
        return self.state in AT_WORK

    @property
    def to_write(self) -> int:
        return self.new + self.changed

    def take(self, now: datetime) -> bool:
        """Claims it for one worker; False where another was quicker. Raises IntegrityError while another import writes."""
        claim = uuid.uuid4()
        rows = ContactImport.objects.free(now).filter(pk=self.pk, state=self.state)
        writes = True if self.state == ImportState.IMPORTING else None
        taken = rows.update(claim=claim, leased_until=now + LEASE, writes=writes, attempts=models.F("attempts") + 1)
        self.claim = claim
        return bool(taken)


class ColumnMeaning(models.Model):
    """What a planner last said a column of this name means: a guess for the next file."""

    name = models.CharField(max_length=200, unique=True)  # folded: without case, accents and signs
    meaning = models.CharField(max_length=80, blank=True)  # a field, attributes.<name>, or nothing: passed over
    decided_at = models.DateTimeField()

    class Meta:
        verbose_name = _("meaning of a column")
        verbose_name_plural = _("meanings of columns")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.meaning or '–'}"
