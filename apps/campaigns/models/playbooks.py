from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.audiences.models import Segment
from apps.channels.models import Channel
from apps.common.keeping import Archivable, ArchivableQuerySet
from apps.common.models import TimestampedModel
from apps.windows.models import MaintenanceWindow

OWN_KEY = "by-hand-"  # begins the key of every moment that is a campaign's own, so that no playbook's can be the same


class PlaybookQuerySet(ArchivableQuerySet["Playbook"]):
    pass


class Playbook(Archivable, TimestampedModel):
    """A reusable plan: the steps from which the touchpoints of a campaign are made."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    description = models.TextField(_("description"), blank=True)
    is_default = models.BooleanField(_("default"), default=False, help_text=_("Proposed for new windows."))
    requires_approval = models.BooleanField(
        _("requires approval"),
        default=False,
        db_default=False,
        help_text=_("Campaigns by this playbook are scheduled only once a second person has approved them."),
    )
    builtin_digest = models.CharField(max_length=64, blank=True, editable=False)  # of what load_playbooks wrote; differs: edited

    objects = PlaybookQuerySet.as_manager()

    class Meta:
        ordering = ("-is_default", "name")
        verbose_name = _("playbook")
        verbose_name_plural = _("playbooks")
        constraints = (
            models.UniqueConstraint(fields=("is_default",), condition=Q(is_default=True), name="one_default_playbook"),
        )

    def __str__(self) -> str:
        return self.name


class Anchor(models.TextChoices):
    ANNOUNCE = "announce", _("Announcement")  # when the campaign is released
    START = "start", _("Start")  # the planned start; held until a person starts it where the window does not start by itself
    DURING = "during", _("While it runs")  # repeated between start and end, end excluded
    END = "end", _("Planned end")
    ACTUAL_END = "actual_end", _("Confirmed completion")  # never before a person or a monitor confirmed it


class Urgency(models.TextChoices):
    ROUTINE = "routine", _("Routine")
    URGENT = "urgent", _("Urgent")  # losing it is worse than repeating it; ignores quiet hours


class WhenLate(models.TextChoices):
    """What to do with a step whose time is already past when the plan is made."""

    COLLAPSE = "collapse", _("Leave it to the announcement")
    SEND = "send", _("Send it at once while it is still useful")
    SKIP = "skip", _("Skip it")


class StepQuerySet(models.QuerySet["Step"]):
    def in_plan(self, playbook: Playbook, window: MaintenanceWindow | None) -> Self:
        """Those of `playbook`, then those of the moments that were added by hand to the plan of `window`, if it has one."""
        rows = self.filter(playbook=playbook)
        if window is not None and window.pk:
            rows = self.filter(Q(playbook=playbook) | Q(campaign__window=window, removed_at__isnull=True))
        return rows.order_by(F("campaign").asc(nulls_first=True), "position", "id")


class Step(models.Model):
    """One cell of the plan: a moment (`key`, anchor and offset) for a segment by a channel.

    Steps that share a `key` are the same moment for different people. They belong to a playbook, or to the one campaign
    to whose plan a planner added the moment by hand.
    """

    playbook = models.ForeignKey(Playbook, verbose_name=_("playbook"), null=True, on_delete=models.CASCADE, related_name="steps")
    campaign = models.ForeignKey(
        "campaigns.Campaign", null=True, editable=False, on_delete=models.CASCADE, related_name="own_steps"
    )
    removed_at = models.DateTimeField(null=True, editable=False)  # of a campaign's own: it stays, to name what it left behind
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    key = models.SlugField(_("moment"), max_length=40, help_text=_("Names the moment, for example t-7d."))
    label = models.CharField(
        _("name"),
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text=_("What planners call the moment, if anything."),
    )
    anchor = models.CharField(_("anchor"), max_length=16, choices=Anchor.choices)
    offset_days = models.SmallIntegerField(_("offset in days"), default=0, help_text=_("Calendar days: the wall clock stays."))
    offset = models.DurationField(_("offset"), default=timedelta(0), help_text=_("Elapsed time, for example -1:00:00."))
    repeats_by_cadence = models.BooleanField(
        _("repeats"), default=False, help_text=_("Repeated while the work runs, as often as its duration asks for.")
    )
    repeat_every = models.DurationField(
        _("repeat every"), null=True, blank=True, help_text=_("Fixed interval in place of the one the duration asks for.")
    )
    segment = models.ForeignKey(
        Segment,
        verbose_name=_("segment"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty for broadcast channels."),
    )
    channel = models.ForeignKey(Channel, verbose_name=_("channel"), on_delete=models.PROTECT, related_name="+")
    fallback_channel = models.ForeignKey(
        Channel,
        verbose_name=_("otherwise by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_(
            "By this channel to those whom the first one cannot reach for certain: no address, refused, or bounced. Never to "
            "people who unsubscribed, and never while it may still have arrived."
        ),
    )
    content_key = models.SlugField(_("content"), max_length=40)
    urgency = models.CharField(_("urgency"), max_length=8, choices=Urgency.choices, default=Urgency.ROUTINE)
    is_mandatory = models.BooleanField(
        _("mandatory"), default=False, help_text=_("Goes to people who unsubscribed too; never to dead addresses.")
    )
    invites = models.BooleanField(
        _("calendar invitation"),
        default=False,
        db_default=False,
        help_text=_(
            "E-mails carry the window as an invitation, to accept or decline. Whoever got one gets its new times when the window "
            "moves, and its cancellation, whether or not those e-mails are ticked too: once in a playbook is enough."
        ),
    )
    attaches_maintnote = models.BooleanField(
        _("maintnote file"),
        default=False,
        db_default=False,
        help_text=_(
            "E-mails carry a calendar file with the maintnote properties, for recipients whose own systems read notices. "
            "Corrections and cancellations carry it too. Tick it wherever those systems should hear of a new state."
        ),
    )
    min_duration = models.DurationField(
        _("only for windows of at least"), null=True, blank=True, help_text=_("Shorter windows skip this step.")
    )
    only_unconfirmed = models.BooleanField(
        _("only while unconfirmed"), default=False, help_text=_("Dropped once the completion has been confirmed.")
    )
    useful_for = models.DurationField(
        _("useful for"), default=timedelta(hours=6), help_text=_("How late it may still go; afterwards it is missed.")
    )
    useful_until_before_start = models.DurationField(
        _("useful until before start"), null=True, blank=True, help_text=_("Never later than so long before the start.")
    )
    when_late = models.CharField(_("when late"), max_length=8, choices=WhenLate.choices, default=WhenLate.COLLAPSE)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        limit_choices_to={"is_staff": True, "is_active": True},
        help_text=_("Who sees to it that this is said; empty: the owner of the campaign."),
    )

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ("position", "id")
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints = (
            models.CheckConstraint(
                condition=Q(playbook__isnull=False, campaign__isnull=True, removed_at__isnull=True)
                | Q(playbook__isnull=True, campaign__isnull=False),
                name="step_belongs_to_a_playbook_or_a_campaign",
            ),
            models.CheckConstraint(
                condition=Q(campaign__isnull=True) & ~Q(key__startswith=OWN_KEY)
                | Q(campaign__isnull=False, key__startswith=OWN_KEY),
                name="own_moment_has_a_key_that_no_playbook_has",
            ),
            models.UniqueConstraint(
                fields=("campaign", "key", "segment", "channel"),
                condition=Q(campaign__isnull=False, segment__isnull=False),
                name="one_own_step_per_moment_segment_and_channel",
            ),
            models.UniqueConstraint(
                fields=("campaign", "key", "channel"),
                condition=Q(campaign__isnull=False, segment__isnull=True),
                name="one_own_step_per_moment_and_broadcast",
            ),
            models.UniqueConstraint(
                fields=("playbook", "key", "segment", "channel"),
                condition=Q(segment__isnull=False),
                name="one_step_per_moment_segment_and_channel",
            ),
            models.UniqueConstraint(
                fields=("playbook", "key", "channel"), condition=Q(segment__isnull=True), name="one_step_per_moment_and_broadcast"
            ),
            models.CheckConstraint(
                condition=Q(fallback_channel__isnull=True) | ~Q(fallback_channel=F("channel")) & Q(segment__isnull=False),
                name="fallback_is_another_channel_for_the_same_people",
            ),
            models.CheckConstraint(
                condition=Q(invites=False) | Q(segment__isnull=False), name="step_that_invites_speaks_to_people"
            ),
            models.CheckConstraint(
                condition=Q(attaches_maintnote=False) | Q(segment__isnull=False),
                name="step_that_attaches_maintnote_speaks_to_people",
            ),
        )

    def __str__(self) -> str:
        return self.label or self.key
