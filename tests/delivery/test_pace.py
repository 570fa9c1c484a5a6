"""Batches at the pace of their channel, and what a provider's words do to it; no test waits longer than a moment."""

from datetime import timedelta

import pytest

from apps.campaigns.models import Reason, Touchpoint, TouchpointState
from apps.channels.messages import Phase, TransportError
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import bucket, services, store, tasks
from apps.delivery.clock import RunningClock
from apps.delivery.models import Batch, BatchState, Circuit, Delivery
from apps.delivery.pace import Pace
from tests.factories import NOW, make_channel, make_contact, make_touchpoint

from .engine import claimed, expanded, run, states, sweep, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("text")]

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
DOWN = TransportError("cannot connect", permanent=False, channel_down=True)
BUSY = TransportError("429 slowly", permanent=False, code="429", channel_down=True, retry_after=MINUTE)
TOO_FAST = TransportError("refused: 450 4.7.1 rate limit", permanent=False, code="450")
CLOSING = TransportError("421 going down", permanent=False, code="421", channel_down=True)
LOST = TransportError("connection reset", permanent=False, phase=Phase.AFTER)
REFUSED = TransportError("554 no", permanent=True, code="554")


def waiting():
    return Batch.objects.get(state=BatchState.READY)


def two_channels(*, pace):
    """A slow channel with three messages that are due, and another with one."""
    slow = expanded(3, channel=make_channel(pace=pace), step_key="slow")
    quick = expanded(0, channel=make_channel(), segment=slow.segment, step_key="quick")
    return slow, quick


