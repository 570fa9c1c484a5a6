"""Another attempt for what has failed: of a whole campaign at once, while it is of use and still true.

Never for addresses that are dead, for people who asked to be left alone, for what may have arrived, or for whom another
channel has told meanwhile.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet

from apps.accounts.models import User
from apps.accounts.services import record_each
from apps.campaigns.models import OPEN_STATES, RETRY_TRANSITIONS, Anchor, Audience, Campaign, Touchpoint, TouchpointState
from apps.campaigns.plans import MOVES, plan_step
from apps.common.states import move
from apps.windows.models import RevisionChange, WindowRevision, WindowStatus

from .models import Batch, Delivery, DeliveryQuerySet, DeliveryState
from .policy import DeliveryReason
from .settle import requeue

# What a person may have mended meanwhile; "refused" may be a rule of the provider that no longer stands.
RETRYABLE_REASONS = (
    DeliveryReason.CONTENT_ERROR,
    DeliveryReason.CRASHED,
    DeliveryReason.ATTEMPTS_USED_UP,
    DeliveryReason.REFUSED,
)
MOST_AT_ONCE = 20_000
GOES_AGAIN = (*OPEN_STATES, TouchpointState.SENT)


def still_of_use(touchpoints: Iterable[Touchpoint], *, now: datetime) -> list[Touchpoint]:
    """Those of one campaign of which something may go again: not past their use, and what they say holds.

    One query. They need `campaign.window`, `channel` and `step.channel`.
    """
    rows = [row for row in touchpoints if row.state in GOES_AGAIN and row.useful_until and row.useful_until > now]
    if not rows:
        return []
    moves = WindowRevision.objects.filter(window=rows[0].campaign.window_id, change__in=(*MOVES, RevisionChange.CANCELLED))
    last_move = moves.aggregate(number=Max("number"))["number"] or 0
    return [row for row in rows if row.channel.is_enabled and row.revision >= last_move and _still_holds(row)]


def _still_holds(row: Touchpoint) -> bool:
    """Whether neither the start nor the end of the work has overtaken what it says."""
    window, step = row.campaign.window, row.step
    if row.step_key == "cancellation":
        return window.status == WindowStatus.CANCELLED
    if window.actual_ended_at is not None:
        return step is not None and step.anchor == Anchor.ACTUAL_END
    if step is None:
        return row.step_key == "correction"
    return not (plan_step(step).is_reminder and window.actual_started_at is not None)


def retryable(rows: QuerySet[Delivery], touchpoints: Collection[Touchpoint]) -> DeliveryQuerySet:
    """Those of `rows` that may go again, of touchpoints that are `still_of_use`."""
    told_otherwise = Delivery.objects.told_or_waiting().filter(
        contact=OuterRef("contact"),
        touchpoint__audience=Audience.FAILED,
        touchpoint__campaign=OuterRef("touchpoint__campaign"),
        touchpoint__step_key=OuterRef("touchpoint__step_key"),
        touchpoint__occurrence=OuterRef("touchpoint__occurrence"),
    )
    failed = Delivery.objects.with_a_reason().filter(
        ~Exists(told_otherwise),
        touchpoint__in=[row.pk for row in touchpoints],
        state=DeliveryState.FAILED,
        reason__in=RETRYABLE_REASONS,
        revision=F("touchpoint__revision"),
        batch__isnull=False,
    )
    return failed.filter(pk__in=rows.order_by().values("pk"))


def retry_failed(campaign: Campaign, rows: QuerySet[Delivery], *, actor: User | None, now: datetime) -> int:
    """Sends the `retryable` of `rows` again at the pace of their channels; returns how many.

    In pieces of a batch each, and not more than MOST_AT_ONCE: a person waits for it.
    """
    touchpoints = still_of_use(_touchpoints(campaign), now=now)
    ids = list(retryable(rows, touchpoints).order_by("touchpoint", "pk").values_list("touchpoint", "pk")[:MOST_AT_ONCE])
    of_touchpoint: dict[int, list[int]] = {}
    for touchpoint, pk in ids:
        of_touchpoint.setdefault(touchpoint, []).append(pk)
    size = settings.DELIVERY_BATCH_SIZE
    return sum(
        _retry(campaign, touchpoint, chosen[first : first + size], actor=actor, now=now)
        for touchpoint, chosen in of_touchpoint.items()
        for first in range(0, len(chosen), size)
    )


def _touchpoints(campaign: Campaign) -> QuerySet[Touchpoint]:
    return Touchpoint.objects.filter(campaign=campaign).select_related("campaign__window", "channel", "step__channel")


@transaction.atomic
def _retry(campaign: Campaign, touchpoint_id: int, ids: Sequence[int], *, actor: User | None, now: datetime) -> int:
    """Its campaign is locked first, as for re-planning and for taking over what failed: one of them comes first, and the
    others see it. Then the touchpoint, as the engine's marks do."""
    Campaign.objects.select_for_update(of=("self",), no_key=True).get(pk=campaign.pk)
    touchpoint = _touchpoints(campaign).select_for_update(of=("self",), no_key=True).get(pk=touchpoint_id)
    if not still_of_use([touchpoint], now=now):
        return 0
    chosen = list(retryable(Delivery.objects.filter(pk__in=ids), [touchpoint]).select_for_update(of=("self",)))
    if not chosen or not reopen(touchpoint):
        return 0
    like = Batch.objects.get(pk=chosen[0].batch_id or 0)
    failed = Delivery.objects.filter(pk__in=[row.pk for row in chosen], state=DeliveryState.FAILED)
    count = requeue(failed, like=like, reason=DeliveryReason.BY_HAND, not_before=now, now=now)
    record_each(
        "delivery.retried",
        subjects=Delivery,
        ids=[row.pk for row in chosen],
        actor=actor,
        now=now,
        was=DeliveryState.FAILED.value,
    )
    return count


def reopen(touchpoint: Touchpoint) -> bool:
    """A touchpoint that had ended goes on; when its first message left stays on record. False where it may not."""
    if touchpoint.state in OPEN_STATES:
        return True
    to = TouchpointState.SENDING if touchpoint.first_sent_at else TouchpointState.DUE
    row = Touchpoint.objects.filter(pk=touchpoint.pk, revision=touchpoint.revision)
    return bool(move(row, to=to, transitions=RETRY_TRANSITIONS, reason="", settled_at=None))
