from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.audiences.models import Segment
from apps.common.models import TimestampedModel
from apps.windows.models import Service

# Before the start, in minutes. Whatever else a diary offers, its reader can set there.
REMINDERS = {
    15: _("15 minutes before the start"),
    60: _("1 hour before the start"),
    24 * 60: _("1 day before the start"),
    7 * 24 * 60: _("1 week before the start"),
}


class Detail(models.TextChoices):
    """How much an entry says; each says what the one before it says, and more."""

    PUBLIC = "public", _("Public: title, times, status, impact")
    CUSTOMER = "customer", _("Customer: also effect, reason, alternatives and outcome")
    INTERNAL = "internal", _("Internal: also who runs it and where the team looks")  # only while its owner is a colleague


def validate_reminders(minutes: object) -> None:
    if not isinstance(minutes, list) or not set(minutes) <= set(REMINDERS):
        raise ValidationError(_("Choose reminders from the list."), code="unknown_reminder")


class Feed(TimestampedModel):
    """One subscriber's address. Only the hash of its token is kept: the address is shown once."""

    name = models.CharField(_("name"), max_length=100, help_text=_("Who reads it, for example “Operations at Acme”."))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="feeds",
        help_text=_("The colleague whose feed this is; it stops answering when they leave. Empty for customers."),
    )
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    services = models.ManyToManyField(
        Service, verbose_name=_("services"), blank=True, help_text=_("Only windows of these; none chosen: every window.")
    )
    segments = models.ManyToManyField(
        Segment,
        verbose_name=_("segments"),
        blank=True,
        help_text=_("Only windows whose plan tells one of these segments; none chosen: every window."),
    )
    detail = models.CharField(
        _("detail"), max_length=8, choices=Detail.choices, default=Detail.CUSTOMER, db_default=Detail.CUSTOMER
    )
    reminders = models.JSONField(
        _("reminders"),
        default=list,
        db_default=models.Value([], models.JSONField()),
        blank=True,
        validators=[validate_reminders],
        help_text=_("Only where the subscriber asked for them. Many calendars leave them out of subscriptions."),
    )
    has_meetings = models.BooleanField(
        _("with meetings"),
        default=False,
        db_default=False,
        help_text=_("Planning, check-ins while the work runs and retrospective of each window. Internal feeds only."),
    )
    has_touchpoints = models.BooleanField(
        _("with touchpoints"),
        default=False,
        db_default=False,
        help_text=_("When which message leaves to whom. Internal feeds only."),
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 in hex; 128 random bits need no salt
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last fetched at"), null=True, editable=False)
    last_client = models.CharField(_("last fetched by"), max_length=40, blank=True, default="", db_default="", editable=False)

    class Meta:
        ordering = ("name", "id")
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        constraints = (
            models.CheckConstraint(
                condition=~Q(detail=Detail.INTERNAL) | Q(owner__isnull=False),
                name="internal_feed_has_an_owner",
                violation_error_message=_("An internal feed needs an owner, with whom it ends."),
            ),
            models.CheckConstraint(
                condition=Q(detail=Detail.INTERNAL) | Q(has_meetings=False, has_touchpoints=False),
                name="only_internal_feeds_hold_the_teams_own_work",
                violation_error_message=_("Meetings and touchpoints are for internal feeds only."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        """Whether it answers: not revoked, not of somebody who has left, and internal only for somebody of the team."""
        if self.revoked_at is not None or (self.owner is not None and not self.owner.is_active):
            return False
        return not self.is_internal or (self.owner is not None and self.owner.is_staff)

    @property
    def is_internal(self) -> bool:
        return self.detail == Detail.INTERNAL

    @property
    def reminds_before(self) -> list[timedelta]:
        return [timedelta(minutes=minutes) for minutes in sorted(self.reminders, reverse=True)]


class FeedEdition(models.Model):
    """What a feed last said in a format, for each service it was asked for: lets an unchanged one be answered without rendering.

    `changed_at` is the feed's Last-Modified. It moves with whatever moves the bytes, also with a window that leaves the
    feed, and never goes back.
    """

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="editions")
    format = models.CharField(max_length=16, default="calendar", db_default="calendar")  # the name of a formats.Format
    service_slug = models.CharField(max_length=60, blank=True, default="")  # empty: the whole feed
    marker = models.CharField(max_length=64)  # of the rows it was made from; see markers.py
    etag = models.CharField(max_length=64)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("feed edition")
        verbose_name_plural = _("feed editions")
        constraints = (
            models.UniqueConstraint(fields=("feed", "format", "service_slug"), name="one_edition_per_feed_format_and_service"),
        )

    def __str__(self) -> str:
        return f"{self.feed} {self.format} {self.service_slug}".strip()
