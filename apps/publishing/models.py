from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.models import TimestampedModel
from apps.windows.models import Service


class Feed(TimestampedModel):
    """One subscriber's calendar address. Only the hash of its token is kept: the address is shown once."""

    name = models.CharField(_("name"), max_length=100, help_text=_("Who reads it, for example “Operations at Acme”."))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), null=True, blank=True, on_delete=models.CASCADE, related_name="feeds"
    )
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    services = models.ManyToManyField(
        Service, verbose_name=_("services"), blank=True, help_text=_("Only windows of these; none chosen: every window.")
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 in hex; 128 random bits need no salt
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)

    class Meta:
        ordering = ("name", "id")
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        """Whether it answers: not revoked, and not of somebody who has left."""
        return self.revoked_at is None and (self.owner is None or self.owner.is_active)


class FeedEdition(models.Model):
    """What a feed last said, for each service it was asked for: lets an unchanged one be answered without rendering.

    `changed_at` is the feed's Last-Modified. It moves with whatever moves the bytes, also with a window that leaves the
    feed, and never goes back.
    """

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="editions")
    service_slug = models.CharField(max_length=60, blank=True, default="")  # empty: the whole feed
    marker = models.CharField(max_length=64)  # of the rows it was made from; see calendars.py
    etag = models.CharField(max_length=64)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("feed edition")
        verbose_name_plural = _("feed editions")
        constraints = (models.UniqueConstraint(fields=("feed", "service_slug"), name="one_edition_per_feed_and_service"),)

    def __str__(self) -> str:
        return f"{self.feed} {self.service_slug}".strip()
