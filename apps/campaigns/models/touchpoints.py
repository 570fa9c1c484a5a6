from collections.abc import Mapping
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.audiences.models import Segment
from apps.channels.models import Channel
from apps.common.models import TimestampedModel
from apps.common.pausing import Pausable, PausableQuerySet
from apps.windows.models import MaintenanceWindow

from .playbooks import Playbook, Step, Urgency


class CampaignQuerySet(PausableQuerySet["Campaign"]):
    pass


class Campaign(Pausable, TimestampedModel):
    """The communication plan of one window."""

    window = models.OneToOneField(MaintenanceWindow, on_delete=models.PROTECT, related_name="campaign")
    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT, related_name="campaigns")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    released_at = models.DateTimeField(_("released at"), null=True, editable=False)  # the instant of the anchor "announce"
    plan_changed_at = models.DateTimeField(null=True, editable=False)  # when something about its plan was last decided by hand
    # The updates while the work runs, held by a person: each of them is paused, and those planned meanwhile are, too.
    updates_held_at = models.DateTimeField(null=True, editable=False)
    updates_held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    updates_held_reason = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)
    requires_approval = models.BooleanField(
        _("requires approval"),
        default=False,
        db_default=False,
        help_text=_("A second person has to approve it before it is scheduled; a later edit asks for it anew."),
    )
    # Since when nothing more leaves, because what was approved was edited after the release; it is paused as well.
    unapproved_since = models.DateTimeField(null=True, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ("-window__starts_at",)
        indexes = (models.Index(fields=("paused_at",), condition=Q(paused_at__isnull=False), name="campaign_paused"),)
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        permissions = (("approve_campaign", _("Can approve campaigns of others")),)

    def __str__(self) -> str:
        return str(self.window)


class TouchpointState(models.TextChoices):
    PLANNED = "planned", _("Planned")  # has a time; nothing has been written for recipients yet
    HELD = "held", _("Held")  # waits for a fact or a person; has no time
    DUE = "due", pgettext_lazy("touchpoint", "Due")  # its deliveries are written and leave at due_at
    SENDING = "sending", pgettext_lazy("touchpoint", "Sending")  # the first batch has been marked
    SENT = "sent", _("Sent")  # every delivery is settled
    SKIPPED = "skipped", _("Skipped")  # the plan leaves it out, with a reason
    MISSED = "missed", _("Missed")  # its use was over before it could leave, with a reason
    SUPERSEDED = "superseded", _("Superseded")  # a later correction took its place
    CANCELLED = "cancelled", _("Cancelled")  # the window was cancelled


TOUCHPOINT_TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    TouchpointState.PLANNED: ("planned", "held", "due", "skipped", "missed", "superseded", "cancelled"),
    TouchpointState.HELD: ("planned", "skipped", "missed", "superseded", "cancelled"),
    TouchpointState.DUE: ("planned", "held", "sending", "sent", "skipped", "missed", "superseded", "cancelled"),
    TouchpointState.SENDING: ("planned", "held", "sent", "skipped", "missed", "superseded", "cancelled"),
    TouchpointState.SKIPPED: ("planned", "held", "skipped", "cancelled"),
    TouchpointState.MISSED: ("planned", "held", "cancelled"),
    TouchpointState.SENT: (),
    TouchpointState.SUPERSEDED: (),
    TouchpointState.CANCELLED: (),
}
# A fallback goes again when one more failure becomes known.
FALLBACK_TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    TouchpointState.PLANNED: ("due",),
    TouchpointState.SENT: ("due",),
    TouchpointState.MISSED: ("due",),
    TouchpointState.SKIPPED: ("due",),
}
# What failed and can be tried again makes its touchpoint go again: to "due" where nothing of it has left yet.
RETRY_TRANSITIONS: Mapping[str, tuple[str, ...]] = {TouchpointState.SENT: ("due", "sending")}
# Only in these may a batch be handed over.
OPEN_STATES = (TouchpointState.DUE, TouchpointState.SENDING)
# In these it is still to leave, or on its way, and can be paused.
STILL_TO_LEAVE = (TouchpointState.PLANNED, TouchpointState.HELD, *OPEN_STATES)


