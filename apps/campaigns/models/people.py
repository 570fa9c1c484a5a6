from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .touchpoints import Campaign


class Part(models.TextChoices):
    RESPONSIBLE = "responsible", _("Responsible")  # does the work
    ACCOUNTABLE = "accountable", _("Accountable")  # answers for it; one at most
    CONSULTED = "consulted", _("Consulted")  # is asked before something is decided
    INFORMED = "informed", _("Informed")  # is told by mail when it is scheduled, called off and over


class Responsibility(models.Model):
    """A person's part in a campaign (RACI)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="responsibilities")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    part = models.CharField(_("part"), max_length=12, choices=Part.choices)

    class Meta:
        ordering = ("part", "user__last_name", "user__username")
        verbose_name = _("responsibility")
        verbose_name_plural = _("responsibilities")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("campaign", "user", "part"), name="one_responsibility_per_person_and_part"),
            models.UniqueConstraint(
                fields=("campaign",), condition=Q(part=Part.ACCOUNTABLE), name="one_accountable_person_per_campaign"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.get_part_display()}"
