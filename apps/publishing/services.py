"""What can be done to feeds, and what is noted about them."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import record
from apps.common.tokens import random_token, token_hash
from apps.windows.models import Service

from .calendars import Selection, marker_of, render_calendar
from .models import Feed, FeedEdition

USE_NOTED_EVERY = timedelta(hours=1)


class FeedError(ValidationError):
    """Refuses a change to a feed, in a sentence for the planner; nothing has been written."""


@transaction.atomic
def create_feed(
    *,
    name: str,
    language: str,
    services: Sequence[Service] = (),
    owner: User | None = None,
    actor: User | None,
    now: datetime,
) -> tuple[Feed, str]:
    """The feed and its token, which is not kept and cannot be shown again."""
    token = random_token()
    feed = Feed.objects.create(name=name, language=language, owner=owner, token_hash=token_hash(token))
    feed.services.set(services)
    record("feed.created", subject=feed, actor=actor, now=now, name=name)
    return feed, token


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


def note_use(feed: Feed, *, now: datetime) -> None:
    """Keeps when the feed was last asked for, to the hour: calendars ask often, and a poll should not write."""
    before = now - USE_NOTED_EVERY
    if feed.last_used_at is None or feed.last_used_at <= before:
        unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lte=before)
        Feed.objects.filter(unnoted, pk=feed.pk).update(last_used_at=now)


def unchanged_edition(selection: Selection, *, now: datetime) -> FeedEdition | None:
    """What the address said last, if it still says the same; None asks for `render_edition`."""
    edition = selection.edition
    return edition if edition and edition.marker == marker_of(selection, now) else None


def render_edition(selection: Selection, *, now: datetime) -> tuple[FeedEdition, bytes]:
    """The calendar's bytes, and the edition that they are: a new one only if they differ from the last."""
    marker = marker_of(selection, now)  # before rendering: what changes meanwhile is found next time
    body = render_calendar(selection, now)
    etag = hashlib.sha256(body).hexdigest()[:32]
    known = selection.edition
    if known and (known.marker, known.etag) == (marker, etag):
        return known, body
    with transaction.atomic():
        edition, _is_new = FeedEdition.objects.select_for_update().get_or_create(
            feed=selection.feed,
            service_slug=selection.service.slug if selection.service else "",
            defaults={"marker": marker, "etag": etag, "changed_at": now},
        )
        if (edition.marker, edition.etag) != (marker, etag):
            if edition.etag != etag:
                # HTTP's dates know whole seconds only: two editions must not share one.
                edition.changed_at = max(now, edition.changed_at + timedelta(seconds=1))
            edition.marker, edition.etag = marker, etag
            edition.save(update_fields=["marker", "etag", "changed_at"])
    return edition, body
