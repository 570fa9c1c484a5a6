"""Whether a feed still says what it said last, and what it says now: the same for every format."""

import hashlib
from datetime import datetime, timedelta

from django.db import transaction

from .markers import marker_of
from .models import FeedEdition
from .selections import Selection


def unchanged_edition(selection: Selection, *, now: datetime) -> FeedEdition | None:
    """What the address said last, if it still says the same; None asks for `render_edition`."""
    edition = selection.edition
    return edition if edition and edition.marker == marker_of(selection, now) else None


def render_edition(selection: Selection, *, now: datetime) -> tuple[FeedEdition, bytes]:
    """The feed's bytes, and the edition that they are: a new one only if they differ from the last."""
    marker = marker_of(selection, now)  # before rendering: what changes meanwhile is found next time
    body = selection.format.render(selection, now)
    etag = hashlib.sha256(body).hexdigest()[:32]
    known = selection.edition
    if known and (known.marker, known.etag) == (marker, etag):
        return known, body
    with transaction.atomic():
        edition, _is_new = FeedEdition.objects.select_for_update().get_or_create(
            feed=selection.feed,
            format=selection.format.name,
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
