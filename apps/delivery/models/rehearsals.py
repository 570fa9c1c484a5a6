from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.audiences.models import Contact, Segment
from apps.campaigns.models import Audience, Campaign, Urgency
from apps.channels.models import Channel, ChannelKind

from .circuits import Circuit
from .installation import Installation


class RehearsalState(models.TextChoices):
    RUNNING = "running", pgettext_lazy("rehearsal", "Running")  # some of its messages are still to leave
    FINISHED = "finished", pgettext_lazy("rehearsal", "Finished")  # each of them has come to its end
    STOPPED = "stopped", pgettext_lazy("rehearsal", "Stopped")  # its planner stopped it before


REHEARSAL_TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    RehearsalState.RUNNING: (RehearsalState.FINISHED, RehearsalState.STOPPED),
    RehearsalState.FINISHED: (),
    RehearsalState.STOPPED: (),
}


class Rehearsal(models.Model):
    """A campaign's whole plan on a compressed clock, to one planner; the campaign itself does not know of it."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="rehearsals")
    planner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(_("e-mail"))  # of the planner, when it began
    phone = models.CharField(_("phone"), max_length=20, blank=True)  # empty: what would be an SMS comes by mail
    lasts = models.DurationField(_("lasts"))
    plan_digest = models.CharField(max_length=64)  # of plan, times and texts; differs: they have changed since
    state = models.CharField(_("state"), max_length=8, choices=RehearsalState.choices, default=RehearsalState.RUNNING)
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        ordering = ("-started_at", "-id")
        verbose_name = _("rehearsal")
        verbose_name_plural = _("rehearsals")
        constraints = (
            models.UniqueConstraint(
                fields=("campaign", "planner"), condition=Q(state="running"), name="one_rehearsal_at_a_time_per_planner"
            ),
            models.CheckConstraint(
                condition=Q(state="running", ended_at__isnull=True) | ~Q(state="running") & Q(ended_at__isnull=False),
                name="rehearsal_that_is_over_says_since_when",
            ),
        )

    def __str__(self) -> str:
        return f"{self.campaign} ({self.started_at:%Y-%m-%d %H:%M})"

    @property
    def is_running(self) -> bool:
        return self.state == RehearsalState.RUNNING


class RehearsedState(models.TextChoices):
    WAITING = "waiting", _("Waiting")  # leaves at due_at
    SENDING = "sending", pgettext_lazy("touchpoint", "Sending")  # durably marked: it may have been handed over
    SENT = "sent", _("Sent")  # the provider accepted it
    FAILED = "failed", _("Failed")  # refused, or its text could not be written
    IN_DOUBT = "in_doubt", _("In doubt")  # handed over, no answer read; it never goes again
    EXPIRED = "expired", _("Too late")  # something kept it for longer than anybody watches
    STOPPED = "stopped", pgettext_lazy("rehearsal", "Stopped")  # its rehearsal was, before it left
    LEFT_OUT = "left_out", _("Left out")  # the plan itself leaves it out, with its reason


REHEARSED_TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    RehearsedState.WAITING: ("sending", "failed", "expired", "stopped"),
    RehearsedState.SENDING: ("waiting", "sent", "failed", "in_doubt"),
    RehearsedState.IN_DOUBT: ("sent", "failed"),  # its worker was slow and not dead
    RehearsedState.SENT: (),
    RehearsedState.FAILED: (),
    RehearsedState.EXPIRED: (),
    RehearsedState.STOPPED: (),
    RehearsedState.LEFT_OUT: (),
}
STILL_TO_BE_REHEARSED = (RehearsedState.WAITING, RehearsedState.SENDING)


class Assumed(models.TextChoices):
    """What a message says as if it had come to pass, since the rehearsal cannot wait for it."""

    NOTHING = "", ""
    START = "start", _("As if the work had begun as planned.")
    COMPLETION = "completion", _("As if the completion had been confirmed at the planned end.")
    UNCONFIRMED = "unconfirmed", _("As if nobody had confirmed the completion by then.")


class RehearsalMessageQuerySet(models.QuerySet["RehearsalMessage"]):
    def due(self, now: datetime) -> Self:
        """To leave now, of rehearsals that have nothing in hand; a channel that is off, paused or away keeps its own back."""
        in_hand = RehearsalMessage.objects.filter(rehearsal=OuterRef("rehearsal"), state=RehearsedState.SENDING)
        rows = self.filter(
            ~Exists(in_hand),
            ~Exists(Installation.objects.halted()),
            state=RehearsedState.WAITING,
            due_at__lte=now,
            leaves_by__is_enabled=True,
            leaves_by__paused_at__isnull=True,
        )
        return rows.exclude(leaves_by__in=Circuit.objects.holding(now)).order_by("due_at", "position")

    def unfinished(self) -> Self:
        return self.filter(state__in=STILL_TO_BE_REHEARSED)

    def leaving(self) -> Self:
        """All but those that the plan itself leaves out."""
        return self.exclude(state=RehearsedState.LEFT_OUT)


class RehearsalMessage(models.Model):
    """One touchpoint of the plan in one language, as it was when the rehearsal began, and what became of it.

    `leaves_by` and `address` are the planner's; `channel`, `segment` and `stand_in` those of the touchpoint that it stands for.
    """

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="messages")
    position = models.PositiveSmallIntegerField()  # in the order of the plan
    step_key = models.SlugField(max_length=40)
    occurrence = models.PositiveIntegerField(default=0)
    anchor = models.CharField(max_length=16, blank=True)  # empty for what the engine itself added
    offset_days = models.SmallIntegerField(default=0)
    offset = models.DurationField(default=timedelta(0))
    label = models.CharField(max_length=60, blank=True, default="", db_default="")  # what planners called its moment then
    segment = models.ForeignKey(Segment, null=True, on_delete=models.SET_NULL, related_name="+")
    segment_name = models.CharField(max_length=100, blank=True)  # empty: a broadcast
    channel = models.ForeignKey(Channel, null=True, on_delete=models.SET_NULL, related_name="+")
    channel_name = models.CharField(max_length=100)
    channel_kind = models.CharField(max_length=16, choices=ChannelKind.choices)
    audience = models.CharField(max_length=8, choices=Audience.choices, default=Audience.SEGMENT)
    content_key = models.SlugField(max_length=40)
    urgency = models.CharField(max_length=8, choices=Urgency.choices, default=Urgency.ROUTINE)
    is_mandatory = models.BooleanField(default=False)
    invites = models.BooleanField(default=False)
    attaches_maintnote = models.BooleanField(default=False)
    assumes = models.CharField(max_length=12, blank=True, default=Assumed.NOTHING)  # an Assumed

    would_leave_at = models.DateTimeField(null=True)
    would_reach = models.PositiveIntegerField(null=True)  # people; None: known only when it is prepared
    readers = models.JSONField(default=dict)  # of those with an address, how many read which language
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)  # of this message
    stand_in = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL, related_name="+")  # as whom it is written

    leaves_by = models.ForeignKey(Channel, null=True, on_delete=models.SET_NULL, related_name="+")
    address = models.CharField(max_length=254, blank=True)
    due_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=RehearsedState.choices)
    reason = models.CharField(max_length=24, blank=True, default="")  # a campaigns.Reason, where the plan leaves it out
    attempts = models.PositiveSmallIntegerField(default=0)
    marked_at = models.DateTimeField(null=True)  # the durable "sending" mark
    settled_at = models.DateTimeField(null=True)
    parts = models.PositiveSmallIntegerField(null=True)  # of the SMS that it is or stands for
    answer = models.CharField(max_length=500, blank=True, default="")  # the provider's own, or why there is none

    objects = RehearsalMessageQuerySet.as_manager()

    class Meta:
        ordering = ("position",)
        verbose_name = _("message of a rehearsal")
        verbose_name_plural = _("messages of rehearsals")
        constraints = (
            models.UniqueConstraint(fields=("rehearsal", "position"), name="one_place_in_a_rehearsal"),
            models.UniqueConstraint(
                fields=("rehearsal",), condition=Q(state="sending"), name="one_message_of_a_rehearsal_at_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("waiting", "sending", "sent", "in_doubt")) | Q(due_at__isnull=False),
                name="rehearsed_message_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("sending", "sent", "in_doubt")) | Q(marked_at__isnull=False),
                name="rehearsed_message_was_marked_first",
            ),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(state="waiting"), name="rehearsed_message_due"),)

    def __str__(self) -> str:
        return f"{self.step_key} → {self.segment_name or self.channel_name}"

    @property
    def stands_for(self) -> str:
        """The channel in whose place it comes by mail; nothing where it comes by its own."""
        return "" if self.leaves_by_id == self.channel_id else self.channel_name

    @property
    def spot(self) -> str:
        """Its name in the addresses of previews."""
        return f"{self.step_key}.{self.occurrence}.{self.segment_id or ''}.{self.channel_id}"
