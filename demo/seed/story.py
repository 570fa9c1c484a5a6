from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from apps.accounts.models import User
from apps.common.tokens import token_hash
from apps.publishing.models import Feed
from apps.publishing.services import create_feed
from apps.windows.models import MaintenanceWindow, WindowStatus
from demo.places import Places

from . import base, windows
from .readers import write_answers
from .tickets import write_tickets


@transaction.atomic
def prepare(*, now: datetime) -> User:
    """Makes what is missing; a second time there is little to do."""
    planner = base.make_planner()
    base.make_team()
    base.make_services()
    base.make_contacts()
    windows.end_overrun(planner, now=now)
    _make_windows(planner, now=now)
    return planner


def release(planner: User, *, folder: Path, now: datetime) -> dict[str, str]:
    """Makes the compressed campaign anew; returns what the newcomer is to be told."""
    campaign = windows.compressed(planner, now=now)
    return {
        "user": base.USERNAME,
        "password": base.PASSWORD,
        "feed": _feed(Places(folder=folder), planner, now=now),
        "watch": reverse("dashboard:live", args=[campaign.pk]),
        "title": campaign.window.title,
        "starts_at": campaign.window.starts_at.isoformat(),
    }


def _make_windows(planner: User, *, now: datetime) -> None:
    """Each where none such is left: a demo of last week has no window that runs now."""
    if not _named(windows.FINISHED).exists():
        campaign = windows.finished(planner, now=now)
        write_answers(campaign, now=now)
        write_tickets(campaign, now=now)
    if not _named(windows.RUNNING).filter(status=WindowStatus.IN_PROGRESS, ends_at__gt=now).exists():
        write_answers(windows.running(planner, now=now), now=now)
    if not _named(windows.PLANNED).filter(status=WindowStatus.SCHEDULED, starts_at__gt=now + timedelta(days=7)).exists():
        write_answers(windows.planned(planner, now=now), now=now)


def _named(script: windows.Script) -> "QuerySet[MaintenanceWindow]":
    return MaintenanceWindow.objects.filter(title=script.title)


def _feed(places: Places, planner: User, *, now: datetime) -> str:
    """The address of the demo's calendar; its token is kept beside the database, as no real installation would."""
    token = places.feed_token.read_text() if places.feed_token.exists() else ""
    if not Feed.objects.filter(token_hash=token_hash(token), revoked_at=None).exists():
        _, token = create_feed(name="Ana's calendar", language="en", owner=planner, actor=planner, now=now)
        places.write_private(places.feed_token, token)
    return reverse("publishing:feed", args=[f"{token}.ics"])
