from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.models import TimestampedModel

from .touchpoints import Touchpoint


class TouchpointText(TimestampedModel):
    """What one touchpoint says in one language, in place of the template: written by hand for this campaign alone."""

    touchpoint = models.ForeignKey(Touchpoint, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("body"))

    class Meta:
        verbose_name = _("text of a touchpoint")
        verbose_name_plural = _("texts of touchpoints")
        constraints = (models.UniqueConstraint(fields=("touchpoint", "language"), name="one_text_per_touchpoint_and_language"),)

    def __str__(self) -> str:
        return f"{self.touchpoint} ({self.language})"
