"""What can be done to feeds, and what is noted about them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record, record_change
from apps.accounts.trail.snapshots import taken
from apps.audiences.models import Segment
from apps.common.tokens import random_token, token_hash
from apps.windows.models import Service

from .models import Detail, Feed

USE_NOTED_EVERY = timedelta(hours=1)


class FeedError(ValidationError):
    """Refuses a change to a feed, in a sentence for the planner; nothing has been written."""


@transaction.atomic
def create_feed(
    *,
    name: str,
    language: str,
    services: Sequence[Service] = (),
    segments: Sequence[Segment] = (),
    detail: str = Detail.CUSTOMER,
    reminders: Sequence[int] = (),
    has_meetings: bool = False,
    has_touchpoints: bool = False,
    owner: User | None = None,
    actor: User | None,
    now: datetime,
) -> tuple[Feed, str]:
    """The feed and its token, which is not kept and cannot be shown again."""
    token = random_token()
    feed = Feed(
        name=name,
        language=language,
        detail=detail,
        reminders=list(reminders),
        has_meetings=has_meetings,
        has_touchpoints=has_touchpoints,
        owner=owner,
        token_hash=token_hash(token),
    )
    _check(feed)
    feed.save(force_insert=True)
    feed.services.set(services)
    feed.segments.set(segments)
    record("feed.created", subject=feed, actor=actor, now=now, name=name)
    return feed, token


@transaction.atomic
def change_wishes(feed: Feed, *, language: str, reminders: Sequence[int], actor: User | None, now: datetime) -> None:
    """What a subscriber may decide alone."""
    wished = {"language": language, "reminders": list(reminders)}
    if wished == {name: getattr(feed, name) for name in wished}:
        return
    before = taken(feed, only=wished)
    for name, value in wished.items():
        setattr(feed, name, value)
    _check(feed)
    feed.save(update_fields=[*wished, "updated_at"])
    record_change("feed.wishes_changed", subject=feed, before=before, actor=actor, now=now, **wished)


@transaction.atomic
def rotate_feed(feed: Feed, *, actor: User | None, now: datetime) -> str:
    """A new token; the address known so far stops answering at once."""
    token = random_token()
    if not Feed.objects.filter(pk=feed.pk, revoked_at__isnull=True).update(token_hash=token_hash(token)):
        raise FeedError(_("“%(name)s” was revoked. Create a new feed instead.") % {"name": feed.name}, code="revoked")
    record("feed.rotated", subject=feed, actor=actor, now=now)
    return token


@transaction.atomic
def revoke_feed(feed: Feed, *, actor: User | None, now: datetime) -> None:
    """The address stops answering for good. Repeating it does no harm."""
    if Feed.objects.filter(pk=feed.pk, revoked_at__isnull=True).update(revoked_at=now):
        record("feed.revoked", subject=feed, actor=actor, now=now)


def note_use(feed: Feed, *, client: str, now: datetime) -> None:
    """Keeps when and by which program the feed was last asked for, to the hour: calendars ask often, and a poll should not
    write."""
    before = now - USE_NOTED_EVERY
    if feed.last_used_at is None or feed.last_used_at <= before:
        unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lte=before)
        Feed.objects.filter(unnoted, pk=feed.pk).update(last_used_at=now, last_client=client)


def _check(feed: Feed) -> None:
    try:
        feed.full_clean()
    except ValidationError as error:
        raise FeedError(error.messages) from error
