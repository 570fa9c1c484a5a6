"""A batch from the ledger to the provider and back, with the transport that keeps messages in the process."""

from datetime import timedelta

import pytest

from apps.audiences.models import Suppression
from apps.campaigns.models import Reason, Touchpoint, TouchpointState
from apps.channels.messages import Phase, TransportError
from apps.channels.models import Channel
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import compose, services, store
from apps.delivery.models import Attempt, Batch, BatchState, Delivery
from tests.factories import HOUR, NOW

from .engine import claimed, expanded, run, states, sweep, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("text")]

LATER = TransportError("452 try later", permanent=False, code="452")
REFUSED = TransportError("554 no", permanent=True, code="554")
NO_SUCH = TransportError("550 unknown user", permanent=True, code="550", bad_address=True)
LOST = TransportError("connection reset", permanent=False, phase=Phase.AFTER)
DOWN = TransportError("cannot connect", permanent=False, channel_down=True)


def test_everybody_gets_the_message_and_the_touchpoint_is_sent(outbox):
    touchpoint = expanded(3)

    work()

    touchpoint.refresh_from_db()
    assert len({message.address for message in outbox}) == 3
    assert states() == {"sent": 3}
    assert (touchpoint.state, touchpoint.reason) == (TouchpointState.SENT, "")
    assert timedelta(0) <= touchpoint.first_sent_at - NOW < timedelta(seconds=5)
    assert Attempt.objects.count() == 0


def test_a_sent_delivery_keeps_what_the_provider_called_it():
    expanded(1)
    work()

    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.provider_id, delivery.composed_at) == (1, f"memory-{delivery.token.hex}", NOW)
    assert delivery.sent_at >= NOW


def test_nothing_leaves_before_its_time(outbox):
    touchpoint = expanded(1, now=NOW - timedelta(minutes=5))

    assert work(NOW - timedelta(seconds=1)) == []
    work(touchpoint.due_at)
    assert len(outbox) == 1


def test_a_refusal_for_now_goes_again_after_a_pause(outbox):
    expanded(2)
    MemoryTransport.fail_next(LATER)

    work()
    assert states() == {"pending": 1, "sent": 1}
    assert work(NOW + timedelta(seconds=14)) == []
    work(NOW + timedelta(seconds=19))

    assert states() == {"sent": 2}
    assert [(row.number, row.outcome, row.code) for row in Attempt.objects.all()] == [(1, "pending", "452")]


def test_every_attempt_has_the_same_name_and_date(outbox, monkeypatch):
    expanded(1)
    seen = []
    hand_over = MemoryTransport.hand_over
    monkeypatch.setattr(
        MemoryTransport, "hand_over", lambda self, message, gate: (seen.append(message), hand_over(self, message, gate))[1]
    )
    MemoryTransport.fail_next(LATER)

    work()
    work(NOW + timedelta(minutes=1))

    assert len(seen) == 2
    assert seen[0].headers == seen[1].headers
    assert seen[0].key == seen[1].key


def test_a_refusal_for_good_fails_with_the_providers_words():
    expanded(1)
    MemoryTransport.fail_next(REFUSED)

    work()

    assert Delivery.objects.get().reason == "refused"
    assert Attempt.objects.get().text == "554 no"


def test_an_address_that_does_not_exist_is_never_used_again():
    expanded(1)
    MemoryTransport.fail_next(NO_SUCH)

    work()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("failed", "bad_address")
    assert Suppression.objects.get().address == delivery.address


def test_a_channel_that_is_down_costs_nobody_an_attempt(outbox):
    expanded(3)
    MemoryTransport.fail_next(None, DOWN)

    work()

    batch = Batch.objects.get(state=BatchState.READY)
    assert states() == {"sent": 1, "pending": 2}
    assert set(Delivery.objects.filter(state="pending").values_list("attempts", "reason")) == {(0, "channel_down")}
    assert (batch.standstills, batch.error) == (1, "cannot connect")
    run(NOW, minutes=2)
    assert states() == {"sent": 3}
    assert len(outbox) == 3


def test_a_channel_that_stays_down_is_tried_until_the_message_is_of_no_use():
    touchpoint = expanded(1)
    MemoryTransport.fail_next(*[DOWN] * 200)

    run(NOW, minutes=390, step=30)

    touchpoint.refresh_from_db()
    assert states() == {"expired": 1}
    assert (touchpoint.state, touchpoint.reason) == (TouchpointState.MISSED, Reason.NOT_SENT_IN_TIME)


