"""A touchpoint's own text: what it says in place of the template, in one campaign and one language."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services import record
from apps.windows.models import UNDER_WAY_STATUSES

from .content import ContentError, Material, gather
from .models import STILL_TO_LEAVE, Touchpoint, TouchpointState, TouchpointText

Words = tuple[str, str]  # subject and body


def effective(material: Material, language: str) -> Words:
    """What the touchpoint says in `language` as things stand; nothing where no text fits."""
    try:
        source = material.source(language)
    except ContentError:
        return "", ""
    return (source.subject.strip(), source.body.strip()) if source.language == language else ("", "")


def template_words(touchpoint: Touchpoint, language: str) -> Words:
    """What it would say without a text of its own."""
    material = gather(touchpoint)
    return effective(Material(touchpoint=touchpoint, facts=material.facts, templates=material.templates), language)


def mark_of(words: Words) -> str:
    """Changes with what was seen, so that nobody overwrites what they have not read."""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]


@transaction.atomic
def edit_text(
    touchpoints: Sequence[Touchpoint], *, language: str, subject: str, body: str, actor: User | None, now: datetime
) -> int:
    """Gives `touchpoints` these words in `language`; an empty body takes their own words away again. Returns how many changed.

    Only while the work is under way, for before that a text is content, which may need an approval; and while nothing of
    a touchpoint has left, for what some have read is not changed for the rest.
    """
    waiting = [state for state in STILL_TO_LEAVE if state != TouchpointState.SENDING]
    rows = Touchpoint.objects.filter(pk__in=[row.pk for row in touchpoints], state__in=waiting)
    rows = rows.filter(campaign__window__status__in=UNDER_WAY_STATUSES)
    return sum(
        _edit(row, language, (subject.strip(), body.strip()), actor=actor, now=now)
        for row in rows.select_for_update(of=("self",), no_key=True).order_by("pk")
    )


def _edit(row: Touchpoint, language: str, words: Words, *, actor: User | None, now: datetime) -> bool:
    own = TouchpointText.objects.filter(touchpoint=row, language=language).first()
    before = (own.subject, own.body) if own else ("", "")
    after = words if words[1] else ("", "")
    if before == after:
        return False
    if not after[1]:
        TouchpointText.objects.filter(touchpoint=row, language=language).delete()
    else:
        values = {"subject": after[0], "body": after[1]}
        TouchpointText.objects.update_or_create(touchpoint=row, language=language, defaults=values)
    pairs = zip(("subject", "body"), zip(before, after, strict=True), strict=True)
    changes = {name: list(pair) for name, pair in pairs if pair[0] != pair[1]}
    record("touchpoint.text_edited", subject=row, actor=actor, now=now, language=language, changes=changes)
    return True
