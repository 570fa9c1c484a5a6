import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Func, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.audiences.models import Contact
from apps.campaigns.models import OPEN_STATES, Campaign, Touchpoint
from apps.channels.models import Channel

from .pacing import Slowdown
from .policy import DeliveryReason


class BatchState(models.TextChoices):
    READY = "ready", _("Ready")  # may be claimed from not_before on
    LEASED = "leased", _("Leased")  # a worker has claimed it; nothing has been handed over
    SENDING = "sending", pgettext_lazy("touchpoint", "Sending")  # durably marked: messages may have been handed over
    DONE = "done", _("Done")  # every row settled, or moved to another batch


BATCH_TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    BatchState.READY: (BatchState.LEASED, BatchState.DONE),
    BatchState.LEASED: (BatchState.READY, BatchState.SENDING, BatchState.DONE),
    BatchState.SENDING: (BatchState.DONE,),
    BatchState.DONE: (),
}


IN_HAND = (BatchState.LEASED, BatchState.SENDING)
IS_OPEN = Q(touchpoint__state__in=OPEN_STATES, touchpoint__revision=F("revision"))
_IN_HAND = Q(state=BatchState.LEASED) | Q(state=BatchState.SENDING)  # spelt as its index is, which SQLite insists on


def _written(template: str, *columns: str) -> Func:
    """A condition written out: asked with each claim, mark and look, it costs more to build than to run."""
    return Func(*map(F, columns), template=template, output_field=models.BooleanField())


TOUCHPOINT_IS_FREE = _written(
    f"""%(expressions)s NOT IN (
        SELECT id FROM {Touchpoint._meta.db_table} WHERE paused_at IS NOT NULL
        UNION ALL
        SELECT theirs.id FROM {Touchpoint._meta.db_table} theirs
            JOIN {Campaign._meta.db_table} stopped ON stopped.id = theirs.campaign_id WHERE stopped.paused_at IS NOT NULL
    )""",
    "touchpoint_id",
)
CHANNEL_IS_FREE = _written(
    f"%(expressions)s NOT IN (SELECT id FROM {Channel._meta.db_table} WHERE paused_at IS NOT NULL)", "channel_id"
)
IS_NOT_HALTED = _written("NOT EXISTS (SELECT 1 FROM delivery_installation WHERE halted_at IS NOT NULL)")


class BatchQuerySet(models.QuerySet["Batch"]):
    def free(self) -> Self:
        """Neither paused nor in an installation that is halted."""
        return self.unpaused().filter(IS_NOT_HALTED)

    def unpaused(self) -> Self:
        """In statements without a join, so that a conditional update keeps its fence; each part is asked once for all
        rows, and from an index that is empty while nothing is paused."""
        return self.filter(TOUCHPOINT_IS_FREE, CHANNEL_IS_FREE)

    def claimable(self, now: datetime) -> Self:
        """Ready, due and free, and their provider is not to be left alone; the most urgent first."""
        ready = self.filter(state=BatchState.READY, not_before__lte=now).exclude(channel__in=Circuit.objects.holding(now))
        return ready.free().order_by("priority", "not_before", "id")

    def overdue(self, now: datetime) -> Self:
        """Ready and due, whether or not they are free to leave."""
        return self.filter(state=BatchState.READY, not_before__lte=now)

    def in_hand(self) -> Self:
        """A worker has them just now, or had when it died."""
        return self.filter(_IN_HAND)

    def unfinished(self) -> Self:
        """Something in them may still have to leave."""
        return self.filter(~Q(state=BatchState.DONE))

    def handed_over(self, now: datetime) -> Self:
        """A living worker is at them."""
        return self.filter(state=BatchState.SENDING, lease_until__gt=now)

    def of_open_touchpoints(self) -> Self:
        """Neither closed nor re-planned since they were written."""
        return self.filter(IS_OPEN)

    def stopped(self) -> Self:
        """Ready, but their touchpoint has been closed or re-planned since they were written."""
        return self.filter(state=BatchState.READY).exclude(IS_OPEN)

    def abandoned(self, now: datetime) -> Self:
        """Taken by a worker that has stopped renewing its lease."""
        return self.in_hand().filter(lease_until__lte=now)