class Audience(models.TextChoices):
    SEGMENT = "segment", _("The segment")
    CHANNEL = "channel", _("The channel's place")  # broadcast: one delivery without a contact
    TOLD = "told", _("Those told something that is no longer true")  # corrections: read from the deliveries
    FAILED = "failed", _("Those whom another channel could not reach")  # fallbacks: read from the deliveries


class Reason(models.TextChoices):
    """Why a touchpoint is held, waits, is skipped, missed, superseded or cancelled; the label is what the planner reads.

    Not the field's `choices`: rewording a sentence is no change of schema.
    """

    IN_THE_PAST = "in_the_past", _("Its time was already past; the announcement or the correction takes its place.")
    NEAR_ANNOUNCEMENT = "near_announcement", _("It would follow the announcement or the correction too closely.")
    PAST_USE = "past_use", _("It would be of no use so late.")
    TOO_SHORT = "too_short", _("The window is too short for this channel.")
    NO_UPDATES = "no_updates", _("The window is too short for an update between its start and its end.")
    STARTED_EARLY = "started_early", _("The work began before.")
    AWAITS_START = "awaits_start", _("Waits until a person starts the window.")
    AWAITS_COMPLETION = "awaits_completion", _("Waits until the completion is confirmed.")
    COMPLETED_EARLY = "completed_early", _("The work was completed before.")
    ALREADY_CONFIRMED = "already_confirmed", _("The completion was already confirmed.")
    CHANNEL_DISABLED = "channel_disabled", _("The channel is switched off.")
    SAMPLE = "sample", _("Its window is a sample, of which nothing is sent.")
    FALLBACK_STOPPED = "fallback_stopped", _("What it says is no longer true; its moment is planned anew or over.")
    STEP_REMOVED = "step_removed", _("The plan no longer has this moment.")
    WINDOW_CANCELLED = "window_cancelled", _("The window was cancelled.")
    REPLACED = "replaced", _("A newer correction took its place.")
    NOBODY_TOLD = "nobody_told", _("Everyone who was told already knows what holds now.")
    NOBODY = "nobody", _("The segment is empty.")
    RULE_BROKEN = "rule_broken", _("The rule of its segment is broken. It leaves by itself once somebody has mended that.")
    NOT_SENT_IN_TIME = "not_sent_in_time", _("It could not be sent while it was of use.")
    PAUSED = "paused", _("Sending was paused until it was of no use any more.")
    HALTED = "halted", _("The whole installation was halted until it was of no use any more.")
    TAKEN_OUT = "taken_out", _("A member of the team took it out of the plan.")
    BACK_TO_DRAFT = "back_to_draft", _("The window is a draft again; it is planned anew when that is scheduled.")
    SKIPPED_BY_HAND = "skipped_by_hand", _("A member of the team skipped it instead of sending it late.")


PAUSED = Q(paused_at__isnull=False) | Q(campaign__paused_at__isnull=False) | Q(channel__paused_at__isnull=False)


class TouchpointQuerySet(PausableQuerySet["Touchpoint"]):
    def held_back(self) -> Self:
        """Paused by a person: each by itself, with its campaign or with its channel."""
        return self.filter(PAUSED)

    def going(self) -> Self:
        return self.exclude(PAUSED)

    def due_for_expansion(self, now: datetime, *, also_held_back: bool = False) -> Self:
        """A correction waits for a channel that is switched off; anything else it leaves out."""
        rows = self if also_held_back else self.going()
        waits = Q(audience=Audience.TOLD, channel__is_enabled=False)
        return rows.filter(state=TouchpointState.PLANNED, expand_at__lte=now).exclude(waits)

    def past_use(self, now: datetime) -> Self:
        """Touchpoints that can no longer leave in time."""
        open_states = (TouchpointState.PLANNED, TouchpointState.DUE, TouchpointState.SENDING)
        return self.filter(state__in=open_states, useful_until__lte=now)