def test_without_an_answer_a_routine_message_waits_for_evidence_and_is_then_unknown(outbox):
    touchpoint = expanded(1)
    MemoryTransport.fail_next(LOST)

    work()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("in_doubt", "no_answer")
    sweep(NOW + timedelta(minutes=14))
    assert states() == {"in_doubt": 1}
    sweep(NOW + timedelta(minutes=16))

    touchpoint.refresh_from_db()
    assert states() == {"unknown": 1}
    assert touchpoint.state == TouchpointState.SENT
    assert outbox == []


def test_without_an_answer_an_urgent_message_is_repeated_at_once(outbox):
    expanded(1, urgency="urgent")
    MemoryTransport.fail_next(LOST)

    work()
    work(NOW + timedelta(seconds=1))

    assert states() == {"sent": 1}
    assert [row.outcome for row in Attempt.objects.all()] == ["in_doubt"]
    assert Delivery.objects.get().attempts == 2


def test_an_urgent_message_is_not_repeated_for_ever(outbox):
    expanded(1, urgency="urgent")
    MemoryTransport.fail_next(*[LOST] * 10)

    run(NOW, minutes=20)

    assert states() == {"unknown": 1}
    assert Delivery.objects.get().attempts == 3


def test_evidence_settles_a_doubt():
    touchpoint = expanded(1)
    MemoryTransport.fail_next(LOST)
    work()

    assert services.record_evidence(Delivery.objects.get(), outcome="sent", reason="", now=NOW)

    touchpoint.refresh_from_db()
    assert states() == {"sent": 1}
    assert touchpoint.state == TouchpointState.SENT
    assert not services.record_evidence(Delivery.objects.get(), outcome="sent", reason="", now=NOW)


def test_a_bounce_undoes_an_acceptance():
    expanded(1)
    work()

    assert services.record_evidence(Delivery.objects.get(), outcome="failed", reason="bounced", now=NOW)
    assert states() == {"failed": 1}


def test_evidence_spares_a_repeat(outbox):
    expanded(1, urgency="urgent")
    MemoryTransport.fail_next(LOST, LOST)
    work()
    assert Delivery.objects.get().reason == "repeated"

    services.record_evidence(Delivery.objects.get(), outcome="sent", reason="", now=NOW)

    work(NOW + timedelta(minutes=1))
    assert states() == {"sent": 1}
    assert outbox == []


def test_who_unsubscribes_after_the_expansion_is_left_out(outbox):
    expanded(2)
    address = Delivery.objects.first().address
    Suppression.objects.create(kind="email", address=address, reason="unsubscribed")

    work()

    assert states() == {"suppressed": 1, "sent": 1}
    assert [message.address for message in outbox] != [address]


def test_a_recipient_whose_message_cannot_be_written_fails_alone(outbox, monkeypatch):
    expanded(3)
    unlucky = Delivery.objects.order_by("pk")[1]
    write = compose.Writer.message

    def message(self, delivery, compiled, *, at):
        if delivery.pk == unlucky.pk:
            raise ValueError("no such attribute")
        return write(self, delivery, compiled, at=at)

    monkeypatch.setattr(compose.Writer, "message", message)
    work()

    unlucky.refresh_from_db()
    assert states() == {"sent": 2, "failed": 1}
    assert unlucky.reason == "content_error"
    assert unlucky.attempt_log.get().text == "no such attribute"


def test_a_text_with_an_error_waits_until_it_is_mended(outbox, text):
    text.body = "{{ window.title "
    text.save()
    expanded(2)

    work()
    assert set(Delivery.objects.values_list("state", "reason")) == {("pending", "text_broken")}
    assert "announce" in Batch.objects.get(state=BatchState.READY).error
    text.body = "{{ window.title }}"
    text.save()
    work(NOW + timedelta(minutes=1))

    assert states() == {"sent": 2}


def test_a_cancel_between_claim_and_mark_lets_nothing_out(outbox):
    batch = claimed()
    Touchpoint.objects.update(state=TouchpointState.CANCELLED, reason=Reason.WINDOW_CANCELLED)

    assert services.deliver_batch(batch, now=NOW).was_refused

    assert outbox == []
    assert set(Delivery.objects.values_list("state", "reason")) == {("cancelled", "window_cancelled")}


