"""The fence: whoever has lost a batch can write nothing about it."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from apps.campaigns.models import Reason, Touchpoint, TouchpointState
from apps.channels.models import Channel
from apps.delivery import store
from apps.delivery.compose import Desk
from apps.delivery.expand import expand_touchpoint
from apps.delivery.models import Batch, BatchState, Delivery
from apps.delivery.outcomes import Outcome
from apps.delivery.settle import accept_late, settle
from tests.factories import NOW

from .engine import claimed, expanded, marked, states

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=30)


def accepted(batch):
    return [Outcome.accepted(row, at=NOW, provider_id=f"id-{row.pk}") for row in batch.deliveries.all()]


def test_a_claimed_batch_is_nobody_elses():
    batch = claimed()

    assert (batch.state, batch.attempt, batch.lease_until) == (BatchState.LEASED, 1, NOW + LEASE)
    assert store.claim(now=NOW) is None


def test_a_claim_says_all_that_is_in_the_batchs_row():
    batch = claimed()
    row = Batch.objects.get(pk=batch.pk)

    names = [field.attname for field in Batch._meta.concrete_fields]
    assert {name: getattr(batch, name) for name in names} == {name: getattr(row, name) for name in names}


def test_each_claim_has_its_own_token():
    first = claimed()
    store.release(first, not_before=NOW)
    second = store.claim(now=NOW)

    assert (second.pk, second.attempt) == (first.pk, 2)
    assert second.token != first.token


def test_the_next_batch_of_a_touchpoint_reads_the_channel_anew_and_nothing_else(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    expanded(2)
    desk = Desk()
    first = store.claim(now=NOW, touchpoint_of=desk.touchpoint_of)
    Channel.objects.update(is_enabled=False)

    second = store.claim(now=NOW, touchpoint_of=desk.touchpoint_of)

    assert second.touchpoint is first.touchpoint
    assert not second.channel.is_enabled


def test_a_touchpoint_that_was_planned_anew_is_read_anew():
    touchpoint = expanded(1)
    desk = Desk()
    first = store.claim(now=NOW, touchpoint_of=desk.touchpoint_of)
    store.release(first, not_before=NOW)
    Touchpoint.objects.update(state=TouchpointState.PLANNED, is_mandatory=True)
    expand_touchpoint(touchpoint.pk, now=NOW + timedelta(seconds=1))

    second = store.claim(now=NOW, touchpoint_of=desk.touchpoint_of)

    assert second.touchpoint.is_mandatory


def test_the_first_mark_moves_the_touchpoint():
    batch = claimed()

    assert store.mark_sending(batch, composed_at=NOW, journal="", now=NOW + timedelta(seconds=1))

    touchpoint = Touchpoint.objects.get()
    assert (touchpoint.state, touchpoint.first_sent_at) == (TouchpointState.SENDING, NOW + timedelta(seconds=1))


def test_a_later_mark_leaves_the_first_time_standing(settings):
    settings.DELIVERY_BATCH_SIZE = 1
    expanded(2)
    for second in (0, 9):
        batch = store.claim(now=NOW)
        store.mark_sending(batch, composed_at=NOW, journal="", now=NOW + timedelta(seconds=second))

    assert Touchpoint.objects.get().first_sent_at == NOW


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"state": TouchpointState.CANCELLED, "reason": Reason.WINDOW_CANCELLED}, id="cancelled"),
        pytest.param({"state": TouchpointState.SUPERSEDED, "reason": Reason.REPLACED}, id="superseded"),
        pytest.param({"state": TouchpointState.PLANNED}, id="planned again"),
        pytest.param({"revision": 2}, id="another revision"),
        pytest.param({"useful_until": NOW}, id="past its use"),
    ],
)
def test_no_mark_for_a_touchpoint_that_may_not_leave(change):
    batch = claimed()
    Touchpoint.objects.update(**change)

    assert not store.mark_sending(batch, composed_at=NOW, journal="", now=NOW)
    assert store.close_refused(batch, now=NOW)
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE
    assert not Delivery.objects.filter(state="pending").exists()


def test_no_write_after_the_claim_is_lost():
    batch = marked()
    Batch.objects.update(token=uuid.uuid4(), attempt=2)

    assert not store.renew(batch, now=NOW)
    assert not store.give_up_journal(batch)
    assert not store.release(batch, not_before=NOW)
    assert not store.close_refused(batch, now=NOW)
    assert not settle(batch, accepted(batch), now=NOW)
    assert states() == {"pending": 2}


def test_a_lost_claim_refuses_the_mark():
    batch = claimed()
    Batch.objects.update(token=uuid.uuid4())

    assert not store.mark_sending(batch, composed_at=NOW, journal="", now=NOW)


def test_settling_writes_what_each_provider_call_said():
    batch = marked(3)

    assert settle(batch, accepted(batch), now=NOW)

    assert all(row.provider_id == f"id-{row.pk}" and row.sent_at == NOW for row in Delivery.objects.all())
    assert Batch.objects.get().state == BatchState.DONE
    assert Touchpoint.objects.get().state == TouchpointState.SENT


def test_settling_twice_is_refused():
    batch = marked()
    settle(batch, accepted(batch), now=NOW)

    assert not settle(batch, [], now=NOW)


def test_a_late_acceptance_settles_a_doubt_and_spares_a_repeat():
    batch = marked(3)
    late = accepted(batch)
    doubted, waiting, in_hand = batch.deliveries.order_by("pk")
    again = Batch.objects.create(touchpoint=batch.touchpoint, revision=1, channel=batch.channel, not_before=NOW, created_at=NOW)
    Delivery.objects.filter(pk=doubted.pk).update(state="in_doubt", reason="worker_lost", sent_at=NOW)
    Delivery.objects.filter(pk=waiting.pk).update(batch=again)

    assert accept_late(late, now=NOW) == 2

    in_hand.refresh_from_db()
    assert states() == {"sent": 2, "pending": 1}
    assert in_hand.state == "pending"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"state": "sent", "sent_at": None}, id="sent without a time"),
        pytest.param({"state": "failed", "reason": ""}, id="failed without a reason"),
        pytest.param({"batch": None}, id="waiting without a batch"),
    ],
)
def test_the_database_refuses_a_delivery_that_cannot_be(wrong):
    expanded(1)

    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.update(**wrong)