class TestPaces:
    def test_a_channel_without_one_asks_nobody(self, outbox, monkeypatch):
        monkeypatch.delattr(bucket, "take")
        expanded(3)
        work()
        assert states() == {"sent": 3}
        assert not Circuit.objects.exists()

    def test_a_batch_leaves_at_the_pace_of_its_channel_in_one_piece(self):
        expanded(8, channel=make_channel(pace=100))
        work()
        assert states() == {"sent": 8}
        assert Batch.objects.count() == 1

    def test_a_worker_does_not_wait_for_long(self):
        expanded(3, channel=make_channel(pace=0.1))
        work()
        rest = waiting()
        assert states() == {"sent": 1, "pending": 2}
        assert rest.standstills == 0
        assert 9 * SECOND < rest.not_before - NOW < 11 * SECOND
        assert set(rest.deliveries.values_list("reason", "attempts")) == {("paced", 0)}

    def test_until_there_is_a_permit_no_other_batch_of_the_channel_is_taken(self):
        channel = make_channel(pace=0.1)
        expanded(2, channel=channel, step_key="one")
        expanded(0, channel=channel, step_key="two")
        work()
        assert states() == {"sent": 1, "pending": 3}
        assert store.claim(now=NOW + 8 * SECOND) is None
        assert store.claim(now=NOW + 12 * SECOND) is not None

    def test_a_batch_that_would_have_to_wait_is_not_even_prepared(self, monkeypatch):
        channel = make_channel(pace=0.1)
        batch = claimed(2, channel=channel)
        bucket.take(channel.pk, wanted=1, rate=0.1, is_urgent=False)
        monkeypatch.setattr(services, "compose_batch", None)
        services.deliver_batch(batch, now=NOW)
        assert (waiting(), Batch.objects.count()) == (batch, 1)

    def test_what_waits_for_its_turn_makes_way_for_another_channel(self, outbox):
        slow, quick = two_channels(pace=2)
        work()
        assert quick.deliveries.filter(state="sent").count() == 3
        assert slow.deliveries.filter(state="pending").count() == 2
        work(NOW + SECOND)
        work(NOW + 2 * SECOND)
        assert states() == {"sent": 6}

    def test_what_waits_for_its_turn_makes_way_for_what_is_more_urgent(self):
        channel = make_channel(pace=2)
        slow = expanded(3, channel=channel, step_key="slow")
        batch = store.claim(now=NOW)
        urgent = expanded(0, channel=channel, segment=slow.segment, step_key="urgent", urgency="urgent")
        services.deliver_batch(batch, now=NOW)
        assert store.claim(now=NOW).touchpoint == urgent

    def test_what_waits_for_its_turn_is_too_late_in_its_time(self):
        touchpoint = expanded(2, channel=make_channel(pace=0.001))
        work()
        sweep(NOW + timedelta(hours=7))
        touchpoint.refresh_from_db()
        assert states() == {"sent": 1, "expired": 1}
        assert (touchpoint.state, touchpoint.reason) == (TouchpointState.SENT, Reason.NOT_SENT_IN_TIME)

    def test_after_a_while_the_workers_other_tasks_have_their_turn(self, monkeypatch):
        monkeypatch.setattr("apps.delivery.pace.SHIFT_SECONDS", 0.0)
        hints = []
        monkeypatch.setattr(tasks, "hint", lambda task, **told: hints.append((task.name, told)))
        expanded(3, channel=make_channel(pace=2))
        monkeypatch.setattr(tasks, "database_now", lambda: NOW)
        tasks.work_batches()
        assert hints == [("delivery.work_batches", {"queue": "bulk", "urgent_only": False})]
        assert states() == {"sent": 1, "pending": 2}
        assert not Circuit.objects.filter(not_before__isnull=False).exists()

    def test_it_makes_way_for_what_has_to_be_prepared(self):
        batch = claimed(3, channel=make_channel(pace=2))
        make_touchpoint(due_at=NOW)
        services.deliver_batch(batch, now=NOW)
        assert states() == {"sent": 1, "pending": 2}

    def test_a_cancel_stops_what_waits_for_its_turn(self, outbox, monkeypatch):
        monkeypatch.setattr("apps.delivery.handover.brake.LOOK_SECONDS", 0.0)
        batch = claimed(3, channel=make_channel(pace=1.1))
        monkeypatch.setattr("apps.delivery.pace.time.sleep", lambda _seconds: cancel())

        def cancel():
            Touchpoint.objects.update(state=TouchpointState.CANCELLED, reason=Reason.WINDOW_CANCELLED)

        services.deliver_batch(batch, now=NOW)
        assert len(outbox) == 1
        assert states() == {"sent": 1, "cancelled": 2}

    def test_a_result_is_noted_before_a_nap(self):
        noted = []
        pace = Pace(claimed(2, channel=make_channel(pace=20)), RunningClock(NOW))
        for _ in range(5):
            pace.turn(lambda: True, before_nap=lambda: noted.append(1))
        assert noted

    def test_permits_that_were_not_needed_are_given_back(self, redis_bucket):
        channel = make_channel(pace=50)
        expanded(1, channel=channel)
        work()
        assert bucket.take(channel.pk, wanted=1, rate=50, is_urgent=False).wait < 0.1


class TestPushBack:
    def test_a_provider_that_wants_a_pause_gets_it_and_nobody_fails(self, outbox):
        expanded(3)
        MemoryTransport.fail_next(None, BUSY)
        work()
        rest = waiting()
        assert states() == {"sent": 1, "pending": 2}
        assert set(rest.deliveries.values_list("reason", "attempts")) == {("paced", 0)}
        assert (rest.standstills, rest.error) == (0, "429 slowly")
        assert work(NOW + 59 * SECOND) == []
        run(NOW + MINUTE, minutes=1 / 4, step=1 / 60)
        assert states() == {"sent": 3}

    def test_a_word_about_the_rate_slows_the_channel_and_the_batch_goes_on(self):
        expanded(3, channel=make_channel(pace=100))
        MemoryTransport.fail_next(TOO_FAST)
        work()
        assert states() == {"sent": 2, "pending": 1}
        assert Circuit.objects.get().slowed_to == 50.0
        assert waiting().deliveries.get().reason == "try_again"

    def test_without_a_pace_one_begins_from_the_rate_seen(self):
        expanded(3)
        MemoryTransport.fail_next(None, TOO_FAST)
        work()
        circuit = Circuit.objects.get()
        assert circuit.slowed_to == circuit.slowed_from / 2
        assert circuit.failures == 0

    def test_once_it_has_recovered_nobody_is_asked_any_more(self, outbox, monkeypatch):
        channel = make_channel()
        Circuit.objects.create(channel=channel, slowed_to=5, slowed_from=10, slowed_at=NOW - 10 * MINUTE)
        monkeypatch.delattr(bucket, "take")
        expanded(3, channel=channel)
        work()
        assert states() == {"sent": 3}