class Expansion(models.Model):
    """The proof of one expansion: how many people a touchpoint had when its deliveries were written."""

    touchpoint = models.ForeignKey(Touchpoint, on_delete=models.PROTECT, related_name="expansions")
    revision = models.PositiveIntegerField()
    recipients = models.PositiveIntegerField()  # so many deliveries there must be, whatever became of them
    written_at = models.DateTimeField()

    class Meta:
        verbose_name = _("expansion")
        verbose_name_plural = _("expansions")
        constraints = (
            models.UniqueConstraint(fields=("touchpoint", "revision"), name="one_expansion_per_touchpoint_and_revision"),
        )

    def __str__(self) -> str:
        return f"{self.touchpoint} r{self.revision}"


class Batch(models.Model):
    """What a worker takes: some deliveries of one touchpoint at one revision.

    `token` is fresh for each claim and `attempt` grows with it; every later write of the worker names both (the fence).
    """

    touchpoint = models.ForeignKey(Touchpoint, on_delete=models.PROTECT, related_name="batches")
    revision = models.PositiveIntegerField()
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    priority = models.PositiveSmallIntegerField(default=5)  # 0 first
    not_before = models.DateTimeField()
    state = models.CharField(max_length=8, choices=BatchState.choices, default=BatchState.READY)
    token = models.UUIDField(null=True)
    attempt = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    composed_at = models.DateTimeField(null=True)  # Date of its messages, unless an earlier attempt fixed another
    marked_at = models.DateTimeField(null=True)  # the durable "sending" mark
    journal = models.CharField(max_length=40, blank=True, default="")  # which run of Redis keeps its journal; empty: none
    standstills = models.PositiveSmallIntegerField(default=0)  # how often something kept these rows waiting
    crashes = models.PositiveSmallIntegerField(default=0)  # how often a worker died while preparing them
    error = models.CharField(max_length=500, blank=True, default="")  # what was said then
    done_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        constraints = (
            models.CheckConstraint(
                condition=~Q(state__in=("leased", "sending")) | Q(token__isnull=False, lease_until__isnull=False),
                name="batch_in_a_workers_hands_has_a_lease",
            ),
            models.CheckConstraint(condition=~Q(state="sending") | Q(marked_at__isnull=False), name="sending_batch_was_marked"),
        )
        # Of the batches of a year all but a few are done: each index holds only those that its query asks for.
        indexes = (
            models.Index(fields=("priority", "not_before", "id"), condition=Q(state="ready"), name="batch_claimable"),
            models.Index(fields=("lease_until",), condition=Q(state="leased") | Q(state="sending"), name="batch_in_hand"),
            models.Index(fields=("touchpoint",), condition=~Q(state="done"), name="batch_unfinished"),
        )

    def __str__(self) -> str:
        return f"batch {self.pk}"


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
            models.UniqueConstraint(
                fields=("touchpoint", "revision", "contact"),
                condition=Q(contact__isnull=False),
                name="one_delivery_per_touchpoint_revision_and_contact",
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


class InstallationQuerySet(models.QuerySet["Installation"]):
    def halted(self) -> Self:
        return self.filter(halted_at__isnull=False)


class Installation(models.Model):
    """Where this database lives, and how often its clock has beaten: one row, written first by the first clock.

    What is kept of it outside the database tells one that was merely off from one that was restored (see guard.py).
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.UUIDField(default=uuid.uuid4)  # names what is kept of it outside; a new one with each release
    home = models.CharField(max_length=400)  # where the database was found last; see homes.py
    beats = models.PositiveBigIntegerField(default=0)
    beat_at = models.DateTimeField(null=True)
    halted_at = models.DateTimeField(null=True)
    halt = models.CharField(max_length=12, blank=True, default="")  # why: a policy.Halt

    objects = InstallationQuerySet.as_manager()

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")
        constraints = (
            models.CheckConstraint(condition=Q(pk=1), name="one_installation_per_database"),
            models.CheckConstraint(
                condition=Q(halted_at__isnull=True, halt="") | Q(halted_at__isnull=False) & ~Q(halt=""),
                name="halted_installation_has_a_reason",
            ),
        )

    def __str__(self) -> str:
        return self.home


class CircuitState(models.TextChoices):
    CLOSED = "closed", _("Closed")  # the provider is there, as far as anybody knows
    OPEN = "open", _("Open")  # the provider is away: nothing is tried before not_before
    HALF_OPEN = "half_open", _("Half open")  # one batch has been let through to see


CIRCUIT_TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    CircuitState.CLOSED: (CircuitState.OPEN,),
    CircuitState.OPEN: (CircuitState.HALF_OPEN, CircuitState.CLOSED),  # closed: by a person, or something got through
    CircuitState.HALF_OPEN: (CircuitState.CLOSED, CircuitState.OPEN, CircuitState.HALF_OPEN),  # itself: the prober was lost
}


class CircuitQuerySet(models.QuerySet["Circuit"]):
    def holding(self, now: datetime) -> QuerySet["Circuit", int]:
        """The channels of which nothing is taken at `now`: their provider is away, or wants a rest."""
        return self.filter(not_before__gt=now).values_list("channel_id", flat=True)

    def away(self) -> Self:
        return self.exclude(state=CircuitState.CLOSED)

    def missed(self, now: datetime) -> Self:
        """Away while something waits for them."""
        waiting = Batch.objects.overdue(now).free()
        return self.away().filter(channel__is_enabled=True, channel__in=waiting.values("channel"))


class Circuit(models.Model):
    """What the engine has learned of a channel's provider: whether it is there, and how fast it takes messages.

    In the database, because all hosts have to know it and Redis may be away too. A channel that never gave trouble has none.
    """

    channel = models.OneToOneField(Channel, primary_key=True, on_delete=models.CASCADE, related_name="circuit")
    state = models.CharField(max_length=9, choices=CircuitState.choices, default=CircuitState.CLOSED)
    failures = models.PositiveIntegerField(default=0)  # standstills in a row
    failing_since = models.DateTimeField(null=True)  # the first of them
    not_before = models.DateTimeField(null=True)  # nothing of the channel is taken before
    error = models.CharField(max_length=500, blank=True, default="")  # the provider's words at the last of them
    # After a push-back: the rate it cut the channel to, from which whole pace, when, and the provider's words.
    slowed_to = models.FloatField(null=True)
    slowed_from = models.FloatField(null=True)
    slowed_at = models.DateTimeField(null=True)
    slowed_by = models.CharField(max_length=500, blank=True, default="")
    # The bucket of permits while Redis is away, in seconds since 1970 by the database's clock; see pacing.Bucket.
    next_permit_at = models.FloatField(default=0.0)
    urgent_permits_until = models.FloatField(default=0.0)

    objects = CircuitQuerySet.as_manager()

    class Meta:
        verbose_name = _("circuit")
        verbose_name_plural = _("circuits")
        constraints = (
            models.CheckConstraint(
                condition=Q(state="closed") | Q(failing_since__isnull=False, not_before__isnull=False),
                name="circuit_that_is_open_says_since_when_and_until_when",
            ),
            models.CheckConstraint(
                condition=Q(slowed_to__isnull=True)
                | Q(slowed_to__gt=0, slowed_from__gt=0, slowed_at__isnull=False, slowed_from__isnull=False),
                name="circuit_that_is_slowed_says_from_what_and_when",
            ),
        )

    def __str__(self) -> str:
        return str(self.channel)

    @property
    def slowdown(self) -> Slowdown | None:
        if self.slowed_to is None or self.slowed_from is None or self.slowed_at is None:
            return None
        return Slowdown(to=self.slowed_to, whole=self.slowed_from, at=self.slowed_at)


class Pulse(models.Model):
    """When each part of the engine was last seen alive; the worker's is written by a task that beat sent through Redis."""

    name = models.CharField(max_length=16, unique=True)  # "beat", "worker"; direct.Cause while the clock works itself
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("pulse")
        verbose_name_plural = _("pulses")

    def __str__(self) -> str:
        return self.name
