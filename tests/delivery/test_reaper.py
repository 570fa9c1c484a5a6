"""What becomes of a batch whose worker died, with a real Redis."""

import json
import socket
from datetime import timedelta

import pytest
import redis
from django.db import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.channels.transports.memory import MemoryTransport
from apps.common.redis import redis_client, redis_key
from apps.delivery import journal, services, store
from apps.delivery.clock import RunningClock
from apps.delivery.journal import Journal
from apps.delivery.lease import Lease
from apps.delivery.models import Batch, BatchState, Delivery
from apps.delivery.outcomes import Outcome
from tests.factories import NOW

from .engine import claimed, expanded, marked, states, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_journal", "text")]
AFTER = NOW + timedelta(seconds=31)  # the lease is over


def died_after(done, begun, *, people=4):
    """A marked batch whose worker died with `done` messages accepted and `begun` begun."""
    batch = claimed(people)
    notes = Journal.open(batch)
    assert store.mark_sending(batch, composed_at=NOW, journal=notes.run, now=NOW)
    rows = list(batch.deliveries.order_by("pk"))
    last = []
    for row in rows[:begun]:
        notes.note(done=last, begin=[row.pk])
        last = [Outcome.accepted(row, at=NOW, provider_id="p")]
    if done == begun:
        notes.note(done=last)
    notes.close()
    batch.refresh_from_db()
    return batch


def test_a_batch_that_was_only_claimed_is_given_back():
    claimed()

    assert services.reap(AFTER) == 1

    assert Batch.objects.get().state == BatchState.READY
    assert states() == {"pending": 2}


def test_nothing_is_reaped_while_the_lease_holds():
    marked()

    assert services.reap(NOW + timedelta(seconds=29)) == 0


def test_done_is_sent_begun_is_in_doubt_and_the_rest_goes_again(outbox):
    died_after(2, 3)

    assert services.reap(AFTER) == 1

    assert states() == {"sent": 2, "in_doubt": 1, "pending": 1}
    assert list(Delivery.objects.filter(state="in_doubt").values_list("reason", "attempts")) == [("worker_lost", 1)]
    work(AFTER)
    assert states() == {"sent": 3, "in_doubt": 1}
    assert len(outbox) == 1


def test_a_worker_that_died_between_two_messages_leaves_no_doubt():
    died_after(2, 2)

    services.reap(AFTER)

    assert states() == {"sent": 2, "pending": 2}


def test_a_worker_that_died_before_the_first_message_leaves_no_doubt():
    died_after(0, 0)

    services.reap(AFTER)

    assert states() == {"pending": 4}


def test_with_the_journal_flushed_every_message_without_a_result_is_in_doubt():
    batch = died_after(2, 3)
    redis_client().delete(journal._key(batch))

    services.reap(AFTER)

    assert states() == {"in_doubt": 4}


def test_what_an_earlier_version_noted_is_understood():
    batch = died_after(0, 0, people=2)
    first, _second = batch.deliveries.order_by("pk")
    line = {"delivery_id": first.pk, "state": "failed", "reason": "refused", "was_tried": True, "attempts": 0}
    line |= {"at": NOW.isoformat(), "retry_after": None, "text": "no", "new_in_a_later_version": 1}
    redis_client().rpush(journal._key(batch), first.pk, json.dumps(line))

    services.reap(AFTER)

    assert states() == {"failed": 1, "pending": 1}


def test_a_journal_of_another_run_of_redis_is_not_believed_to_be_complete():
    batch = died_after(1, 2)
    Batch.objects.filter(pk=batch.pk).update(journal="another run")

    services.reap(AFTER)

    assert states() == {"sent": 1, "in_doubt": 3}


def test_without_a_journal_from_the_start_all_are_in_doubt():
    marked(2)

    services.reap(AFTER)

    assert states() == {"in_doubt": 2}


def test_the_reaper_waits_a_minute_for_a_redis_that_is_away(monkeypatch):
    died_after(1, 1, people=2)

    def away(_batch):
        raise redis.ConnectionError("away")

    monkeypatch.setattr(journal, "read", away)
    assert services.reap(AFTER) == 0
    assert services.reap(AFTER + timedelta(seconds=60)) == 1
    assert states() == {"in_doubt": 2}


def test_a_worker_that_comes_back_late_settles_its_doubts(monkeypatch):
    """It was frozen for longer than its lease, when the message had left and before it had an answer."""
    expanded(2)
    hand_over = MemoryTransport.hand_over

    def frozen(self, message, gate):
        name = hand_over(self, message, gate)
        services.reap(NOW + timedelta(minutes=5))
        return name

    monkeypatch.setattr(MemoryTransport, "hand_over", frozen)
    batch = store.claim(now=NOW)
    services.deliver_batch(batch, now=NOW)

    assert states() == {"sent": 1, "pending": 1}


