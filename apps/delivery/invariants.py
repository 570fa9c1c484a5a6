"""What must always hold of the ledger. Each invariant is a query for the rows that break it; none is the healthy answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.campaigns.models import OPEN_STATES, Audience, Campaign, Reason, Touchpoint, TouchpointState
from apps.channels.models import Channel
from apps.windows.models import RevisionChange, WindowRevision

from .models import IN_HAND, TOLD_STATES, Attempt, Batch, BatchState, Delivery, DeliveryState, Expansion, Installation, Invitation
from .policy import EVIDENCE_WAIT, DeliveryReason

Find = Callable[[datetime], QuerySet[Any]]

# Housekeeping runs every few seconds; so long after something came due it must have been dealt with.
GRACE = timedelta(minutes=5)
# Clocks of web hosts and of the database may differ by so much.
CLOCK_TOLERANCE = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Invariant:
    name: str
    meaning: str | Promise
    offenders: Find


def counts_that_do_not_add_up(now: datetime) -> QuerySet[Any]:
    """Expansions whose deliveries are not as many as there were recipients."""
    rows = Delivery.objects.filter(touchpoint=OuterRef("touchpoint"), revision=OuterRef("revision")).order_by()
    count = rows.values("touchpoint").annotate(count=Count("pk")).values("count")
    return Expansion.objects.annotate(written=Coalesce(Subquery(count), 0)).exclude(written=F("recipients"))


def open_without_expansion(now: datetime) -> QuerySet[Any]:
    written = Expansion.objects.filter(touchpoint=OuterRef("pk"), revision=OuterRef("revision"))
    return Touchpoint.objects.filter(~Exists(written), state__in=OPEN_STATES)


def left_off_in_the_middle(now: datetime) -> QuerySet[Any]:
    """Expansions that nobody went on with, although their touchpoint is free."""
    going = Touchpoint.objects.going().values("pk")
    left = Expansion.objects.to_finish(now).filter(written_at__lt=now - GRACE, touchpoint__in=going)
    return left.exclude(Exists(Installation.objects.halted()))


def deliveries_without_a_known_reason(now: datetime) -> QuerySet[Any]:
    plain = (DeliveryState.PENDING, DeliveryState.SENT)
    known = [reason.value for reason in DeliveryReason]
    # A bounce is kept in the words of the event that reported it.
    told_and_failed = Q(state=DeliveryState.FAILED, sent_at__isnull=False)
    return Delivery.objects.exclude(state__in=plain).exclude(reason__in=known).exclude(told_and_failed & ~Q(reason=""))


def touchpoints_without_a_known_reason(now: datetime) -> QuerySet[Any]:
    leaves = (TouchpointState.PLANNED, TouchpointState.DUE, TouchpointState.SENDING, TouchpointState.SENT)
    return Touchpoint.objects.exclude(state__in=leaves).exclude(reason__in=Reason.values)


def people_told_a_moment_twice(now: datetime) -> QuerySet[Any]:
    """The same person, moment and channel: more than one message left, or may have."""
    told = Delivery.objects.told().filter(contact__isnull=False).order_by()
    moment = ("contact", "touchpoint__campaign", "touchpoint__step_key", "touchpoint__occurrence", "touchpoint__channel")
    twice: QuerySet[Any] = told.values(*moment).annotate(times=Count("pk")).filter(times__gt=1)
    return twice


def unsettled_past_their_use(now: datetime) -> QuerySet[Any]:
    too_old = Q(touchpoint__useful_until__lt=now - GRACE - EVIDENCE_WAIT)
    rows = Delivery.objects.unsettled().filter(too_old).exclude(batch__state__in=IN_HAND)
    return rows.exclude(_still_waits_for_evidence(now))


def doubts_left_alone(now: datetime) -> QuerySet[Any]:
    doubts = Delivery.objects.in_doubt().filter(sent_at__lt=now - EVIDENCE_WAIT - GRACE)
    return doubts.exclude(_still_waits_for_evidence(now))


def _still_waits_for_evidence(now: datetime) -> Q:
    """Doubts of channels that wait longer than usual, as long as they do."""
    still = Q(pk__in=())
    for pk, minutes in Channel.objects.filter(evidence_minutes__isnull=False).values_list("pk", "evidence_minutes"):
        wait = timedelta(minutes=minutes or 0) + GRACE
        still |= Q(state=DeliveryState.IN_DOUBT, batch__channel=pk, sent_at__gte=now - wait)
    return still


def told_without_a_mark(now: datetime) -> QuerySet[Any]:
    """Handed over, or perhaps, by a batch that was never marked, or before it was.

    What waited to be repeated is in a batch of its own; the hand-over of which nobody knows the end is on record.
    """
    marked = Q(batch__marked_at__isnull=False, batch__marked_at__lte=F("sent_at"))
    doubted = Attempt.objects.filter(delivery=OuterRef("pk"), outcome=DeliveryState.IN_DOUBT)
    return Delivery.objects.told().exclude(marked | Exists(doubted))


def waiting_in_a_finished_batch(now: datetime) -> QuerySet[Any]:
    return Delivery.objects.filter(state=DeliveryState.PENDING, batch__state=BatchState.DONE)


def deliveries_of_another_batch(now: datetime) -> QuerySet[Any]:
    same = Q(batch__touchpoint=F("touchpoint"), batch__revision=F("revision"))
    return Delivery.objects.filter(batch__isnull=False).exclude(same)


def ended_with_unsettled_deliveries(now: datetime) -> QuerySet[Any]:
    unsettled = Delivery.objects.unsettled().filter(touchpoint=OuterRef("pk"), revision=OuterRef("revision"))
    return Touchpoint.objects.filter(Exists(unsettled), state=TouchpointState.SENT)


def abandoned_batches(now: datetime) -> QuerySet[Any]:
    return Batch.objects.abandoned(now - GRACE)


def batches_of_stopped_touchpoints(now: datetime) -> QuerySet[Any]:
    return Batch.objects.stopped().filter(not_before__lt=now - GRACE, created_at__lt=now - GRACE)


def past_use_and_still_open(now: datetime) -> QuerySet[Any]:
    in_doubt = Delivery.objects.in_doubt().filter(touchpoint=OuterRef("pk"))
    in_hand = Batch.objects.in_hand().filter(touchpoint=OuterRef("pk"))
    return Touchpoint.objects.past_use(now - GRACE).filter(~Exists(in_doubt), ~Exists(in_hand))


def marked_after_a_newer_revision(now: datetime) -> QuerySet[Any]:
    """Batches marked although the window's times had changed, or their touchpoint had been written anew."""
    moves = (RevisionChange.RESCHEDULED, RevisionChange.EXTENDED, RevisionChange.CANCELLED)
    moved = WindowRevision.objects.filter(
        window__campaign__touchpoints=OuterRef("touchpoint"),
        number__gt=OuterRef("revision"),
        change__in=moves,
        changed_at__lt=OuterRef("marked_at") - CLOCK_TOLERANCE,
    )
    rewritten = Expansion.objects.filter(
        touchpoint=OuterRef("touchpoint"),
        revision__gt=OuterRef("revision"),
        written_at__lt=OuterRef("marked_at") - CLOCK_TOLERANCE,
    )
    return Batch.objects.filter(Exists(moved) | Exists(rewritten), marked_at__isnull=False)