def test_a_replanning_between_claim_and_mark_lets_nothing_out(outbox):
    batch = claimed()
    Touchpoint.objects.update(state=TouchpointState.DUE, revision=2)

    services.deliver_batch(batch, now=NOW)

    assert outbox == []
    assert states() == {"superseded": 2}


def test_a_message_past_its_use_stays_here(outbox):
    touchpoint = expanded(2)

    work(NOW + 7 * HOUR)

    touchpoint.refresh_from_db()
    assert outbox == []
    assert states() == {"expired": 2}
    assert touchpoint.state == TouchpointState.MISSED


def test_what_came_too_late_only_in_part_is_sent_with_the_reason():
    touchpoint = expanded(2)
    MemoryTransport.fail_next(None, *[DOWN] * 200)

    run(NOW, minutes=390, step=30)

    touchpoint.refresh_from_db()
    assert states() == {"sent": 1, "expired": 1}
    assert (touchpoint.state, touchpoint.reason) == (TouchpointState.SENT, Reason.NOT_SENT_IN_TIME)


def test_a_cancel_in_the_middle_stops_the_rest_within_a_quarter_of_a_second(outbox, monkeypatch):
    expanded(5)
    monkeypatch.setattr("apps.delivery.handover.brake.LOOK_SECONDS", 0.0)
    hand_over = MemoryTransport.hand_over

    def cancel_after_one(self, message, gate):
        if len(outbox) == 1:
            Touchpoint.objects.update(state=TouchpointState.CANCELLED, reason=Reason.WINDOW_CANCELLED)
        return hand_over(self, message, gate)

    monkeypatch.setattr(MemoryTransport, "hand_over", cancel_after_one)
    work()

    assert len(outbox) == 1  # the second was on its way to the gate, and is stopped there
    assert states() == {"sent": 1, "cancelled": 4}


def test_a_batch_that_takes_too_long_gives_the_rest_to_the_next(outbox):
    batch = claimed(3)

    services.deliver_batch(batch, now=NOW, budget=timedelta(0))

    assert states() == {"pending": 3}
    assert outbox == []
    work(NOW + timedelta(seconds=1))
    assert states() == {"sent": 3}


def test_a_switched_off_channel_holds_its_messages(outbox):
    expanded(1)
    Channel.objects.update(is_enabled=False)

    work()
    assert states() == {"pending": 1}
    Channel.objects.update(is_enabled=True)
    work(NOW + timedelta(minutes=1))
    assert states() == {"sent": 1}


def test_a_bug_in_a_transport_is_loud_and_leaves_one_message_in_doubt(outbox):
    batch = claimed(3)
    MemoryTransport.fail_next(None, ZeroDivisionError("oops"))

    with pytest.raises(ZeroDivisionError):
        services.deliver_batch(batch, now=NOW)

    assert states() == {"sent": 1, "in_doubt": 1, "pending": 1}


def test_a_batch_that_cannot_be_prepared_fails_at_the_fifth_time(monkeypatch):
    expanded(1)
    monkeypatch.setattr("apps.delivery.services.compose_batch", lambda *_args, **_kwargs: 1 / 0)

    for minute in range(5):
        batch = store.claim(now=NOW + timedelta(minutes=10 * minute))
        with pytest.raises(ZeroDivisionError):
            services.deliver_batch(batch, now=NOW + timedelta(minutes=10 * minute))

    assert set(Delivery.objects.values_list("state", "reason")) == {("failed", "crashed")}


def test_the_more_urgent_batch_goes_first(outbox):
    expanded(1, step_key="bulk")
    urgent = expanded(0, step_key="urgent", urgency="urgent")

    assert store.claim(now=NOW).touchpoint == urgent


def test_a_worker_for_urgent_messages_leaves_the_others():
    expanded(1)

    assert store.claim(now=NOW, urgent_only=True) is None


def test_a_waiting_delivery_can_be_sent_at_once_by_hand(outbox):
    expanded(1)
    MemoryTransport.fail_next(LATER)
    work()

    assert services.retry_delivery(Delivery.objects.get(), actor=None, now=NOW)

    work(NOW + timedelta(seconds=1))
    assert states() == {"sent": 1}


def test_what_a_worker_has_in_hand_is_not_sent_by_hand_too():
    batch = claimed(1)

    assert not services.retry_delivery(Delivery.objects.get(), actor=None, now=NOW)
    assert Delivery.objects.get().batch == batch