class TestBreaker:
    def test_a_dead_provider_holds_its_own_channel_only_and_is_back_at_once(self, outbox):
        dead = make_channel(name="Dead")
        routine = expanded(2, channel=dead, step_key="routine")
        expanded(0, channel=dead, segment=routine.segment, step_key="urgent", urgency="urgent")
        MemoryTransport.fail_next(DOWN, DOWN)

        work()
        assert (Circuit.objects.get().state, outbox) == ("open", [])
        expanded(0, channel=make_channel(), segment=routine.segment, step_key="other")
        work(NOW + SECOND)
        assert len(outbox) == 2
        MemoryTransport.fail_next(DOWN)
        work(NOW + 10 * SECOND)
        assert Circuit.objects.get().failures == 3
        work(NOW + 30 * SECOND)

        assert states() == {"sent": 6}
        assert Circuit.objects.get().state == "closed"
        told = [Delivery.objects.get(token=message.key).touchpoint.step_key for message in outbox[2:]]
        assert told == ["urgent", "urgent", "routine", "routine"]

    def test_it_opens_within_a_minute_with_a_single_batch(self):
        expanded(1)
        MemoryTransport.fail_next(*[DOWN] * 50)
        run(NOW, minutes=1, step=1 / 20)
        assert Circuit.objects.get().state == "open"

    def test_a_probe_is_one_message_even_where_its_answer_is_lost(self, outbox):
        expanded(5)
        MemoryTransport.fail_next(DOWN, DOWN, LOST, DOWN)
        work()
        work(NOW + 20 * SECOND)
        work(NOW + 40 * SECOND)
        assert states() == {"in_doubt": 1, "pending": 4}
        assert Circuit.objects.get().state == "open"

    def test_a_refusal_of_one_message_shows_that_the_provider_is_there(self):
        expanded(2)
        MemoryTransport.fail_next(DOWN, DOWN, REFUSED)
        run(NOW, minutes=2, step=1 / 6)
        assert states() == {"failed": 1, "sent": 1}
        assert Circuit.objects.get().state == "closed"

    def test_a_server_that_only_says_it_is_going_down_is_away(self):
        expanded(1)
        MemoryTransport.fail_next(CLOSING, CLOSING)
        run(NOW, minutes=1 / 2, step=1 / 6)
        assert Circuit.objects.get().failures == 2

    def test_a_server_that_says_so_after_taking_some_is_too_busy(self):
        expanded(3)
        MemoryTransport.fail_next(None, CLOSING)
        work()
        circuit = Circuit.objects.get()
        assert (circuit.failures, circuit.slowed_by) == (0, "421 going down")

    def test_a_channel_that_is_not_set_up_says_nothing_of_its_provider(self):
        make_contact(phone="+33612345678")
        expanded(0, channel=make_channel("sms"))
        run(NOW, minutes=2, step=1 / 6)
        assert states() == {"pending": 1}
        assert not Circuit.objects.exists()

    def test_a_probe_whose_touchpoint_was_stopped_leaves_the_next_try_to_others(self):
        expanded(1)
        MemoryTransport.fail_next(DOWN, DOWN)
        work()
        work(NOW + 20 * SECOND)
        batch = store.claim(now=NOW + 40 * SECOND)
        Touchpoint.objects.update(state=TouchpointState.CANCELLED, reason=Reason.WINDOW_CANCELLED)
        services.deliver_batch(batch, now=NOW + 40 * SECOND)
        assert Circuit.objects.get().state == "open"
        other = expanded(0, channel=batch.channel, segment=batch.touchpoint.segment, step_key="other")
        work(NOW + 42 * SECOND)
        assert other.deliveries.get().state == "sent"
