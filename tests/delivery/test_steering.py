from datetime import timedelta

import pytest

from apps.accounts.models import AuditEvent
from apps.campaigns.models import Campaign, Touchpoint, TouchpointState
from apps.channels.models import Channel
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import services, steering, store
from apps.delivery.due import due, oldest_due_at
from apps.delivery.expand import Expanded, expand_touchpoint
from apps.delivery.models import Batch, Delivery
from apps.delivery.steering import Choice, pause, resume
from tests.factories import HOUR, NOW, make_batch, make_channel, make_contact, make_touchpoint, make_user

from .engine import claimed, expanded, states, sweep, work

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def stop(target, **fields):
    return pause(target, **({"reason": "The texts are wrong.", "actor": None, "now": NOW} | fields))


def go_on(target, choice=Choice.NOW, *, now=NOW, **fields):
    return resume(target, **({"choice": choice, "actor": None, "now": now} | fields))


def overdue_of(target, now=NOW):
    return steering.overdue(steering.held_back_by(target), steering.batches_held_back_by(target), now=now)


# --- pause ------------------------------------------------------------------------------------------------------------


def test_what_is_paused_is_not_claimed(target_of):
    touchpoint = expanded()

    assert stop(target_of(touchpoint))

    assert store.claim(now=NOW) is None


def test_a_batch_claimed_before_the_pause_is_not_marked_after_it(target_of):
    batch = claimed()
    stop(target_of(batch.touchpoint))

    assert not store.mark_sending(batch, composed_at=NOW, journal="", now=NOW)
    assert store.close_refused(batch, now=NOW)

    assert Batch.objects.get().state == "ready"
    assert states() == {"pending": 2}


def test_a_batch_in_hand_gives_back_the_rest(target_of, text, outbox, monkeypatch):
    monkeypatch.setattr("apps.delivery.handover.brake.LOOK_SECONDS", 0.0)
    batch = claimed(5)
    hand_over = MemoryTransport.hand_over

    def hand_over_and_pause(transport, message, gate):
        name = hand_over(transport, message, gate)
        if len(outbox) == 2:
            stop(target_of(batch.touchpoint))
        return name

    monkeypatch.setattr(MemoryTransport, "hand_over", hand_over_and_pause)
    services.deliver_batch(batch, now=NOW)
    work(NOW + MINUTE)

    assert states() == {"sent": 2, "pending": 3}
    go_on(target_of(batch.touchpoint))
    work(NOW + MINUTE)
    assert states() == {"sent": 5}
    assert len({message.key for message in outbox}) == 5


def test_what_is_paused_is_not_expanded(target_of):
    make_contact()
    touchpoint = make_touchpoint()
    stop(target_of(touchpoint))

    assert expand_touchpoint(touchpoint.pk, now=NOW) is Expanded.NOT_NOW
    assert due(NOW).to_expand == []


def test_what_is_paused_does_not_count_as_late(target_of):
    touchpoint = expanded()
    planned = make_touchpoint(campaign=touchpoint.campaign, channel=touchpoint.channel)
    for each in (touchpoint, planned):
        stop(target_of(each))

    assert oldest_due_at(NOW + HOUR) is None
    assert due(NOW + HOUR).bulk_batches == 0


def test_others_go_on_meanwhile(target_of, text):
    stop(target_of(expanded()))
    expanded(1)

    work()

    assert states()["sent"] == 3  # its segment is everybody
    assert states()["pending"] == 2


def test_a_pause_is_kept_with_who_when_and_why():
    ana, touchpoint = make_user(), expanded()

    stop(touchpoint.campaign, actor=ana, reason="The texts are wrong.")

    campaign = Campaign.objects.get()
    assert (campaign.paused_at, campaign.paused_by, campaign.pause_reason) == (NOW, ana, "The texts are wrong.")
    event = AuditEvent.objects.get(verb="campaign.paused")
    assert (event.actor, event.detail) == (ana, {"reason": "The texts are wrong."})


def test_a_second_pause_changes_nothing(target_of):
    touchpoint = expanded()
    stop(target_of(touchpoint), reason="First.")

    assert not stop(target_of(touchpoint), reason="Second.")

    assert AuditEvent.objects.count() == 1


def test_a_touchpoint_that_is_over_cannot_be_paused():
    assert not stop(make_touchpoint(state=TouchpointState.SENT))


def test_what_becomes_of_no_use_meanwhile_is_missed_for_that_reason(target_of):
    touchpoint = expanded()
    planned = make_touchpoint(campaign=touchpoint.campaign, channel=touchpoint.channel)
    for each in (touchpoint, planned):
        stop(target_of(each))

    sweep(NOW + 7 * HOUR)

    assert set(Touchpoint.objects.values_list("state", "reason")) == {("missed", "paused")}
    assert set(Delivery.objects.values_list("state", "reason")) == {("expired", "paused")}


def test_a_batch_refused_past_its_use_says_that_it_was_paused():
    batch = claimed()
    stop(batch.touchpoint)

    assert not store.mark_sending(batch, composed_at=NOW, journal="", now=NOW + 7 * HOUR)
    store.close_refused(batch, now=NOW + 7 * HOUR)

    assert set(Delivery.objects.values_list("state", "reason")) == {("expired", "paused")}


# --- resume -----------------------------------------------------------------------------------------------------------