class Touchpoint(Pausable, TimestampedModel):
    """One planned message to a segment by a channel at a time, as the plan of `revision` wants it."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="touchpoints")
    step = models.ForeignKey(Step, null=True, on_delete=models.SET_NULL, related_name="+")  # None: made by the engine
    step_key = models.SlugField(max_length=40)  # "correction" and "cancellation" are the engine's own
    occurrence = models.PositiveIntegerField(default=0)  # n-th repetition; for corrections the window revision
    segment = models.ForeignKey(Segment, null=True, on_delete=models.PROTECT, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    audience = models.CharField(max_length=8, choices=Audience.choices, default=Audience.SEGMENT)
    content_key = models.SlugField(max_length=40)
    urgency = models.CharField(max_length=8, choices=Urgency.choices, default=Urgency.ROUTINE)
    is_mandatory = models.BooleanField(default=False)
    invites = models.BooleanField(default=False, db_default=False)  # its e-mails carry the window as a calendar invitation
    attaches_maintnote = models.BooleanField(default=False, db_default=False)  # its e-mails carry a file for machines

    revision = models.PositiveIntegerField()  # of the window, when this row was last planned
    due_at = models.DateTimeField(_("due at"), null=True)  # None while held
    planned_for = models.DateTimeField(null=True)  # the plan's own time, where a person sent it before that
    expand_at = models.DateTimeField(null=True)  # when its deliveries are to be written, a little before due_at
    useful_until = models.DateTimeField(_("useful until"), null=True)
    state = models.CharField(_("state"), max_length=12, choices=TouchpointState.choices)
    reason = models.CharField(_("reason"), max_length=24, blank=True, default="")  # a Reason
    expanded_at = models.DateTimeField(null=True)
    first_sent_at = models.DateTimeField(_("first sent at"), null=True)  # first durable mark; lateness = this - due_at
    settled_at = models.DateTimeField(_("settled at"), null=True)

    objects = TouchpointQuerySet.as_manager()

    class Meta:
        ordering = (F("due_at").asc(nulls_last=True), "step_key", "occurrence", "id")
        verbose_name = _("touchpoint")
        verbose_name_plural = _("touchpoints")
        constraints = (
            models.UniqueConstraint(
                fields=("campaign", "step_key", "occurrence", "segment", "channel"),
                condition=Q(segment__isnull=False),
                name="one_touchpoint_per_moment_segment_and_channel",
            ),
            models.UniqueConstraint(
                fields=("campaign", "step_key", "occurrence", "channel"),
                condition=Q(segment__isnull=True),
                name="one_touchpoint_per_moment_and_broadcast",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("held", "skipped", "cancelled", "superseded"))
                | Q(due_at__isnull=False, expand_at__isnull=False, useful_until__isnull=False),
                name="touchpoint_that_may_leave_has_its_times",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("planned", "due", "sending", "sent")) | ~Q(reason=""),
                name="touchpoint_that_does_not_leave_has_a_reason",
            ),
        )
        indexes = (
            models.Index(fields=("state", "expand_at"), name="touchpoint_to_expand"),
            models.Index(fields=("state", "useful_until"), name="touchpoint_past_use"),
            models.Index(fields=("paused_at",), condition=Q(paused_at__isnull=False), name="touchpoint_paused"),
        )

    def __str__(self) -> str:
        return f"{self.step_key} → {self.segment or self.channel}"

    @property
    def is_held_back(self) -> bool:
        """Still to leave, and paused by itself, with its campaign or with its channel. Needs those two."""
        return self.is_still_to_leave and bool(self.paused_at or self.campaign.paused_at or self.channel.paused_at)

    @property
    def is_still_to_leave(self) -> bool:
        return self.state in STILL_TO_LEAVE
