from collections.abc import Mapping
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.common.files import KeptFile
from apps.common.models import TimestampedModel
from apps.windows.models import ENDED_STATUSES, Impact, MaintenanceWindow, Service, WindowStatus

from .words import ProviderStatus


class NoticeStatus(models.TextChoices):
    """Where the provider says its work stands; the maintnote standard's words."""

    TENTATIVE = ProviderStatus.TENTATIVE.value, pgettext_lazy("provider", "Tentative")  # possible
    CONFIRMED = ProviderStatus.CONFIRMED.value, pgettext_lazy("provider", "Confirmed")  # definite
    CANCELLED = ProviderStatus.CANCELLED.value, pgettext_lazy("provider", "Cancelled")  # it will not take place
    IN_PROCESS = ProviderStatus.IN_PROCESS.value, pgettext_lazy("provider", "In progress")  # it has begun
    COMPLETED = ProviderStatus.COMPLETED.value, pgettext_lazy("provider", "Completed")  # it is over


class NoticeState(models.TextChoices):
    """What has become of a notice here."""

    RECEIVED = "received", _("Received")  # kept; has had no effect yet
    DRAFTED = "drafted", _("Draft to review")  # stands as a draft, for a planner to look over and schedule
    PROPOSED = "proposed", _("Change to decide")  # asks for a change to a promised window, which only a planner makes
    SETTLED = "settled", _("Settled")  # nothing is left to decide
    SET_ASIDE = "set_aside", _("Set aside")  # a planner said that it is no concern of ours


NOTICE_TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    NoticeState.RECEIVED: ("drafted", "proposed", "settled", "set_aside"),
    NoticeState.DRAFTED: ("received", "settled", "set_aside"),
    NoticeState.PROPOSED: ("received", "settled"),
    NoticeState.SETTLED: ("received",),
    NoticeState.SET_ASIDE: ("received",),  # by a planner; a newer version alone leaves it aside
}


class NoticeSource(models.TextChoices):
    UPLOAD = "upload", _("Upload")
    MAIL = "mail", _("E-mail")


class UpstreamNoticeQuerySet(models.QuerySet["UpstreamNotice"]):
    def waiting(self) -> Self:
        """Kept, and without effect so far, because of a crash or because there were many: the sweep takes them up."""
        return self.filter(state=NoticeState.RECEIVED).order_by("pk")

    def to_review(self) -> Self:
        """Those that wait for a planner: as drafts, or as changes to what was promised."""
        drafts = Q(state=NoticeState.DRAFTED, window__status=WindowStatus.DRAFT)
        changes = Q(state=NoticeState.PROPOSED) & ~Q(window__status__in=ENDED_STATUSES)
        return self.filter(Q(state=NoticeState.RECEIVED) | drafts | changes)


class UpstreamNotice(TimestampedModel):
    """What a provider says about one maintenance of its own, in its newest version, and the window it became."""

    provider = models.CharField(_("provider"), max_length=120)
    provider_key = models.CharField(max_length=120, editable=False)  # without regard to case
    uid = models.CharField(max_length=255, editable=False)  # the provider's, the same through all versions
    sequence = models.PositiveIntegerField(_("version"), default=0, editable=False)  # of the provider; never goes down
    stamp = models.DateTimeField(_("written at"), null=True, editable=False)  # DTSTAMP: decides where SEQUENCE does not
    provider_status = models.CharField(
        _("provider’s status"), max_length=16, choices=NoticeStatus.choices, default=NoticeStatus.CONFIRMED
    )
    account = models.CharField(_("account"), max_length=250, blank=True)
    maintenance_id = models.CharField(_("maintenance number"), max_length=250, blank=True)
    objects_affected = models.JSONField(_("objects"), default=list, blank=True)  # [{"id": …, "impact": …}]
    impact = models.CharField(_("impact"), max_length=24, choices=Impact.choices)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    summary = models.CharField(_("summary"), max_length=250, blank=True)
    description = models.TextField(_("description"), blank=True)
    organizer = models.CharField(_("organiser"), max_length=500, blank=True)
    remarks = models.JSONField(default=list, blank=True)  # codes of reading.Remark
    raw = models.TextField(blank=True)  # as the provider wrote it
    source = models.CharField(_("source"), max_length=8, choices=NoticeSource.choices)
    received_at = models.DateTimeField(_("received at"))  # the newest version

    state = models.CharField(_("state"), max_length=12, choices=NoticeState.choices, default=NoticeState.RECEIVED)
    outcome = models.CharField(max_length=24, blank=True, default="")  # code of effects.Outcome: why it stands there
    problem = models.CharField(_("problem"), max_length=500, blank=True, default="")  # why it had no effect so far
    # What the window was last made to say, or a planner decided not to make it say; shape: services.said
    taken = models.JSONField(default=dict, blank=True)
    window = models.ForeignKey(
        MaintenanceWindow, verbose_name=_("window"), null=True, blank=True, on_delete=models.SET_NULL, related_name="notices"
    )

    objects = UpstreamNoticeQuerySet.as_manager()

    class Meta:
        ordering = ("starts_at", "pk")
        verbose_name = _("upstream notice")
        verbose_name_plural = _("upstream notices")
        constraints = (
            models.UniqueConstraint(fields=("provider_key", "uid"), name="one_row_per_provider_and_uid"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="upstream_notice_ends_after_it_starts"),
            models.CheckConstraint(
                condition=~Q(state__in=("drafted", "proposed")) | Q(window__isnull=False),
                name="a_notice_to_review_has_a_window",
            ),
        )
        indexes = (models.Index(fields=("state", "starts_at"), name="upstream_notice_by_state"),)

    def __str__(self) -> str:
        return self.summary or self.maintenance_id or self.uid

    @property
    def object_ids(self) -> list[str]:
        return [each["id"] for each in self.objects_affected]


class UpstreamObject(models.Model):
    """Which of our services stand on an object of a provider, as a planner once said; none: it is no concern of ours."""

    provider_key = models.CharField(_("provider"), max_length=120)
    object_id = models.CharField(_("object"), max_length=250)
    services = models.ManyToManyField(Service, verbose_name=_("services"), blank=True, related_name="upstream_objects")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("decided by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"))

    class Meta:
        ordering = ("provider_key", "object_id")
        verbose_name = _("upstream object")
        verbose_name_plural = _("upstream objects")
        constraints = (models.UniqueConstraint(fields=("provider_key", "object_id"), name="one_row_per_provider_and_object"),)

    def __str__(self) -> str:
        return f"{self.provider_key}: {self.object_id}"


class NoticeFile(KeptFile):
    """Of notices, between its check and its taking in."""

    class Meta:
        verbose_name = _("notice file")
        verbose_name_plural = _("notice files")
