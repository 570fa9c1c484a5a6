"""A moment's second channel: those whom the first could not reach for certain hear of it by the one that its step names.

Never while a message may have arrived, never to people who asked not to be written to, and to nobody who was told by
another channel. The touchpoint is made when the first failure is known, and takes on whoever fails later.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from apps.audiences.copying import begin_copying
from apps.audiences.models import Contact
from apps.campaigns.models import (
    FALLBACK_TRANSITIONS,
    OPEN_STATES,
    Anchor,
    Audience,
    Campaign,
    Reason,
    Touchpoint,
    TouchpointState,
)
from apps.campaigns.plans import MOVES, plan_step
from apps.channels.models import Channel
from apps.common.states import move
from apps.windows.models import WindowStatus

from . import audience
from .closing import finish_touchpoint
from .expand import prove
from .models import Batch, Delivery, DeliveryState
from .policy import DEFINITE_FAILURES, WITHOUT_ADDRESS
from .writing import plan_for_sets, write_people

logger = logging.getLogger(__name__)

FAILED_FOR_CERTAIN = Q(state=DeliveryState.FAILED, reason__in=DEFINITE_FAILURES) | Q(
    state=DeliveryState.SUPPRESSED, reason__in=WITHOUT_ADDRESS
)
LATEST_COMMIT = timedelta(minutes=5)  # a failure is seen so long after its own time at the latest
# A fallback that a person skipped, or that fell with its window, stays as it is.
REOPENS = Q(state__in=(*OPEN_STATES, TouchpointState.SENT)) | Q(
    state__in=(TouchpointState.SKIPPED, TouchpointState.MISSED), reason__in=(Reason.FALLBACK_STOPPED, Reason.NOT_SENT_IN_TIME)
)


def send_fallbacks(now: datetime) -> int:
    """Takes over what has failed for good since the last look; returns how many people are written to."""
    failures = Delivery.objects.filter(FAILED_FOR_CERTAIN, touchpoint=OuterRef("pk"), revision=OuterRef("revision"))
    originals = _originals(now).filter(Exists(failures)).order_by("pk").values_list("pk", flat=True)
    return sum(_take_over(pk, now=now) for pk in list(originals))


def _originals(now: datetime) -> QuerySet[Touchpoint]:
    """Touchpoints that are leaving or have left, are of use, and name another channel that works."""
    rows = Touchpoint.objects.going().filter(
        state__in=(*OPEN_STATES, TouchpointState.SENT),
        audience=Audience.SEGMENT,
        step__channel=F("channel"),  # a cell that was switched on by hand is only like the step it names
        step__fallback_channel__is_enabled=True,
        due_at__lte=now,
        useful_until__gt=now,
    )
    return rows.exclude(campaign__window__status=WindowStatus.CANCELLED).exclude(campaign__window__is_sample=True)


@transaction.atomic
def _take_over(original_id: int, *, now: datetime) -> int:
    """Expansions of one campaign run one after another, and so does this (see expand.py)."""
    begin_copying()
    plan_for_sets()
    Campaign.objects.select_for_update(of=("self",), no_key=True).filter(touchpoints=original_id).first()
    rows = _originals(now).select_related("campaign__window", "segment", "step__channel", "step__fallback_channel")
    original = rows.filter(pk=original_id).first()
    if original is None or original.step is None or _is_overtaken(original):
        return 0
    assert original.step.fallback_channel is not None, "an original names its second channel"
    fallback = _known(original, original.step.fallback_channel)
    if fallback is None:
        return 0
    if not _may_have_news(original, fallback, now):
        return 0
    people = unreached(original, fallback)
    if not people.exists():
        return 0
    if fallback.pk is None:
        fallback.save()
    return _write(fallback, original, people, now=now)


def _may_have_news(original: Touchpoint, fallback: Touchpoint, now: datetime) -> bool:
    """Whether something has failed since people were last taken over, or may have shortly before."""
    if fallback.expanded_at is None or now < fallback.expanded_at + LATEST_COMMIT:
        return True
    return _failures(original).filter(settled_at__gt=fallback.expanded_at).exists()


def _is_overtaken(original: Touchpoint) -> bool:
    """Whether what it says has become false since: another time, or work that has begun or ended."""
    window, step = original.campaign.window, original.step
    if step is None or window.revisions.filter(number__gt=original.revision, change__in=MOVES).exists():
        return True
    if window.actual_ended_at is not None and step.anchor not in (Anchor.ANNOUNCE, Anchor.ACTUAL_END):
        return True
    return plan_step(step).is_reminder and window.actual_started_at is not None


def _known(original: Touchpoint, channel: Channel) -> Touchpoint | None:
    """The fallback as it stands, or a new one, not saved; None where there may be none.

    That is where a step of its own already says the moment by this channel, where a person or a cancelled window has
    ended it, and while messages of an earlier revision are in a worker's hands.
    """
    moment = {
        "campaign": original.campaign,
        "step_key": original.step_key,
        "occurrence": original.occurrence,
        "segment": original.segment,
        "channel": channel,
    }
    standing = Touchpoint.objects.filter(**moment).select_related("campaign__window", "segment", "channel").first()
    if standing is None:
        return Touchpoint(**moment, audience=Audience.FAILED, state=TouchpointState.PLANNED, **_as_planned(original))
    may_go = Touchpoint.objects.filter(REOPENS, pk=standing.pk, audience=Audience.FAILED).exists()
    in_hand = Batch.objects.in_hand().filter(touchpoint=standing).exclude(revision=original.revision).exists()
    return standing if may_go and not in_hand else None


def _as_planned(original: Touchpoint) -> dict[str, Any]:
    return {
        "step": original.step,
        "content_key": original.content_key,
        "urgency": original.urgency,
        "is_mandatory": original.is_mandatory,
        "invites": original.invites,
        "attaches_maintnote": original.attaches_maintnote,
        "revision": original.revision,
        "due_at": original.due_at,
        "expand_at": original.due_at,
        "useful_until": original.useful_until,
    }


def _failures(original: Touchpoint) -> QuerySet[Delivery]:
    return Delivery.objects.filter(FAILED_FOR_CERTAIN, touchpoint=original, revision=original.revision)


def unreached(original: Touchpoint, fallback: Touchpoint) -> QuerySet[Contact]:
    """Whom `original` failed to reach for certain, and whom nothing else of the moment has told or is about to tell."""
    people: QuerySet[Contact] = Contact.objects.filter(
        pk__in=_failures(original).values("contact"), archived_at__isnull=True
    ).order_by()
    moment = {"touchpoint__campaign": original.campaign_id, "touchpoint__step_key": original.step_key}
    told = Delivery.objects.told().filter(**moment, touchpoint__occurrence=original.occurrence)
    people = audience.without(people, told)
    if fallback.pk is not None:
        taken = Delivery.objects.filter(touchpoint=fallback, revision=original.revision)
        people = audience.without(people, taken.exclude(state=DeliveryState.SUPERSEDED))
    return audience.without(people, audience.at_siblings(fallback))


def _write(fallback: Touchpoint, original: Touchpoint, people: QuerySet[Contact], *, now: datetime) -> int:
    """Writes the deliveries of `people` beside those that are there, and lets the touchpoint go (again)."""
    row = Touchpoint.objects.filter(pk=fallback.pk)
    planned = _as_planned(original) | {"due_at": fallback.due_at if fallback.expanded_at else now, "expanded_at": now}
    move(row, to=TouchpointState.DUE, transitions=FALLBACK_TRANSITIONS, reason="", settled_at=None, **planned)
    fallback = row.select_related("campaign__window", "segment", "channel").get()
    if fallback.state not in OPEN_STATES or fallback.revision != original.revision:
        return 0
    before = Delivery.objects.filter(touchpoint=fallback, state=DeliveryState.PENDING).count()
    write_people(fallback, people, now=now)
    prove(fallback, now=now)
    written = Delivery.objects.filter(touchpoint=fallback, state=DeliveryState.PENDING).count() - before
    finish_touchpoint(fallback.pk, now=now)  # at once, where none of them has an address for it either
    logger.info("Touchpoint %s: %s more people are told by %s", original.pk, written, fallback.channel)
    return written