def test_what_is_overdue_is_counted_by_touchpoint(target_of):
    touchpoint = expanded()
    planned = make_touchpoint(campaign=touchpoint.campaign, channel=touchpoint.channel, due_at=NOW + MINUTE)
    make_touchpoint(campaign=touchpoint.campaign, channel=touchpoint.channel, due_at=NOW + 2 * HOUR)
    for each in (touchpoint, planned):
        stop(target_of(each))

    lines = [line for each in {target_of(touchpoint), target_of(planned)} for line in overdue_of(each, NOW + HOUR)]

    assert {(line.touchpoint.pk, line.waiting) for line in lines} == {(touchpoint.pk, 2), (planned.pk, None)}


def test_what_something_else_holds_back_is_not_counted():
    touchpoint = expanded()
    stop(touchpoint.campaign)
    stop(touchpoint.channel)

    assert overdue_of(touchpoint.campaign) == []

    go_on(touchpoint.campaign, Choice.SKIP)
    assert states() == {"pending": 2}
    assert len(overdue_of(touchpoint.channel)) == 1


def test_resumed_now_it_leaves_at_once(target_of, text):
    touchpoint = expanded()
    stop(target_of(touchpoint))

    go_on(target_of(touchpoint), now=NOW + HOUR)
    work(NOW + HOUR)

    assert states() == {"sent": 2}


def test_skipped_it_is_closed_with_a_reason(target_of):
    touchpoint = expanded()
    stop(target_of(touchpoint))

    released = go_on(target_of(touchpoint), Choice.SKIP, now=NOW + HOUR)

    assert released.skipped == 2
    assert set(Delivery.objects.values_list("state", "reason")) == {("cancelled", "skipped")}
    assert set(Touchpoint.objects.values_list("state", "reason")) == {("skipped", "skipped_by_hand")}


def test_skipped_before_anybody_was_written_it_is_left_out():
    touchpoint = make_touchpoint()
    stop(touchpoint.channel)

    go_on(touchpoint.channel, Choice.SKIP)

    touchpoint.refresh_from_db()
    assert (touchpoint.state, touchpoint.reason) == ("skipped", "skipped_by_hand")


def test_skipping_the_rest_leaves_what_was_sent(text):
    batch = claimed(1)
    services.deliver_batch(batch, now=NOW)
    Touchpoint.objects.update(state=TouchpointState.SENDING)
    rest = make_batch(batch.touchpoint)
    Delivery.objects.create(touchpoint=batch.touchpoint, revision=1, contact=make_contact(), batch=rest, address="x@example.org")
    stop(batch.touchpoint)

    go_on(batch.touchpoint, Choice.SKIP)

    assert Touchpoint.objects.values_list("state", "reason").get() == ("sent", "skipped_by_hand")
    assert states() == {"sent": 1, "cancelled": 1}


def test_what_is_not_due_yet_is_not_skipped():
    touchpoint = expanded(due_at=NOW + 5 * MINUTE)
    stop(touchpoint)

    go_on(touchpoint, Choice.SKIP)

    assert states() == {"pending": 2}


def test_spread_its_batches_leave_evenly(target_of, settings):
    settings.DELIVERY_BATCH_SIZE = 1
    touchpoint = expanded(4)
    stop(target_of(touchpoint))

    released = go_on(target_of(touchpoint), Choice.SPREAD, now=NOW + HOUR, over=40 * MINUTE)

    times = sorted(Batch.objects.values_list("not_before", flat=True))
    assert times == [NOW + HOUR + 10 * place * MINUTE for place in range(4)]
    assert released.last_at == times[-1]


def test_spread_nothing_leaves_past_its_use(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    touchpoint = expanded(10)
    stop(touchpoint)

    go_on(touchpoint, Choice.SPREAD, now=NOW + 5 * HOUR, over=10 * HOUR)

    assert max(Batch.objects.values_list("not_before", flat=True)) < NOW + 6 * HOUR - 6 * MINUTE


def test_spread_also_what_had_no_recipients_yet(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    for _ in range(3):
        make_contact()
    touchpoint = make_touchpoint()
    stop(touchpoint)

    go_on(touchpoint, Choice.SPREAD, now=NOW + HOUR, over=30 * MINUTE)

    assert Batch.objects.claimable(NOW + HOUR).count() == 1
    assert Batch.objects.claimable(NOW + 2 * HOUR).count() == 3


def test_resuming_says_of_what_is_past_use_that_it_was_paused():
    touchpoint = expanded()
    stop(touchpoint)

    go_on(touchpoint, now=NOW + 7 * HOUR)

    assert set(Touchpoint.objects.values_list("state", "reason")) == {("missed", "paused")}


def test_resuming_what_is_not_paused_does_nothing(target_of):
    assert go_on(target_of(expanded()), Choice.SKIP) is None
    assert states() == {"pending": 2}
    assert not AuditEvent.objects.exists()


def test_a_resumption_is_kept_with_its_choice():
    ana, channel = make_user(), make_channel()
    stop(channel)

    go_on(channel, Choice.SPREAD, over=30 * MINUTE, actor=ana)

    assert Channel.objects.get().paused_at is None
    event = AuditEvent.objects.get(verb="channel.resumed")
    assert (event.actor, event.detail) == (ana, {"choice": "spread", "skipped": 0, "minutes": 30})
