"""Which windows one address of a feed holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from apps.campaigns.models import Reason, Touchpoint
from apps.windows.models import MaintenanceWindow, Service

from .formats import Format
from .models import Feed, FeedEdition

PAST = timedelta(days=180)  # constant: a span that shrank would empty diaries
AHEAD = timedelta(days=730)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Windows of the services `held` (none: of every one), narrowed to `service`, that are told to one of `segments` (none:
    to whomever), in one format.

    `edition` is what the address said last, None before its first reader.
    """

    feed: Feed
    format: Format
    held: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    service: Service | None = None
    edition: FeedEdition | None = None

    @property
    def service_ids(self) -> tuple[int, ...]:
        return (self.service.pk,) if self.service else self.held

    def windows(self, now: datetime) -> QuerySet[MaintenanceWindow]:
        """In the order in which a feed shows them. A window that is cancelled or over stays for the time of PAST."""
        rows = MaintenanceWindow.objects.public().filter(announced_ends_at__gte=now - PAST, starts_at__lte=now + AHEAD)
        if self.service_ids:
            links = MaintenanceWindow.services.through.objects.filter(service__in=self.service_ids)
            rows = rows.filter(pk__in=links.values("maintenancewindow"))
        if self.segments:
            told = Touchpoint.objects.filter(segment__in=self.segments).exclude(reason=Reason.STEP_REMOVED)
            rows = rows.filter(campaign__in=told.values("campaign"))
        return rows.order_by("starts_at", "uid")


def names_of(selection: Selection) -> list[str]:
    """The services that the feed is about; none: every one."""
    if not selection.service_ids:
        return []
    return list(Service.objects.filter(pk__in=selection.service_ids).order_by("name").values_list("name", flat=True))
