"""Two processes at the same row. SQLite has one writer at a time; what is shown here is PostgreSQL's part."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from apps.accounts.models import AuditEvent
from apps.campaigns.matrix.cells import Wishes
from apps.campaigns.matrix.moments import MomentWishes, NewMoment
from apps.campaigns.matrix.writing import change_cells
from apps.campaigns.models import OWN_KEY, Anchor, Reason, Step, Touchpoint, TouchpointState
from apps.campaigns.planner import CellKey
from apps.campaigns.stillness import Unanswered
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import expand, invariants, services, store
from apps.delivery.expand import Expanded, expand_touchpoint, expand_wholly
from apps.delivery.mending import put_off
from apps.delivery.models import Batch, Delivery
from apps.delivery.policy import FIRST_PORTION, SECOND_PORTION
from apps.delivery.resolutions import Resolution
from apps.delivery.steering import Choice, pause, resume
from apps.delivery.stillness import await_stillness
from apps.windows.services import WindowError
from tests.factories import (
    HOUR,
    NOW,
    make_campaign,
    make_channel,
    make_contact,
    make_playbook,
    make_step,
    make_template,
    make_touchpoint,
)

from .engine import begun, expanded, states

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lets one writer in at a time"),
]


def in_a_thread(deed):
    """With a connection of its own."""
    try:
        return deed()
    finally:
        connection.close()


def at_once(*deeds):
    """Runs the deeds in threads that start together, each with a connection of its own; their results in order."""
    start = threading.Barrier(len(deeds))

    def run(deed):
        start.wait()
        return in_a_thread(deed)

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def work():
    done = []
    while batch := store.claim(now=NOW):
        services.deliver_batch(batch, now=NOW)
        done.append(batch.pk)
    return done


def claim_all():
    """However many batches its deliveries were dealt out over."""
    return list(iter(lambda: store.claim(now=NOW), None))


def test_two_expanders_write_everybody_once():
    for _ in range(20):
        make_contact()
    touchpoint = make_touchpoint()

    at_once(*[lambda: expand_touchpoint(touchpoint.pk, now=NOW)] * 3)

    assert Delivery.objects.count() == 20
    assert Batch.objects.count() == 1


def test_a_worker_takes_what_is_written_while_the_next_portion_is_being_written(settings, monkeypatch):
    settings.DELIVERY_BATCH_SIZE = 1
    for _ in range(FIRST_PORTION + 1):
        make_contact()
    make_template()
    touchpoint = make_touchpoint()
    expand_touchpoint(touchpoint.pk, now=NOW)
    sent = []

    def check_keys_now():
        """The rows of the second portion stand, and are not committed."""
        with ThreadPoolExecutor(1) as pool:
            sent.extend(pool.submit(lambda: in_a_thread(work)).result(timeout=10))

    monkeypatch.setattr(expand, "check_keys_now", check_keys_now)
    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.WRITTEN

    assert len(sent) == FIRST_PORTION
    assert states() == {"sent": FIRST_PORTION, "pending": 1}
    touchpoint.refresh_from_db()
    assert touchpoint.state == TouchpointState.SENDING


def test_whoever_is_last_of_writer_and_sender_ends_the_touchpoint(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    for _ in range(FIRST_PORTION):
        make_contact()
    make_contact(email="", phone="+33123456789")  # of the second portion, and without an address for it
    make_template()
    touchpoint = make_touchpoint()
    expand_touchpoint(touchpoint.pk, now=NOW)

    at_once(work, lambda: expand_touchpoint(touchpoint.pk, now=NOW))

    touchpoint.refresh_from_db()
    assert touchpoint.state == TouchpointState.SENT


def skip(target):
    pause(target, reason="", actor=None, now=NOW)
    resume(target, choice=Choice.SKIP, actor=None, now=NOW)


def test_a_portion_that_was_overtaken_by_a_skip_is_not_kept(settings, monkeypatch):
    settings.DELIVERY_BATCH_SIZE = 1
    touchpoint = begun(FIRST_PORTION + 1)

    def check_keys_now():
        """The rows of the second portion stand, and are not committed."""
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: in_a_thread(lambda: skip(touchpoint.channel))).result(timeout=10)

    monkeypatch.setattr(expand, "check_keys_now", check_keys_now)
    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW

    assert states() == {"cancelled": FIRST_PORTION}


@pytest.mark.parametrize("target_of", [lambda row: row, lambda row: row.campaign, lambda row: row.channel])
def test_whoever_comes_first_of_writer_and_skipper_nobody_is_left_waiting(settings, target_of):
    settings.DELIVERY_BATCH_SIZE = 1
    touchpoint = begun(FIRST_PORTION + 2 * SECOND_PORTION)

    at_once(lambda: expand_wholly(touchpoint.pk, now=NOW), lambda: skip(target_of(touchpoint)))

    assert set(states()) == {"cancelled"}
    touchpoint.refresh_from_db()
    assert (touchpoint.state, touchpoint.reason) == (TouchpointState.SKIPPED, Reason.SKIPPED_BY_HAND)
    assert not invariants.counts_that_do_not_add_up(NOW).exists()


def test_a_portion_that_was_overtaken_by_a_cancellation_is_not_kept(settings, monkeypatch):
    settings.DELIVERY_BATCH_SIZE = 1
    for _ in range(FIRST_PORTION + 1):
        make_contact()
    touchpoint = make_touchpoint()
    expand_touchpoint(touchpoint.pk, now=NOW)
    ended = {"state": TouchpointState.CANCELLED, "reason": Reason.WINDOW_CANCELLED}

    def check_keys_now():
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: in_a_thread(lambda: Touchpoint.objects.update(**ended))).result(timeout=10)

    monkeypatch.setattr(expand, "check_keys_now", check_keys_now)

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW
    assert Delivery.objects.count() == FIRST_PORTION


def test_a_second_expander_of_one_touchpoint_does_not_wait_for_the_first():
    make_contact()
    touchpoint = make_touchpoint()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.WRITTEN  # and not committed yet
        second = pool.submit(lambda: in_a_thread(lambda: expand_touchpoint(touchpoint.pk, now=NOW)))
        assert second.result(timeout=10) is Expanded.NOT_NOW

    assert Delivery.objects.count() == 1


def test_two_siblings_expanded_together_share_their_people():
    for _ in range(20):
        make_contact()
    campaign, channel = make_campaign(), make_channel()
    twins = [make_touchpoint(campaign=campaign, channel=channel, step_key="t-7d") for _ in range(2)]

    at_once(*[lambda pk=twin.pk: expand_touchpoint(pk, now=NOW) for twin in twins])

    assert Delivery.objects.count() == 20


def test_two_workers_share_the_batches_and_one_of_them_ends_the_touchpoint(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    make_template()
    expanded(12)

    MemoryTransport.reset()
    taken = [batch for batches in at_once(work, work, work) for batch in batches]

    assert len(taken) == len(set(taken)) == Batch.objects.count() > 2
    assert states() == {"sent": 12}
    services.finish_settled(NOW)
    assert Touchpoint.objects.get().state == TouchpointState.SENT


def test_no_mark_after_a_cancel_has_returned(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    expanded(30)
    batches = claim_all()
    marked_when_cancelled = []

    def cancel():
        with transaction.atomic():
            Touchpoint.objects.select_for_update().get()
            Touchpoint.objects.update(state=TouchpointState.CANCELLED, reason=Reason.WINDOW_CANCELLED)
        marked_when_cancelled.append(Batch.objects.filter(state="sending").count())

    def mark():
        return sum(store.mark_sending(batch, composed_at=NOW, journal="", now=NOW) for batch in batches)

    marks, _none = at_once(mark, cancel)

    assert Batch.objects.filter(state="sending").count() == marks == marked_when_cancelled[0]


@pytest.mark.parametrize("scope", ["touchpoint", "campaign", "channel"])
def test_no_mark_after_a_pause_has_returned(scope, settings):
    settings.DELIVERY_BATCH_SIZE = 1
    touchpoint = expanded(30)
    batches = claim_all()
    target = touchpoint if scope == "touchpoint" else getattr(touchpoint, scope)
    marked_when_paused = []

    def stop():
        pause(target, reason="", actor=None, now=NOW)
        marked_when_paused.append(Batch.objects.filter(state="sending").count())

    def mark():
        return sum(store.mark_sending(batch, composed_at=NOW, journal="", now=NOW) for batch in batches)

    marks, _none = at_once(mark, stop)

    assert Batch.objects.filter(state="sending").count() == marks == marked_when_paused[0]


@pytest.mark.usefixtures("text")
@pytest.mark.parametrize("scope", ["touchpoint", "campaign", "channel"])
def test_nothing_is_handed_over_after_a_pause_has_returned(scope, monkeypatch):
    """A worker is in the middle of a batch, and looks four times a second only."""
    touchpoint = expanded(100)
    target = touchpoint if scope == "touchpoint" else getattr(touchpoint, scope)
    hand_over, begun, left = MemoryTransport.hand_over, threading.Event(), []

    def slowly(transport, message, gate):
        begun.set()
        time.sleep(0.01)
        name = hand_over(transport, message, gate)
        left.append(message.key)
        return name

    def stop():
        begun.wait()
        pause(target, reason="", actor=None, now=NOW)
        assert await_stillness(Batch.objects.all(), now=NOW) == Unanswered()
        return len(left)

    monkeypatch.setattr(MemoryTransport, "hand_over", slowly)
    _done, left_when_paused = at_once(work, stop)

    assert 0 < len(left) == left_when_paused < 100
    assert states() == {"sent": len(left), "pending": 100 - len(left)}


@pytest.mark.parametrize("people", [1, FIRST_PORTION + 1], ids=["planned", "begun"])
def test_what_is_cancelled_while_its_broken_rule_is_found_keeps_its_own_reason(settings, people):
    settings.DELIVERY_BATCH_SIZE = 1
    for _ in range(people):
        make_contact()
    touchpoint = make_touchpoint()
    if people > 1:
        expand_touchpoint(touchpoint.pk, now=NOW)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Touchpoint.objects.update(state=TouchpointState.CANCELLED, reason=Reason.WINDOW_CANCELLED)
            waiting = pool.submit(lambda: in_a_thread(lambda: put_off(touchpoint.pk, now=NOW)))
            time.sleep(0.3)
        waiting.result(timeout=10)

    touchpoint.refresh_from_db()
    assert (touchpoint.state, touchpoint.reason) == (TouchpointState.CANCELLED, Reason.WINDOW_CANCELLED)


def test_two_first_marks_do_not_block_each_other(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    expanded(8)
    batches = [store.claim(now=NOW) for _ in range(8)]

    marks = at_once(*[lambda batch=batch: store.mark_sending(batch, composed_at=NOW, journal="", now=NOW) for batch in batches])

    assert marks == [True] * 8


def test_what_a_person_sends_again_is_not_taken_by_a_worker_as_well():
    expanded(1)
    Batch.objects.update(not_before=NOW + HOUR)
    delivery = Delivery.objects.get()

    with transaction.atomic():
        assert services.retry_delivery(delivery, actor=None, now=NOW)
        (taken,) = at_once(lambda: [list(batch.deliveries.all()) for batch in [store.claim(now=NOW + HOUR)] if batch])

    assert taken == []


def refused_by_the_first_channel(people):
    """Everybody's address was refused; the step names a second channel."""
    step = make_step(make_playbook(), fallback_channel=make_channel())
    touchpoint = expanded(people, step=step, step_key=step.key, channel=step.channel, segment=step.segment)
    Batch.objects.update(state="done", marked_at=NOW)
    Delivery.objects.update(state="failed", reason="attempts_used_up", settled_at=NOW)
    return touchpoint


