"""The clock: what it looks at, what it publishes, and what it survives."""

from datetime import timedelta

import pytest
from celery.app.task import Task
from django.db import OperationalError
from kombu.exceptions import OperationalError as BrokerAway

from apps.delivery import beat
from apps.delivery.beat import DueRowScheduler
from apps.delivery.due import MOST_AT_ONCE, due
from apps.delivery.models import Pulse
from config.celery import app
from tests.factories import HOUR, NOW, make_batch, make_campaign, make_touchpoint, make_window

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(monkeypatch):
    """What would have gone to Redis: the scheduler's own tasks and the standard entries."""
    names = []

    def apply_async(self, *args, kwargs=None, queue=None, expires=None, **options):
        names.append((self.name.removeprefix("delivery."), queue, kwargs or {}))
        assert expires

    monkeypatch.setattr(Task, "apply_async", apply_async)
    return names


@pytest.fixture
def scheduler(monkeypatch, redis_server):
    """Its tick asks for a connection before it publishes anything, and would wait for Redis for ever."""
    monkeypatch.setattr(beat, "database_now", lambda: NOW)
    monkeypatch.setattr(beat, "close_old_connections", lambda: None)  # the test's own transaction is one
    made = DueRowScheduler(app, lazy=True)
    made.setup_schedule()
    return made


def test_it_sleeps_a_second_at_most(scheduler, published):
    assert scheduler._look() == pytest.approx(1, abs=0.05)
    assert published == []


def test_it_sleeps_until_the_next_due_row(scheduler, published):
    make_batch(not_before=NOW + timedelta(seconds=0.4))

    assert scheduler._look() == pytest.approx(0.4, abs=0.05)


def test_it_looks_no_sooner_than_it_said(scheduler, published):
    scheduler._look()
    make_batch(not_before=NOW)

    assert scheduler.tick() <= 1
    assert all(queue == "housekeeping" for _name, queue, _kwargs in published)


def test_a_new_clock_heals_and_asks_for_a_pulse_at_once(scheduler, published):
    for _ in range(3):
        scheduler.tick()

    assert {name for name, _queue, _kwargs in published} == {"sweep", "pulse", "watch_promises"}


def test_it_publishes_a_hint_for_all_that_is_due(scheduler, published):
    routine = make_touchpoint(expand_at=NOW)
    urgent = make_touchpoint(expand_at=NOW, urgency="urgent")
    make_batch(not_before=NOW, priority=0)
    make_batch(not_before=NOW, priority=7)
    make_window(starts_at=NOW)

    scheduler._look()

    assert sorted(published, key=repr) == sorted(
        [
            ("start_due_windows", "urgent", {}),
            ("expand_touchpoint", "bulk", {"touchpoint_id": routine.pk}),
            ("expand_touchpoint", "urgent", {"touchpoint_id": urgent.pk}),
            ("work_batches", "urgent", {"urgent_only": True}),
            ("work_batches", "bulk", {}),
        ],
        key=repr,
    )


def test_it_notes_that_it_is_alive(scheduler, published):
    scheduler._look()

    assert Pulse.objects.get().name == "beat"


def test_it_waits_while_the_database_is_away(scheduler, published, monkeypatch):
    def away(_now):
        raise OperationalError("away")

    monkeypatch.setattr(beat, "due", away)
    monkeypatch.setattr(beat.connection, "close", lambda: None)

    assert scheduler._look() == pytest.approx(1, abs=0.05)


def test_it_waits_while_redis_is_away(scheduler, monkeypatch):
    tries = []

    def away(self, *args, **options):
        tries.append(self.name)
        raise BrokerAway("away")

    monkeypatch.setattr(Task, "apply_async", away)
    for _ in range(3):
        make_batch(not_before=NOW)

    assert scheduler._look() == pytest.approx(1, abs=0.05)
    assert tries == ["delivery.work_batches"]


def test_housekeeping_and_the_entries_of_the_settings_run_beside(scheduler):
    assert {"delivery.sweep", "delivery.pulse", *app.conf.beat_schedule} <= set(scheduler.schedule)


def test_of_many_touchpoints_each_has_its_turn_within_seconds():
    campaign = make_campaign()
    many = {make_touchpoint(campaign=campaign, step_key=f"t{number}", expand_at=NOW).pk for number in range(2 * MOST_AT_ONCE + 1)}

    looks = [{pk for pk, _is_urgent in due(NOW + timedelta(seconds=seconds)).to_expand} for seconds in range(4)]

    assert [len(chosen) for chosen in looks] == [MOST_AT_ONCE] * 4
    assert set.union(*looks) == many


def test_the_next_instant_is_the_earliest_of_all_kinds():
    make_batch(not_before=NOW + 3 * HOUR)
    make_touchpoint(expand_at=NOW + 2 * HOUR)
    make_window(starts_at=NOW + HOUR)

    assert due(NOW).next_at == NOW + HOUR


def test_a_window_that_waits_for_a_person_is_not_due():
    make_window(starts_at=NOW, starts_automatically=False)

    assert not due(NOW).has_windows_to_start
    assert due(NOW).next_at is None


def test_every_queue_named_in_a_hint_exists():
    assert {"urgent", "bulk", "housekeeping"} <= {queue.name for queue in app.conf.task_queues}