def marked_while_paused(now: datetime) -> QuerySet[Any]:
    """Of what is paused now, batches marked since; of earlier pauses nothing is kept but the audit trail."""
    since = F("marked_at") - CLOCK_TOLERANCE
    by_campaign = Touchpoint.objects.filter(campaign__in=Campaign.objects.paused())
    return Batch.objects.filter(
        Q(touchpoint__in=Touchpoint.objects.paused(), touchpoint__paused_at__lt=since)
        | Q(touchpoint__in=by_campaign, touchpoint__campaign__paused_at__lt=since)
        | Q(channel__in=Channel.objects.paused(), channel__paused_at__lt=since)
    )


def fallbacks_to_the_told(now: datetime) -> QuerySet[Any]:
    """People told by a second channel although the first one had told them, or may have."""
    first = Delivery.objects.told().filter(
        contact=OuterRef("contact"),
        touchpoint__audience=Audience.SEGMENT,
        touchpoint__campaign=OuterRef("touchpoint__campaign"),
        touchpoint__step_key=OuterRef("touchpoint__step_key"),
        touchpoint__occurrence=OuterRef("touchpoint__occurrence"),
    )
    return Delivery.objects.told().filter(Exists(first), touchpoint__audience=Audience.FAILED)


def corrections_to_nobody(now: datetime) -> QuerySet[Any]:
    """Corrections to people to whom this column never said anything before, not even something that came back."""
    before = Delivery.objects.filter(
        sent_at__isnull=False,
        touchpoint__campaign=OuterRef("touchpoint__campaign"),
        touchpoint__segment=OuterRef("touchpoint__segment"),
        touchpoint__channel=OuterRef("touchpoint__channel"),
        contact=OuterRef("contact"),
        revision__lt=OuterRef("revision"),
    )
    corrections = Delivery.objects.filter(touchpoint__audience=Audience.TOLD, contact__isnull=False)
    return corrections.filter(state__in=TOLD_STATES).exclude(Exists(before))