def test_a_worker_that_comes_back_before_the_gate_hands_nothing_over(monkeypatch, outbox):
    expanded(2)
    hand_over = MemoryTransport.hand_over

    def frozen(self, message, gate):
        services.reap(NOW + timedelta(minutes=5))
        monkeypatch.setattr(Lease, "is_held", False)
        return hand_over(self, message, gate)

    monkeypatch.setattr(MemoryTransport, "hand_over", frozen)
    batch = store.claim(now=NOW)
    services.deliver_batch(batch, now=NOW)

    assert outbox == []
    assert states() == {"in_doubt": 1, "pending": 1}


def test_a_worker_that_comes_back_while_its_journal_is_read_cannot_go_on_without_one(monkeypatch):
    batch = died_after(1, 1, people=2)
    read = journal.read

    def given_up_meanwhile(reaped):
        assert not store.give_up_journal(batch)
        return read(reaped)

    monkeypatch.setattr(journal, "read", given_up_meanwhile)
    assert services.reap(AFTER) == 1
    assert states() == {"sent": 1, "pending": 1}


def test_a_reaper_knows_of_a_journal_that_was_given_up_before_it_came():
    batch = died_after(1, 1, people=2)
    seen = Batch.objects.get()
    assert store.give_up_journal(batch)

    assert store.take_over(seen, now=AFTER)
    assert seen.journal == ""


def test_after_a_flush_the_next_batch_has_its_journal_again():
    batch = claimed()
    flushed = Journal.open(batch)
    redis_client().delete(journal._key(batch))
    with pytest.raises(journal.JournalLost):
        flushed.confirm(flushed.note(begin=[1]))
    flushed.close()

    assert Journal.open(batch).run


def test_of_two_reapers_one_takes_over():
    died_after(1, 1, people=2)
    first, second = Batch.objects.get(), Batch.objects.get()

    assert store.take_over(first, now=AFTER)
    assert not store.take_over(second, now=AFTER)


def test_a_reaper_that_died_after_it_had_taken_the_journal_hides_nothing(outbox):
    batch = died_after(2, 3)
    journal.read(batch)

    services.reap(AFTER)

    assert states() == {"sent": 2, "in_doubt": 1, "pending": 1}


def test_a_taken_journal_of_an_earlier_life_of_the_database_is_not_read():
    """A restored database gives numbers out anew."""
    batch = died_after(done=2, begun=2)
    journal.read(batch)
    notes = Journal.open(batch)
    notes.close()
    redis_client().delete(journal._key(batch))  # as when Redis needs the memory

    assert journal.read(batch) == journal.Progress()


def test_the_journal_is_forgotten_once_its_batch_is_settled():
    expanded(2)

    work()

    assert states() == {"sent": 2}
    assert journals() == []


def after_the_first(monkeypatch, deed):
    """Does `deed` between the first message and the second."""
    hand_over = MemoryTransport.hand_over

    def hand_over_and_act(self, message, gate):
        name = hand_over(self, message, gate)
        if len(MemoryTransport.outbox) == 1:
            deed()
        return name

    monkeypatch.setattr(MemoryTransport, "hand_over", hand_over_and_act)


def journals():
    """Those of this process: other tests run beside it."""
    return list(redis_client().scan_iter(match=redis_key("journal", "*")))


def flush():
    for key in journals():
        redis_client().delete(key)


def break_off():
    """As when Redis restarts: every connection is gone."""
    for connection in [*journal._client().connection_pool._in_use_connections]:
        connection._sock.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("lose", [flush, break_off])
def test_a_journal_that_is_lost_in_the_middle_does_not_stop_the_batch(monkeypatch, outbox, lose):
    expanded(3)
    after_the_first(monkeypatch, lose)

    work()

    assert states() == {"sent": 3}
    assert Batch.objects.get().journal == ""


def test_a_worker_that_lost_its_batch_does_not_go_on_without_a_journal(monkeypatch, outbox):
    batch = claimed(3)
    after_the_first(monkeypatch, lambda: (flush(), Batch.objects.update(attempt=9)))

    services.deliver_batch(batch, now=NOW)

    assert len(outbox) == 1


def test_without_journal_and_database_nothing_leaves_and_nothing_is_in_doubt(monkeypatch, outbox):
    batch = claimed(3)
    after_the_first(monkeypatch, flush)

    def away(_batch):
        raise OperationalError

    monkeypatch.setattr(store, "give_up_journal", away)
    with pytest.raises(OperationalError):
        services.deliver_batch(batch, now=NOW)

    assert len(outbox) == 1
    assert states() == {"sent": 1, "pending": 2}


def test_an_unreachable_redis_means_no_journal(monkeypatch, settings):
    nowhere = redis.Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(journal, "_client", lambda: nowhere)

    assert Journal.open(marked()).run == ""


def test_a_lease_ends_a_little_before_it_ends(monkeypatch):
    batch = marked()
    lease = Lease(batch, RunningClock(NOW))

    assert lease.is_held
    monkeypatch.setattr("apps.delivery.lease.MARGIN", 1.0)
    assert not lease.is_held


def test_a_renewed_lease_goes_on():
    batch = marked()
    lease = Lease(batch, RunningClock(NOW + timedelta(seconds=20)))

    lease._renew()

    batch.refresh_from_db()
    assert batch.lease_until >= NOW + timedelta(seconds=50)
