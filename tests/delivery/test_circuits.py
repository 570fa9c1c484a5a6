"""A provider that is away, back, or pushes back, as the database remembers it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.models import AuditEvent
from apps.delivery import circuits, pacing, store
from apps.delivery.circuits import note_answer, note_standstill, slow_down
from apps.delivery.due import due
from apps.delivery.models import CIRCUIT_TRANSITIONS, Circuit, CircuitState
from tests.factories import NOW, make_batch, make_channel, make_planner, make_touchpoint

pytestmark = pytest.mark.django_db

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LATER = NOW + 10 * SECOND  # a first pause is over


@pytest.fixture
def channel():
    return make_channel()


def batch_of(channel, **fields):
    return make_batch(make_touchpoint(channel=channel, state="due"), **fields)


def fail(channel, *, times=1, now=NOW):
    return [note_standstill(channel.pk, text="cannot connect", now=now) for _ in range(times)][-1]


def state_of(channel):
    return Circuit.objects.get(channel=channel).state


def test_every_state_has_its_moves():
    assert set(CIRCUIT_TRANSITIONS) == set(CircuitState)


class TestOpening:
    def test_one_standstill_changes_nothing(self, channel):
        batch = batch_of(channel)
        assert not fail(channel)
        assert store.claim(now=NOW) == batch

    def test_a_second_one_opens_it_with_the_providers_words(self, channel):
        fail(channel)
        assert fail(channel, now=NOW + 20 * SECOND)
        circuit = Circuit.objects.get()
        assert (circuit.state, circuit.failing_since, circuit.error) == ("open", NOW, "cannot connect")
        assert NOW + 25 * SECOND <= circuit.not_before <= NOW + 26 * SECOND

    def test_an_answer_in_between_begins_the_count_anew(self, channel):
        fail(channel)
        note_answer(channel.pk, now=NOW)
        assert not fail(channel)

    def test_a_standstill_long_ago_does_not_count(self, channel):
        fail(channel)
        assert not fail(channel, now=NOW + 11 * MINUTE)
        assert Circuit.objects.get().failing_since == NOW + 11 * MINUTE

    def test_what_was_in_hand_when_it_opened_does_not_lengthen_the_pause(self, channel):
        fail(channel, times=2)
        before = Circuit.objects.get().not_before
        fail(channel, times=5)
        assert Circuit.objects.get().not_before == before

    def test_an_open_circuit_cannot_be_without_its_times(self, channel):
        with pytest.raises(IntegrityError), transaction.atomic():
            Circuit.objects.create(channel=channel, state="open")


class TestHolding:
    def test_its_batches_are_not_taken_and_those_of_others_are(self, channel):
        batch_of(channel, priority=0)
        other = batch_of(make_channel())
        fail(channel, times=2)
        assert store.claim(now=NOW) == other
        assert store.claim(now=NOW) is None

    def test_the_clock_hints_at_nothing_and_knows_when_to_look_again(self, channel):
        batch_of(channel)
        fail(channel, times=2)
        found = due(NOW)
        assert (found.bulk_batches, found.next_at) == (0, Circuit.objects.get().not_before)
        assert due(LATER).bulk_batches == 1


class TestProbing:
    def test_one_worker_tries_it_with_the_most_urgent_batch(self, channel):
        batch_of(channel)
        urgent = batch_of(channel, priority=0)
        fail(channel, times=2)
        assert store.claim(now=LATER) == urgent
        assert store.claim(now=LATER) is None
        assert state_of(channel) == "half_open"

    def test_who_comes_second_takes_another_channels_batch(self, channel, monkeypatch):
        tried = batch_of(channel, priority=0, error="cannot connect")
        other = batch_of(make_channel())
        fail(channel, times=2)
        may_try = store.may_try

        def race(candidate, now):
            monkeypatch.setattr(store, "may_try", may_try)
            assert may_try(candidate, now=now)  # another worker, a moment earlier
            return may_try(candidate, now=now)

        monkeypatch.setattr(store, "may_try", race)
        assert store.claim(now=LATER) == other
        tried.refresh_from_db()
        assert (tried.state, tried.not_before, tried.error) == ("ready", NOW, "cannot connect")

    def test_a_failure_leaves_it_alone_for_longer(self, channel):
        batch_of(channel)
        fail(channel, times=2)
        store.claim(now=LATER)
        assert fail(channel, now=LATER)
        circuit = Circuit.objects.get()
        assert (circuit.state, circuit.failing_since) == ("open", NOW)
        assert LATER + 10 * SECOND <= circuit.not_before <= LATER + 12 * SECOND

    def test_success_closes_it_and_what_waited_leaves_at_once(self, channel):
        waits = batch_of(channel, standstills=4, not_before=NOW + 30 * MINUTE)
        refused_for_now = batch_of(channel, not_before=NOW + 30 * MINUTE)
        fail(channel, times=2)
        note_answer(channel.pk, now=LATER)
        waits.refresh_from_db()
        refused_for_now.refresh_from_db()
        assert (state_of(channel), waits.not_before) == ("closed", LATER)
        assert refused_for_now.not_before == NOW + 30 * MINUTE
        assert store.claim(now=LATER) == waits

    def test_a_probe_of_which_nothing_came_may_be_repeated(self, channel):
        batch_of(channel)
        fail(channel, times=2)
        store.claim(now=LATER)
        circuits.give_back_probe(channel.pk, now=LATER)
        batch = batch_of(channel)
        assert store.claim(now=LATER) == batch

    def test_a_prober_that_was_killed_does_not_block_the_channel(self, channel):
        batch_of(channel)
        second = batch_of(channel)
        fail(channel, times=2)
        store.claim(now=LATER)
        assert store.claim(now=LATER + pacing.PROBE_PATIENCE) == second


class TestSlowingDown:
    def slow(self, channel, now=NOW, **fields):
        given = {"seen": 0.0, "text": "429 slowly", "retry_after": None, "stops": False} | fields
        return slow_down(channel, now=now, **given)

    def test_it_is_remembered_with_the_providers_words(self):
        channel = make_channel(pace=14)
        assert self.slow(channel) is None
        circuit = Circuit.objects.get()
        assert (circuit.slowdown.to, circuit.slowed_by, circuit.not_before) == (7.0, "429 slowly", None)

    def test_what_other_connections_say_in_the_same_moment_counts_once(self):
        channel = make_channel(pace=16)
        for seconds in (0, 1, 3):
            self.slow(channel, now=NOW + seconds * SECOND)
        assert Circuit.objects.get().slowed_to == pytest.approx(4.0, rel=0.05)

    def test_the_provider_is_left_alone_as_long_as_it_wants(self):
        channel = make_channel(pace=14)
        batch = batch_of(channel)
        assert self.slow(channel, retry_after=MINUTE, stops=True) == NOW + MINUTE
        assert store.claim(now=NOW + 59 * SECOND) is None
        assert store.claim(now=NOW + MINUTE) == batch

    def test_a_rest_is_not_shortened_by_a_later_word(self):
        channel = make_channel()
        self.slow(channel, retry_after=MINUTE, stops=True)
        self.slow(channel, stops=True)
        assert Circuit.objects.get().not_before == NOW + MINUTE


def test_a_person_may_have_it_tried_at_once_at_full_pace():
    channel, ana = make_channel(pace=14), make_planner()
    batch = batch_of(channel)
    TestSlowingDown().slow(channel)
    fail(channel, times=2)

    circuits.reset_circuit(channel, actor=ana, now=NOW)

    assert store.claim(now=NOW) == batch
    assert Circuit.objects.get().slowdown is None
    assert (AuditEvent.objects.get().verb, AuditEvent.objects.get().actor) == ("circuit.reset", ana)
