"""Sending without hints: when the clock works itself, what it does then, and when it leaves it to the workers again."""

from datetime import timedelta

import pytest

from apps.audiences.models import Segment
from apps.campaigns.models import Touchpoint, TouchpointState
from apps.delivery import direct, health, services
from apps.delivery.direct import Cause, DirectWork
from apps.delivery.models import Batch, Delivery, DeliveryState, Pulse
from apps.delivery.policy import FIRST_PORTION
from apps.delivery.services import beat_once
from tests.factories import NOW, make_batch, make_contact, make_touchpoint

from .engine import claimed, expanded, states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("text")]
SECOND = timedelta(seconds=1)


class Redis:
    """Takes notes, or does not, for whatever reason."""

    def __init__(self):
        self.takes_notes = True

    def __call__(self):
        return self.takes_notes


@pytest.fixture
def away(monkeypatch):
    """A Redis that the test can take away; the database says NOW."""
    monkeypatch.setattr(direct, "database_now", lambda: NOW)
    for part in (direct.witness, direct.bucket):
        monkeypatch.setattr(part, "_away_until", 0.0)
    return Redis()


def looked(work, times=1):
    for _ in range(times):
        work.look()
    return work.cause


def test_nothing_is_done_while_redis_answers_and_nothing_waits(away):
    assert looked(DirectWork(takes_notes=away), 3) is None


def test_one_missed_answer_is_not_yet_an_absence(away):
    work = DirectWork(takes_notes=away)
    away.takes_notes = False

    assert looked(work) is None
    assert looked(work, 2) is Cause.AWAY


def test_while_redis_is_away_what_is_due_is_written_and_sent(away):
    make_contact()
    make_touchpoint()
    work = DirectWork(takes_notes=away)
    away.takes_notes = False

    looked(work, 6)

    assert states() == {"sent": 1}
    assert Touchpoint.objects.get().state == TouchpointState.SENT


def test_when_redis_answers_again_it_is_left_to_the_workers(away):
    work = DirectWork(takes_notes=away)
    away.takes_notes = False
    looked(work, 3)
    expanded(1)

    away.takes_notes = True

    assert looked(work) is None
    assert states() == {"pending": 1}


def test_what_has_been_due_for_seconds_and_is_in_nobodys_hands_was_not_heard(away):
    expanded(1)
    Batch.objects.update(not_before=NOW - 4 * SECOND)

    work = DirectWork(takes_notes=away)

    assert looked(work, 2) is Cause.UNHEARD
    assert states() == {"sent": 1}
    assert looked(work) is None


def test_what_is_due_in_one_look_and_in_hands_at_the_next_was_heard(away):
    """What is planned for at once was due all along, and nobody can have heard of it yet."""
    make_contact()
    touchpoint = make_touchpoint(due_at=NOW, expand_at=NOW - 600 * SECOND)
    work = DirectWork(takes_notes=away)

    assert looked(work) is None
    assert services.expand_touchpoint(touchpoint.pk, now=NOW) is services.Expanded.WRITTEN
    assert looked(work, 3) is None


def test_looks_between_which_redis_gave_no_answer_do_not_follow_one_another(away):
    expanded(1)
    Batch.objects.update(not_before=NOW - 4 * SECOND)
    work = DirectWork(takes_notes=away)

    for takes_notes in (True, False, True):
        away.takes_notes = takes_notes
        assert looked(work) is None


def test_what_came_due_just_now_is_the_workers(away):
    expanded(1)

    assert looked(DirectWork(takes_notes=away), 3) is None


def test_while_a_worker_is_at_something_the_rest_waits_for_it(away, settings):
    settings.DELIVERY_BATCH_SIZE = 1
    claimed(2)
    Batch.objects.update(not_before=NOW - 4 * SECOND)

    assert looked(DirectWork(takes_notes=away), 3) is None


def test_a_worker_that_died_with_something_in_hand_does_not_keep_the_rest(away, settings):
    settings.DELIVERY_BATCH_SIZE = 1
    claimed(2)
    Batch.objects.update(not_before=NOW - 4 * SECOND)
    Batch.objects.in_hand().update(lease_until=NOW)

    assert looked(DirectWork(takes_notes=away), 2) is Cause.UNHEARD


def test_a_touchpoint_that_nobody_expands_is_expanded(away):
    make_contact()
    make_touchpoint(due_at=NOW + 60 * SECOND, expand_at=NOW - 4 * SECOND)

    looked(DirectWork(takes_notes=away), 2)

    assert Delivery.objects.get().state == DeliveryState.PENDING


def test_a_large_touchpoint_is_written_portion_by_portion_while_its_first_messages_leave(away, settings):
    settings.DELIVERY_BATCH_SIZE = 1
    for _ in range(FIRST_PORTION + 1):
        make_contact()
    make_touchpoint()
    work = DirectWork(takes_notes=away)
    away.takes_notes = False

    looked(work, 2)
    assert Delivery.objects.count() == FIRST_PORTION
    looked(work, 1)

    assert [*Delivery.objects.values_list("state", flat=True)] == [DeliveryState.SENT] * (FIRST_PORTION + 1)


def test_a_segment_whose_rule_is_broken_keeps_no_other_waiting(away):
    make_contact()
    broken, sound = make_touchpoint(), make_touchpoint()
    Segment.objects.filter(pk=broken.segment_id).update(rule={"all": "nonsense"})
    work = DirectWork(takes_notes=away)
    away.takes_notes = False

    looked(work, 2)

    assert [*Delivery.objects.values_list("touchpoint", "state")] == [(sound.pk, DeliveryState.SENT)]


def test_it_says_that_it_is_at_work(away):
    work = DirectWork(takes_notes=away)
    away.takes_notes = False
    looked(work, 3)

    assert Pulse.objects.get(name=Cause.AWAY).seen_at == NOW


def test_health_says_how_messages_leave_instead_of_that_none_do():
    for name in ("beat", Cause.AWAY):
        beat_once(name, now=NOW)

    found = health.check(now=NOW)

    assert found.problems == ()
    assert found.notices == (
        "Redis is away: messages leave directly, from the clock. Opens and clicks are counted when it is back.",
    )


def test_health_names_workers_that_hear_nothing():
    for name in ("beat", Cause.UNHEARD):
        beat_once(name, now=NOW)

    assert health.check(now=NOW).notices == (
        "No worker (celery worker) hears the clock: messages leave directly, from the clock.",
    )


def test_the_notice_goes_with_its_cause():
    beat_once(Cause.AWAY, now=NOW - 60 * SECOND)

    found = health.check(now=NOW)

    assert found.notices == ()
    assert len(found.problems) == 2


def test_what_was_told_to_stop_takes_nothing_more(away):
    make_batch(not_before=NOW)
    work = DirectWork(takes_notes=away)
    away.takes_notes = False
    looked(work)
    work.stop()

    looked(work)

    assert Batch.objects.get().attempt == 0


def test_a_clock_that_has_just_begun_gives_workers_the_time_to_begin_too(away, monkeypatch):
    expanded(1)
    monkeypatch.setattr(direct, "database_now", lambda: NOW + 4 * SECOND)
    work = DirectWork(takes_notes=away)
    monkeypatch.setattr(work, "_run", lambda: None)
    work._thread.run = lambda: None
    work.start()

    assert looked(work, 2) is None
    monkeypatch.setattr(direct, "FIRST_MOMENT_SECONDS", 0.0)
    work._hears_from = 0.0
    assert looked(work, 2) is Cause.UNHEARD
