from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.campaigns.models import Touchpoint


class Edition(models.Model):
    """What the messages of a touchpoint said, by value. A batch names the one it left with; an edited text makes another."""

    touchpoint = models.ForeignKey(Touchpoint, on_delete=models.PROTECT, related_name="editions")
    digest = models.CharField(max_length=64)
    content = models.JSONField()  # shape: campaigns/content/kept.py
    first_used_at = models.DateTimeField(_("first used at"))

    class Meta:
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        constraints = (models.UniqueConstraint(fields=("touchpoint", "digest"), name="one_edition_per_touchpoint_and_digest"),)

    def __str__(self) -> str:
        return f"{self.touchpoint} {self.digest[:8]}"
