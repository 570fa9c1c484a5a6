import uuid
from collections.abc import Mapping
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.audiences.models import Contact
from apps.campaigns.models import Touchpoint

from ..policy import DeliveryReason
from .batches import Batch


class DeliveryState(models.TextChoices):
    PENDING = "pending", _("Waiting")  # to be sent by its batch
    SENT = "sent", _("Sent")  # the provider accepted it
    FAILED = "failed", _("Failed")  # refused for good, or attempts used up
    IN_DOUBT = "in_doubt", _("In doubt")  # handed over, no answer read: it may have arrived
    UNKNOWN = "unknown", _("Unknown")  # in doubt for good: no evidence came in time
    SUPPRESSED = "suppressed", _("Left out")  # no address, or one not to be used
    EXPIRED = "expired", _("Too late")  # its use was over before it could leave
    SUPERSEDED = "superseded", _("Superseded")  # the window changed before it left
    CANCELLED = "cancelled", _("Cancelled")  # called off before it left: its window was cancelled, or a person skipped it


DELIVERY_TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    DeliveryState.PENDING: ("sent", "failed", "in_doubt", "suppressed", "expired", "superseded", "cancelled"),
    DeliveryState.IN_DOUBT: ("pending", "sent", "failed", "unknown"),  # pending: repeated with the same key
    DeliveryState.UNKNOWN: ("sent", "failed"),  # late evidence
    DeliveryState.SENT: ("failed",),  # a bounce is evidence that the acceptance came to nothing
    DeliveryState.FAILED: ("pending",),  # a person tries again while it is of use
    DeliveryState.SUPPRESSED: (),
    DeliveryState.EXPIRED: (),
    DeliveryState.SUPERSEDED: (),
    DeliveryState.CANCELLED: (),
}
# The recipient has read this, or may have.
TOLD_STATES = (DeliveryState.SENT, DeliveryState.IN_DOUBT, DeliveryState.UNKNOWN)
UNSETTLED_STATES = (DeliveryState.PENDING, DeliveryState.IN_DOUBT)
_DOUBTED = Q(reason=DeliveryReason.NO_ANSWER) | Q(reason=DeliveryReason.WORKER_LOST)  # spelt as its index is


class Invitation(models.TextChoices):
    """The calendar part of an e-mail, decided when the delivery is written; each value is its METHOD in small letters."""

    NONE = "", "–"
    REQUEST = "request", _("Invitation")  # the window, or its new times for those who hold an earlier one
    CANCEL = "cancel", _("Cancellation")  # takes the window out of the calendars of those who hold an invitation


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def unsettled(self) -> Self:
        return self.filter(state__in=UNSETTLED_STATES)

    def with_a_reason(self) -> Self:
        """All but what waits or left without further ado: few rows, and their own index."""
        return self.filter(~Q(reason=""))

    def in_doubt(self) -> Self:
        return self.filter(_DOUBTED, state=DeliveryState.IN_DOUBT)

    def told(self) -> Self:
        """Those who have read it, or may have: also those to whom it is about to be repeated for want of an answer."""
        repeated = Q(state=DeliveryState.PENDING, sent_at__isnull=False)
        return self.filter(Q(state__in=TOLD_STATES) | repeated)

    def invited(self) -> Self:
        """Their e-mail carries an invitation. Said twice, as the index spells it."""
        return self.filter(~Q(invitation=Invitation.NONE), invitation=Invitation.REQUEST)

    def told_or_waiting(self) -> Self:
        return self.filter(state__in=(*TOLD_STATES, DeliveryState.PENDING))


