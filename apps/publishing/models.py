from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.models import TimestampedModel
from apps.windows.models import Service


class FeedQuerySet(models.QuerySet["Feed"]):
    def active(self) -> Self:
        return self.filter(revoked_at__isnull=True)


class Feed(TimestampedModel):
    """One subscriber's calendar address. Only the hash of its token is kept: the address is shown once."""

    name = models.CharField(_("name"), max_length=100, help_text=_("Who reads it, for example “Operations at Acme”."))
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="feeds")
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    services = models.ManyToManyField(Service, blank=True, help_text=_("Only windows of these; none chosen: every window."))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 in hex; 128 random bits need no salt
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)

    objects = FeedQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")

    def __str__(self) -> str:
        return self.name
