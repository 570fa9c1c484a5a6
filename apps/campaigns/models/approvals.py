from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User

from .touchpoints import Campaign


class ApprovalState(models.TextChoices):
    ASKED = "asked", _("Asked for")  # waits for a second person
    APPROVED = "approved", _("Approved")  # holds as long as what was approved stays as it was
    SENT_BACK = "sent_back", _("Sent back")  # a second person wants something changed first
    WITHDRAWN = "withdrawn", _("Withdrawn")  # no longer asked for, or asked for anew
    VOID = "void", _("No longer holds")  # what was approved has been edited since, or was approved anew


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def asked(self) -> Self:
        return self.filter(state=ApprovalState.ASKED)

    def standing(self) -> Self:
        return self.filter(state=ApprovalState.APPROVED)

    def waiting_for(self, user: User) -> Self:
        """Those that name the person, and those that name nobody where the person may approve; never one's own."""
        if not user.has_perm("campaigns.approve_campaign"):
            return self.none()
        return self.asked().filter(Q(approver=user) | Q(approver=None)).exclude(asked_by=user)


class Approval(models.Model):
    """One asking of a second person, and the answer. What was approved is kept item by item, to say later what changed."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="approvals")
    state = models.CharField(_("state"), max_length=10, choices=ApprovalState.choices, default=ApprovalState.ASKED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(_("asked for at"))
    approver = models.ForeignKey(  # None: whoever may approve
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    request_note = models.TextField(blank=True, default="")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decision_note = models.TextField(blank=True, default="")
    digest = models.CharField(max_length=64, blank=True, default="")  # of all that was approved
    items = models.JSONField(default=dict)  # the digest of each part of it, see approval/contents.py

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ("-asked_at", "-id")
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("campaign",), condition=Q(state=ApprovalState.ASKED), name="one_open_approval_per_campaign"
            ),
            models.UniqueConstraint(
                fields=("campaign",), condition=Q(state=ApprovalState.APPROVED), name="one_standing_approval_per_campaign"
            ),
            models.CheckConstraint(
                condition=~Q(state=ApprovalState.APPROVED) | Q(decided_at__isnull=False) & ~Q(digest=""),
                name="approved_says_what_and_when",
            ),
            models.CheckConstraint(
                condition=Q(asked_by__isnull=True) | Q(decided_by__isnull=True) | ~Q(asked_by=models.F("decided_by")),
                name="approval_takes_two",
            ),
        )

    def __str__(self) -> str:
        return f"{self.campaign}: {self.get_state_display()}"

    @property
    def is_open(self) -> bool:
        return self.state == ApprovalState.ASKED

    @property
    def last_at(self) -> datetime:
        return self.decided_at or self.asked_at