class Delivery(models.Model):
    """A touchpoint to one recipient: what *we* did. What the world answered is `tracking.Event`."""

    # Foreign keys whose index another one begins with have none of their own: 100,000 rows are written at once.
    touchpoint = models.ForeignKey(
        Touchpoint, verbose_name=_("touchpoint"), on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    revision = models.PositiveIntegerField(_("revision"))  # of the window: which times it announces
    contact = models.ForeignKey(
        Contact, verbose_name=_("contact"), null=True, on_delete=models.PROTECT, related_name="deliveries"
    )  # None: broadcast
    batch = models.ForeignKey(
        Batch, verbose_name=_("batch"), null=True, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    address = models.CharField(_("address"), max_length=254, blank=True)
    token = models.UUIDField(unique=True, default=uuid.uuid4)  # 122 random bits: names it outside (links, Message-ID)
    state = models.CharField(_("state"), max_length=12, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")  # code; see policy.DeliveryReason
    invitation = models.CharField(
        _("calendar"), max_length=8, choices=Invitation.choices, blank=True, default=Invitation.NONE, db_default=""
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    provider_id = models.CharField(_("provider's name for it"), max_length=128, blank=True, default="")
    composed_at = models.DateTimeField(_("composed at"), null=True)  # Date of the message: the same for every attempt
    sent_at = models.DateTimeField(_("sent at"), null=True)  # when it was handed over; in doubt: when it may have been
    settled_at = models.DateTimeField(_("settled at"), null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = (
            # Without a condition, so that it also finds the deliveries of a touchpoint. A broadcast, of nobody, equals no other.
            models.UniqueConstraint(
                "touchpoint", "revision", "contact", name="one_delivery_per_contact_of_a_touchpoint_and_revision"
            ),
            models.UniqueConstraint(
                fields=("touchpoint", "revision"),
                condition=Q(contact__isnull=True),
                name="one_broadcast_per_touchpoint_and_revision",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("sent", "in_doubt", "unknown")) | Q(sent_at__isnull=False),
                name="told_delivery_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="pending") | Q(batch__isnull=False), name="delivery_that_waits_has_a_batch"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("pending", "sent")) | ~Q(reason=""), name="delivery_that_was_not_sent_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state="in_doubt") | Q(reason__in=("no_answer", "worker_lost")), name="delivery_in_doubt_says_why"
            ),
        )
        # None names a column that changes in a good life, neither as a key nor in its condition: so settling touches no
        # index at all (PostgreSQL: a heap-only update). What is rare has a reason, and is found by that.
        indexes = (
            models.Index(fields=("batch",), name="delivery_by_batch"),
            models.Index(fields=("touchpoint", "reason"), condition=~Q(reason=""), name="delivery_with_a_reason"),
            models.Index(
                fields=("touchpoint",), condition=Q(reason="no_answer") | Q(reason="worker_lost"), name="delivery_doubted"
            ),
            models.Index(
                "touchpoint", Lower("address"), condition=~Q(invitation=""), name="delivery_with_an_invitation"
            ),  # for replies, which name their sender
            models.Index(fields=("provider_id",), condition=~Q(provider_id=""), name="delivery_by_provider_id"),
        )

    def __str__(self) -> str:
        return self.address or f"#{self.pk}"


class DoubtfulDelivery(Delivery):
    """A delivery in doubt, for the page that lists these alone."""

    class Meta:
        proxy = True
        default_permissions = ()  # those of deliveries hold
        verbose_name = _("delivery in doubt")
        verbose_name_plural = _("deliveries in doubt")


class Attempt(models.Model):
    """One hand-over that did not end in a plain acceptance: what the provider said, for the delivery log."""

    delivery = models.ForeignKey(Delivery, verbose_name=_("delivery"), on_delete=models.CASCADE, related_name="attempt_log")
    number = models.PositiveSmallIntegerField(_("number"))
    at = models.DateTimeField(_("at"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=DeliveryState.choices)  # pending: it will be tried again
    phase = models.CharField(_("phase"), max_length=8)
    code = models.CharField(_("code"), max_length=16, blank=True)
    text = models.CharField(_("text"), max_length=500, blank=True)
    # The text without what differs from message to message; empty: written by a version that kept none
    gist = models.CharField(max_length=160, blank=True, default="", db_default="")

    class Meta:
        ordering = ("delivery", "number")
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return f"{self.delivery} #{self.number}"


class LookUpAnswer(models.TextChoices):
    ACCEPTED = "accepted", _("The provider took it")
    FAILED = "failed", _("The provider gave it up")
    NOT_FOUND = "not_found", _("The provider knows of no such message")
    UNSAID = "unsaid", _("The provider did not say")


class LookUp(models.Model):
    """What the provider last said of a delivery in doubt when it was asked; evidence, kept for people to see."""

    delivery = models.OneToOneField(Delivery, verbose_name=_("delivery"), on_delete=models.CASCADE, related_name="look_up")
    at = models.DateTimeField(_("at"))
    times = models.PositiveSmallIntegerField(_("times asked"), default=1)
    answer = models.CharField(_("answer"), max_length=12, choices=LookUpAnswer.choices)
    text = models.CharField(_("text"), max_length=200, blank=True, default="")
    next_at = models.DateTimeField()  # not asked again before

    class Meta:
        verbose_name = _("look-up")
        verbose_name_plural = _("look-ups")
        indexes = (models.Index(fields=("answer", "at"), name="look_up_of_the_silent"),)

    def __str__(self) -> str:
        return f"{self.delivery}: {self.answer}"


class Link(models.Model):
    """The target of one numbered link in the messages of a touchpoint; a click names it and never carries an address."""

    touchpoint = models.ForeignKey(Touchpoint, on_delete=models.CASCADE, related_name="links")
    number = models.PositiveSmallIntegerField()
    url = models.URLField(max_length=1000)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = (
            models.UniqueConstraint(fields=("touchpoint", "number"), name="one_link_per_touchpoint_and_number"),
            models.UniqueConstraint(fields=("touchpoint", "url"), name="one_link_per_touchpoint_and_url"),
        )

    def __str__(self) -> str:
        return self.url
