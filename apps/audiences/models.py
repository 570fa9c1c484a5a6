from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.common.models import TimestampedModel
from apps.common.validators import validate_zone


class ContactQuerySet(models.QuerySet["Contact"]):
    def active(self) -> Self:
        return self.filter(archived_at__isnull=True)


class Contact(TimestampedModel):
    """A person who may be told about windows: a customer or a colleague (`is_internal`)."""

    name = models.CharField(_("name"), max_length=120, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(
        _("phone"), max_length=20, blank=True, help_text=_("In international form, for example +33123456789.")
    )
    organisation = models.CharField(_("organisation"), max_length=120, blank=True, db_index=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, validators=[validate_zone], help_text=_("Empty: the window's zone is used.")
    )
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    is_internal = models.BooleanField(_("internal"), default=False, help_text=_("A colleague, not a customer."))
    attributes = models.JSONField(
        _("attributes"), default=dict, blank=True, help_text=_("Free facts that segments may ask for, such as plan or region.")
    )
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)

    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = (
            models.CheckConstraint(condition=~Q(email="") | ~Q(phone=""), name="contact_has_an_email_or_a_phone"),
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="contact_email_is_unique"),
        )

    def __str__(self) -> str:
        return self.name or self.email or self.phone


class Segment(TimestampedModel):
    """A part of the audience as a saved rule. Count, preview and send all use `contacts()`: one query, one truth."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    description = models.TextField(_("description"), blank=True)
    rule = models.JSONField(_("rule"), default=dict, blank=True)  # shape: audiences/rules.py

    class Meta:
        ordering = ("name",)
        verbose_name = _("segment")
        verbose_name_plural = _("segments")

    def __str__(self) -> str:
        return self.name


class SuppressionReason(models.TextChoices):
    HARD_BOUNCE = "hard_bounce", _("The address does not exist or refuses mail for good")  # stops even mandatory notices
    COMPLAINT = "complaint", _("The recipient reported a message as unwanted")  # mandatory notices still go
    UNSUBSCRIBED = "unsubscribed", _("The recipient unsubscribed")  # mandatory notices still go
    MANUAL = "manual", _("Entered by a member of the team")  # stops even mandatory notices


# Those that no notice may override (reference: RFC 8058 consent for the others).
ABSOLUTE_REASONS = (SuppressionReason.HARD_BOUNCE, SuppressionReason.MANUAL)


class AddressKind(models.TextChoices):
    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")


class Suppression(TimestampedModel):
    """An address not to be used, and why. It speaks of the address, not of the contact, and outlives the contact."""

    kind = models.CharField(_("kind"), max_length=8, choices=AddressKind.choices)
    address = models.CharField(_("address"), max_length=254, help_text=_("E-mail in lower case, or phone in international form."))
    reason = models.CharField(_("reason"), max_length=16, choices=SuppressionReason.choices)
    segment = models.ForeignKey(
        Segment, verbose_name=_("segment"), null=True, blank=True, on_delete=models.CASCADE, help_text=_("Empty: every segment.")
    )
    note = models.CharField(_("note"), max_length=250, blank=True)  # e.g. the provider's words

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "address", "reason"), condition=Q(segment__isnull=True), name="one_general_suppression_per_reason"
            ),
            models.UniqueConstraint(
                fields=("kind", "address", "reason", "segment"),
                condition=Q(segment__isnull=False),
                name="one_segment_suppression_per_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.address} ({self.get_reason_display()})"
