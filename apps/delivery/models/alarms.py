from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from apps.campaigns.models import Campaign, Touchpoint
from apps.channels.models import Channel
from apps.windows.models import UNDER_WAY_STATUSES


class AlarmState(models.TextChoices):
    WAITING = "waiting", _("Waiting")  # to be sent, or sent again, from next_at on
    SENDING = "sending", _("Being sent")  # somebody has it in hand, until next_at
    SENT = "sent", _("Sent")  # the provider accepted it
    FAILED = "failed", _("Failed")  # nobody could be reached; `error` says why
    SPARED = "spared", _("Not needed")  # the word was said before the alarm could leave


OPEN_ALARMS = (AlarmState.WAITING, AlarmState.SENDING)


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def due(self, now: datetime) -> Self:
        """Also those whose sender has not come back."""
        return self.filter(state__in=OPEN_ALARMS, next_at__lte=now)

    def unheard(self) -> Self:
        """Of work under way, where people have heard nothing since."""
        said_since = Touchpoint.objects.filter(campaign=OuterRef("campaign"), first_sent_at__gt=OuterRef("silent_since"))
        under_way = self.filter(state=AlarmState.FAILED, campaign__window__status__in=UNDER_WAY_STATUSES)
        return under_way.filter(~Exists(said_since)).order_by("promised_by")


class Alarm(models.Model):
    """Tells the owner of a campaign that a promised word is missing, once for each silence. A row before it is sent."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="alarms")
    silent_since = models.DateTimeField()  # when people last heard something
    promised_by = models.DateTimeField(_("promised by"))
    raised_at = models.DateTimeField(_("raised at"))
    state = models.CharField(_("state"), max_length=8, choices=AlarmState.choices, default=AlarmState.WAITING)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    way = models.CharField(max_length=120, blank=True, default="", db_default="")  # the channel's name
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    sent_at = models.DateTimeField(_("sent at"), null=True)
    error = models.CharField(max_length=300, blank=True, default="", db_default="")

    objects = AlarmQuerySet.as_manager()

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        constraints = (
            models.UniqueConstraint(fields=("campaign", "silent_since"), name="one_alarm_per_silence"),
            models.CheckConstraint(condition=~Q(state="sent") | Q(sent_at__isnull=False), name="sent_alarm_has_a_time"),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(error=""), name="failed_alarm_says_why"),
        )
        indexes = (models.Index(fields=("next_at",), condition=Q(state="waiting") | Q(state="sending"), name="alarm_due"),)

    def __str__(self) -> str:
        return f"{self.campaign}: {self.promised_by:%Y-%m-%d %H:%M} UTC"


class AlarmWay(models.Model):
    """How alarms reach one member of the team; without a row, by e-mail to the account's own address."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alarm_way")
    channel = models.ForeignKey(Channel, verbose_name=_("channel"), on_delete=models.CASCADE, related_name="+")
    address = models.CharField(_("address"), max_length=254, blank=True)  # empty: a place of the channel's own

    class Meta:
        verbose_name = _("way of alarms")
        verbose_name_plural = _("ways of alarms")

    def __str__(self) -> str:
        return f"{self.user}: {self.channel}"
