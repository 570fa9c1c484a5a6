from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.channels.models import Channel

from ..pacing import Slowdown


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

    def missed(self, channels: QuerySet[Any, Any]) -> Self:
        """Away while something waits for them: `channels` are those of batches that are overdue."""
        return self.away().filter(channel__is_enabled=True, channel__in=channels)


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