def test_two_looks_at_what_failed_take_everybody_over_once():
    original = refused_by_the_first_channel(20)

    taken = at_once(*[lambda: services.send_fallbacks(NOW)] * 3)

    assert sorted(taken) == [0, 0, 20]
    assert Delivery.objects.exclude(touchpoint=original).count() == 20


def test_a_retry_by_hand_and_the_second_channel_do_not_both_tell_somebody():
    refused_by_the_first_channel(8)
    failed = list(Delivery.objects.all())

    def retry():
        return sum(services.retry_delivery(row, actor=None, now=NOW) for row in failed)

    retried, taken = at_once(retry, lambda: services.send_fallbacks(NOW))

    assert retried + taken == 8


def test_two_people_settle_each_doubt_once():
    expanded(30)
    Batch.objects.update(state="done", marked_at=NOW)
    Delivery.objects.update(state="in_doubt", reason="no_answer", sent_at=NOW)

    words = (Resolution.ARRIVED, Resolution.UNKNOWN)
    settled = at_once(
        *[lambda word=word: services.resolve_by_hand(Delivery.objects.all(), word, actor=None, now=NOW) for word in words]
    )

    assert sum(settled) == 30
    assert AuditEvent.objects.filter(verb="delivery.doubt_resolved").count() == 30


