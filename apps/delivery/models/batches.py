from collections.abc import Mapping
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.campaigns.models import OPEN_STATES, Campaign, Touchpoint
from apps.channels.models import Channel

from .circuits import Circuit
from .editions import Edition


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


_FREE_TOUCHPOINTS = f"""%(expressions)s NOT IN (
        SELECT id FROM {Touchpoint._meta.db_table} WHERE paused_at IS NOT NULL
        UNION ALL
        SELECT theirs.id FROM {Touchpoint._meta.db_table} theirs
            JOIN {Campaign._meta.db_table} stopped ON stopped.id = theirs.campaign_id WHERE stopped.paused_at IS NOT NULL
    )"""
_FREE_CHANNELS = f"%(expressions)s NOT IN (SELECT id FROM {Channel._meta.db_table} WHERE paused_at IS NOT NULL)"
_NOT_HALTED = "NOT EXISTS (SELECT 1 FROM delivery_installation WHERE halted_at IS NOT NULL)"

TOUCHPOINT_IS_FREE = _written(_FREE_TOUCHPOINTS, "touchpoint_id")
CHANNEL_IS_FREE = _written(_FREE_CHANNELS, "channel_id")
IS_NOT_HALTED = _written(_NOT_HALTED)
# What BatchQuerySet.free asks, for statements that are written out.
IS_FREE_SQL = " AND ".join(
    (_FREE_TOUCHPOINTS % {"expressions": "touchpoint_id"}, _FREE_CHANNELS % {"expressions": "channel_id"}, _NOT_HALTED)
)


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
    edition = models.ForeignKey(
        Edition, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )  # what they said; None: not handed over, or by a version that kept none
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
