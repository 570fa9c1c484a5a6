from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from apps.campaigns.models import OPEN_STATES, Reason, Touchpoint, TouchpointState
from apps.campaigns.plans import MOVES
from apps.windows.models import RevisionChange, WindowRevision

# After these nobody is told any more what was planned before.
OVERTAKING = (*MOVES, RevisionChange.CANCELLED, RevisionChange.COMPLETED)
# What an older worker says of one that it closes while it is of use; any other reason is a person's.
CLOSED_TOO_EARLY = ("", Reason.NOT_SENT_IN_TIME)


class ExpansionQuerySet(models.QuerySet["Expansion"]):
    def unfinished(self) -> Self:
        """Of some people of their touchpoint nothing is written yet, and perhaps never will be."""
        return self.filter(reached__isnull=False)

    def under_way(self) -> Self:
        """Their touchpoint is open as it was: nobody knows yet how many people it has."""
        going = self.unfinished().filter(skipped_at__isnull=True)
        return going.filter(touchpoint__state__in=OPEN_STATES, touchpoint__revision=F("revision"))

    def to_finish(self, now: datetime) -> Self:
        """Those that are to go on: their touchpoint is open, as it was, and of use, and nobody skipped their rest.

        One that counts as sent is among them: a worker of an older version, which knows of no portions, has closed it. No
        plan made anew touches what is sent, so that whether it still holds is asked here.
        """
        overtaken = WindowRevision.objects.filter(
            window__campaign=OuterRef("touchpoint__campaign"), number__gt=OuterRef("revision"), change__in=OVERTAKING
        )
        is_closed = Q(~Exists(overtaken), touchpoint__state=TouchpointState.SENT, touchpoint__reason__in=CLOSED_TOO_EARLY)
        is_wanted = Q(touchpoint__revision=F("revision"), touchpoint__useful_until__gt=now, skipped_at__isnull=True)
        return self.unfinished().filter(Q(touchpoint__state__in=OPEN_STATES) | is_closed, is_wanted)


class Expansion(models.Model):
    """The proof of one expansion: how many people a touchpoint had when its deliveries were written."""

    touchpoint = models.ForeignKey(Touchpoint, on_delete=models.PROTECT, related_name="expansions")
    revision = models.PositiveIntegerField()
    recipients = models.PositiveIntegerField()  # so many deliveries there must be, whatever became of them
    reached = models.BigIntegerField(null=True)  # the contact as far as which it has come; None: all are written
    skipped_at = models.DateTimeField(null=True)  # when a person decided that those behind that contact are not told
    written_at = models.DateTimeField()  # the last portion of it; to come: until then nobody goes on, see mending.py

    objects = ExpansionQuerySet.as_manager()

    class Meta:
        verbose_name = _("expansion")
        verbose_name_plural = _("expansions")
        constraints = (
            models.UniqueConstraint(fields=("touchpoint", "revision"), name="one_expansion_per_touchpoint_and_revision"),
        )
        indexes = (models.Index(fields=("touchpoint",), condition=Q(reached__isnull=False), name="expansion_unfinished"),)

    def __str__(self) -> str:
        return f"{self.touchpoint} r{self.revision}"