def test_moment_of_which_a_worker_marks_a_batch_is_not_edited_any_more():
    """The edit waits for the mark, and then sees that something of it has left."""
    campaign, channel, key = make_campaign(), make_channel(), f"{OWN_KEY}call"
    cell = CellKey(key, None, channel.pk)
    own = {"key": key, "anchor": Anchor.START, "offset_days": -3, "content_key": "announce"}
    step = Step.objects.create(campaign=campaign, channel=channel, **own)
    touchpoint = make_touchpoint(campaign=campaign, step=step, step_key=key, segment=None, channel=channel, state="due")
    begun, wanted = threading.Event(), NewMoment(key=key, anchor="start", offset_days=-1, offset=timedelta(0))

    def mark():
        with transaction.atomic():
            Touchpoint.objects.select_for_update(no_key=True).get(pk=touchpoint.pk)
            begun.set()
            time.sleep(0.3)
            Touchpoint.objects.update(state=TouchpointState.SENDING, first_sent_at=NOW)

    def edit():
        begun.wait()
        wishes = Wishes(cells={cell}, on={cell}, owners={})
        try:
            return change_cells(campaign, wishes, MomentWishes(edited=[wanted]), actor=None, now=NOW)
        except WindowError as refusal:
            return refusal.code

    _marked, answer = at_once(mark, edit)

    assert answer == "has_left"
    assert Step.objects.get().offset_days == -3
