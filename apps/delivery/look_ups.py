"""Asks providers what became of messages in doubt, where they can be asked.

A provider that is silent costs a sweep one time-out and is left alone for a while. No transaction is open while it is
asked. That it knows of no such message proves nothing by itself: it is shown to people, and the channel's policy decides.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from apps.channels.contract import Transport
from apps.channels.messages import Message, TransportError
from apps.channels.models import Channel
from apps.channels.registry import TRANSPORTS, transport_for
from apps.channels.traces import Trace
from apps.common.text import one_line

from .compose import compose_batch
from .models import Batch, Delivery, DeliveryState, LookUp, LookUpAnswer
from .policy import FIRST_LOOK_UP, DeliveryReason, next_look_up
from .resolutions import conclude
from .trail import By
from .waiting import rows_of

MOST_AT_ONCE = 50
LONGEST_SECONDS = 10.0  # of one sweep
ANSWER_SECONDS = 5.0
SILENCE_PAUSE = timedelta(minutes=1)  # for which a provider that did not say is left alone
LONGEST_TEXT = 200


def can_look_up() -> list[str]:
    return [kind for kind, transport in TRANSPORTS.items() if transport.can_look_up]


def askable(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return rows.filter(state=DeliveryState.IN_DOUBT, batch__channel__kind__in=can_look_up())


def look_up_doubts(now: datetime) -> int:
    """Asks about the doubts whose turn it is; returns how many it ended."""
    silent = LookUp.objects.filter(answer=LookUpAnswer.UNSAID, at__gt=now - SILENCE_PAUSE)
    its_turn = Q(look_up__isnull=True, sent_at__lte=now - FIRST_LOOK_UP) | Q(look_up__next_at__lte=now)
    rows = Delivery.objects.in_doubt().filter(its_turn).exclude(batch__channel__in=silent.values("delivery__batch__channel"))
    answers = look_up_now(rows.order_by(F("look_up__next_at").asc(nulls_first=True), "sent_at", "pk"), now=now)
    return answers[LookUpAnswer.ACCEPTED] + answers[LookUpAnswer.FAILED]


def look_up_now(rows: QuerySet[Delivery], *, now: datetime) -> Counter[str]:
    """Asks about the first of `rows`, as many as time allows; counts the answers. Not to be called in a transaction."""
    ends = time.monotonic() + LONGEST_SECONDS
    answers: Counter[str] = Counter()
    for channel, batches in _by_channel(askable(rows).select_related("contact")[:MOST_AT_ONCE]).items():
        transport = transport_for(channel, answer_timeout=ANSWER_SECONDS)
        if not transport.can_look_up:  # it stands in for one whose settings are wrong
            continue
        try:
            answers.update(_ask_all(transport, batches, ends=ends, now=now))
        finally:
            transport.close()
    return answers


def _by_channel(rows: Iterable[Delivery]) -> Mapping[Channel, list[tuple[Batch, list[Delivery]]]]:
    of_batch: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in rows:
        if delivery.batch_id is not None:
            of_batch[delivery.batch_id].append(delivery)
    related = Batch.objects.select_related("touchpoint__campaign__window", "touchpoint__segment", "channel")
    found: dict[Channel, list[tuple[Batch, list[Delivery]]]] = defaultdict(list)
    for batch in related.filter(pk__in=of_batch):
        found[batch.channel].append((batch, of_batch[batch.pk]))
    return found


def _ask_all(
    transport: Transport, batches: Iterable[tuple[Batch, Sequence[Delivery]]], *, ends: float, now: datetime
) -> Counter[str]:
    """Until all are asked, time is up, or the provider falls silent."""
    answers: Counter[str] = Counter()
    for batch, deliveries in batches:
        named = {delivery.pk: delivery for delivery in deliveries}
        rows = rows_of(Delivery.objects.filter(pk__in=named))
        for row, message in compose_batch(batch, rows, at=batch.composed_at or now).messages:
            delivery = named[row.pk]
            if time.monotonic() >= ends:
                return answers
            answer, text = _ask(transport, delivery, message, now=now)
            answers[answer] += 1
            _keep(delivery, answer, text, now=now)
            if answer == LookUpAnswer.UNSAID:
                return answers
    return answers


def _ask(transport: Transport, delivery: Delivery, message: Message, *, now: datetime) -> tuple[LookUpAnswer, str]:
    try:
        traces = transport.look_up(message, around=delivery.sent_at or now)
    except TransportError as error:
        return LookUpAnswer.UNSAID, error.text
    trace = next((trace for trace in traces if not _is_of_another(trace, delivery)), None)
    if trace is None:
        return LookUpAnswer.NOT_FOUND, ""
    _conclude(delivery, trace, now=now)
    return (LookUpAnswer.ACCEPTED if trace.accepted else LookUpAnswer.FAILED), trace.text


def _is_of_another(trace: Trace, delivery: Delivery) -> bool:
    """Two people may share a number, and then their messages look alike."""
    return Delivery.objects.filter(provider_id=trace.provider_id).exclude(pk=delivery.pk).exclude(provider_id="").exists()


def _conclude(delivery: Delivery, trace: Trace, *, now: datetime) -> None:
    rows = Delivery.objects.filter(pk=delivery.pk)
    if trace.accepted:
        conclude(rows, to=DeliveryState.SENT, reason="", by=By.LOOK_UP, provider_id=trace.provider_id, now=now)
        return
    reason = DeliveryReason.BAD_ADDRESS if trace.bad_address else DeliveryReason.REFUSED
    conclude(rows, to=DeliveryState.FAILED, reason=reason, by=By.LOOK_UP, provider_id=trace.provider_id, code=trace.code, now=now)


@transaction.atomic
def _keep(delivery: Delivery, answer: LookUpAnswer, text: str, *, now: datetime) -> None:
    known = LookUp.objects.select_for_update().filter(delivery=delivery).first()
    times = known.times + 1 if known else 1
    hidden = text.replace(delivery.address, "…") if delivery.address else text
    LookUp.objects.update_or_create(
        delivery=delivery,
        defaults={
            "at": now,
            "times": min(times, 1000),
            "answer": answer,
            "text": one_line(hidden)[:LONGEST_TEXT],
            "next_at": max((delivery.sent_at or now) + next_look_up(times), now + FIRST_LOOK_UP),
        },
    )
