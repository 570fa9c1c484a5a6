"""Which windows one address of a feed holds, and a mark that tells whether they changed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, QuerySet, Sum

from apps.campaigns.models import Reason, Touchpoint
from apps.windows.models import MaintenanceWindow, Service

from .formats import Format
from .insight import facts_of
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


def marker_of(selection: Selection, now: datetime) -> str:
    """Changes whenever the feed's bytes may have: with a window, with one that comes or goes, with a service's name, and with
    the day, by which a large calendar is cut."""
    windows = (
        selection.windows(now)
        .order_by()
        .aggregate(Count("pk"), Sum("pk"), Sum("revision"), Max("content_changed_at"), Max("updated_at"))
    )
    feed = selection.feed
    wishes = (feed.language, feed.name, feed.detail, feed.reminders, selection.service_ids, selection.segments)
    insight = facts_of(selection.windows(now)) if feed.is_internal else ()
    facts = (
        windows,
        insight,
        service_stamp(),
        wishes,
        now.date(),
        selection.format.version,
        settings.SITE_URL,
        settings.DEFAULT_FROM_EMAIL,
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def service_stamp() -> tuple[int, datetime | None]:
    """Services are few and rarely change; when one does, everything is rendered anew."""
    stamp = Service.objects.aggregate(Count("pk"), Max("updated_at"))
    return stamp["pk__count"], stamp["updated_at__max"]
