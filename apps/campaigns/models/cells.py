from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from apps.audiences.models import Segment
from apps.channels.models import Channel

from .touchpoints import Campaign


class HandMadeCellQuerySet(models.QuerySet["HandMadeCell"]):
    def switched_on_for_touchpoint(self) -> Self:
        """Inside a query of touchpoints: the cell by which a person added the touchpoint of that row."""
        segment = Coalesce(OuterRef("segment_id"), 0)
        cell = {"campaign": OuterRef("campaign_id"), "step_key": OuterRef("step_key"), "channel": OuterRef("channel_id")}
        return self.filter(is_on=True, **cell).annotate(segment_or_none=Coalesce("segment_id", 0)).filter(segment_or_none=segment)


class HandMadeCell(models.Model):
    """What a planner decided about one cell of a campaign's plan, whatever its playbook says."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="hand_made_cells")
    step_key = models.SlugField(max_length=40)
    segment = models.ForeignKey(Segment, null=True, on_delete=models.PROTECT, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    is_on = models.BooleanField(null=True)  # None: as the playbook says; only the owner is another one
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField()  # switched on after the release, an announcement is due from here on

    objects = HandMadeCellQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        verbose_name = _("hand-made cell")
        verbose_name_plural = _("hand-made cells")
        constraints = (
            models.UniqueConstraint(
                fields=("campaign", "step_key", "segment", "channel"),
                condition=Q(segment__isnull=False),
                name="one_hand_made_cell_per_moment_segment_and_channel",
            ),
            models.UniqueConstraint(
                fields=("campaign", "step_key", "channel"),
                condition=Q(segment__isnull=True),
                name="one_hand_made_cell_per_moment_and_broadcast",
            ),
        )

    def __str__(self) -> str:
        return f"{self.step_key} → {self.segment or self.channel}"