def _of_the_same_calendar(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those of `rows` by which the same person got a calendar part of the same campaign from the same organizer."""
    channel = {"touchpoint__channel": OuterRef("touchpoint__channel")}
    return rows.filter(contact=OuterRef("contact"), touchpoint__campaign=OuterRef("touchpoint__campaign"), **channel)


def cancelled_for_the_uninvited(now: datetime) -> QuerySet[Any]:
    """A cancellation in the calendar of somebody to whom no invitation was ever handed over."""
    asked = _of_the_same_calendar(Delivery.objects.invited().filter(sent_at__isnull=False))
    ends = Delivery.objects.told().filter(~Q(invitation=Invitation.NONE), invitation=Invitation.CANCEL)
    return ends.exclude(Exists(asked))


def corrected_beside_their_calendar(now: datetime) -> QuerySet[Any]:
    """Who holds an invitation was told in words alone that the window has moved or is cancelled."""
    held = _of_the_same_calendar(Delivery.objects.invited().told()).filter(revision__lt=OuterRef("revision"))
    kept = Delivery.objects.told().filter(~Q(invitation=Invitation.NONE), revision__gte=OuterRef("revision"))
    corrections = Delivery.objects.told().filter(touchpoint__audience=Audience.TOLD, invitation=Invitation.NONE)
    return corrections.filter(Exists(held)).exclude(Exists(_of_the_same_calendar(kept)))


INVARIANTS: Sequence[Invariant] = (
    Invariant(
        name="counts-add-up",
        meaning=_("Each touchpoint has one delivery per recipient, whatever became of them."),
        offenders=counts_that_do_not_add_up,
    ),
    Invariant(name="open-is-expanded", meaning=_("What is due has its deliveries."), offenders=open_without_expansion),
    Invariant(
        name="all-are-written",
        meaning=_("What is written in part is written to its end."),
        offenders=left_off_in_the_middle,
    ),
    Invariant(
        name="deliveries-have-reasons",
        meaning=_("No delivery is left out, failed or in doubt without a reason."),
        offenders=deliveries_without_a_known_reason,
    ),
    Invariant(
        name="touchpoints-have-reasons",
        meaning=_("No touchpoint is held, skipped, missed, superseded or cancelled without a reason."),
        offenders=touchpoints_without_a_known_reason,
    ),
    Invariant(name="nobody-is-told-twice", meaning=_("Nobody hears of a moment twice."), offenders=people_told_a_moment_twice),
    Invariant(name="settled-past-use", meaning=_("Nothing is unsettled past its use."), offenders=unsettled_past_their_use),
    Invariant(name="doubts-end", meaning=_("No doubt is left alone."), offenders=doubts_left_alone),
    Invariant(
        name="marked-before-sent", meaning=_("Nothing was handed over without a mark before it."), offenders=told_without_a_mark
    ),
    Invariant(
        name="waiting-has-a-batch",
        meaning=_("What waits is in a batch that will be taken."),
        offenders=waiting_in_a_finished_batch,
    ),
    Invariant(
        name="batch-fits",
        meaning=_("A delivery and its batch belong to the same touchpoint and revision."),
        offenders=deliveries_of_another_batch,
    ),
    Invariant(
        name="sent-is-settled",
        meaning=_("A touchpoint that is sent has nothing left to settle."),
        offenders=ended_with_unsettled_deliveries,
    ),
    Invariant(name="leases-end", meaning=_("No batch stays with a worker that is gone."), offenders=abandoned_batches),
    Invariant(
        name="stopped-is-closed",
        meaning=_("Nothing waits for a touchpoint that was stopped."),
        offenders=batches_of_stopped_touchpoints,
    ),
    Invariant(name="late-is-decided", meaning=_("No touchpoint is open past its use."), offenders=past_use_and_still_open),
    Invariant(
        name="no-stale-marks",
        meaning=_("Nothing leaves after what it says has become false."),
        offenders=marked_after_a_newer_revision,
    ),
    Invariant(name="pauses-hold", meaning=_("Nothing is marked while it is paused."), offenders=marked_while_paused),
    Invariant(
        name="fallbacks-to-the-unreached",
        meaning=_("A second channel goes only to people whom the first one did not reach."),
        offenders=fallbacks_to_the_told,
    ),
    Invariant(
        name="corrections-to-the-told",
        meaning=_("Corrections go only to people who were told something before."),
        offenders=corrections_to_nobody,
    ),
    Invariant(
        name="cancellations-to-the-invited",
        meaning=_("A calendar entry is cancelled only for people who were invited."),
        offenders=cancelled_for_the_uninvited,
    ),
    Invariant(
        name="calendars-follow",
        meaning=_("Whoever holds an invitation gets what becomes of it with the words about it."),
        offenders=corrected_beside_their_calendar,
    ),
)
