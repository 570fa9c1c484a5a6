from typing import Self, cast

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import TimestampedModel
from apps.common.sealing import unseal


class ChannelKind(models.TextChoices):
    EMAIL = "email", _("E-mail")  # one message per contact, through any Django e-mail backend
    SMS = "sms", _("SMS")  # one message per contact, Twilio-compatible REST
    CHAT = "chat", _("Team chat")  # one post per touchpoint, Slack-compatible incoming webhook
    WEBHOOK = "webhook", _("Signed webhook")  # one call per touchpoint, Standard Webhooks
    MEMORY = "memory", _("Memory (tests and previews)")  # one message per contact, kept in the process


# The kinds that speak to a place rather than to each contact: one delivery without a contact per touchpoint.
BROADCAST_KINDS = (ChannelKind.CHAT, ChannelKind.WEBHOOK)


class ChannelQuerySet(models.QuerySet["Channel"]):
    def enabled(self) -> Self:
        return self.filter(is_enabled=True)


class Channel(TimestampedModel):
    """A configured way to reach people; the code that does it is the transport of its kind."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=ChannelKind.choices)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    config = models.JSONField(_("configuration"), default=dict, blank=True)  # nothing secret
    sealed_secrets = models.TextField(blank=True, editable=False)  # see `secrets`

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints = (models.CheckConstraint(condition=~Q(slug=""), name="channel_has_a_slug"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_broadcast(self) -> bool:
        return self.kind in BROADCAST_KINDS

    @property
    def secrets(self) -> dict[str, str]:
        """Tokens and passwords in the clear, for the transport alone; raises Unsealable after a lost SECRET_KEY."""
        return cast(dict[str, str], unseal(self.sealed_secrets))
