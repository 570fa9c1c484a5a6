import time
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.campaigns.models import Touchpoint, TouchpointState
from apps.campaigns.stillness import Unanswered
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import services, stillness
from apps.delivery.journal import Journal
from apps.delivery.models import Batch
from apps.delivery.outcomes import Outcome
from apps.delivery.steering import pause
from apps.delivery.stillness import await_campaign, await_stillness
from tests.campaigns.admin_pages import press, released, signed_in
from tests.factories import NOW, make_batch

from .engine import claimed, marked, states

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(stillness, "LONGEST_WAIT_SECONDS", 0.1)


def stop(target):
    pause(target, reason="", actor=None, now=NOW)


def all_batches():
    return await_stillness(Batch.objects.all(), now=NOW)


@pytest.mark.usefixtures("text")
def test_what_is_stopped_while_the_transport_connects_does_not_pass_the_gate(outbox, monkeypatch):
    batch = claimed()
    hand_over = MemoryTransport.hand_over
    monkeypatch.setattr("apps.delivery.handover.brake.LOOK_SECONDS", 0.02)

    def connect_slowly(transport, message, gate):
        stop(batch.channel)
        time.sleep(0.03)
        return hand_over(transport, message, gate)

    monkeypatch.setattr(MemoryTransport, "hand_over", connect_slowly)
    services.deliver_batch(batch, now=NOW)

    assert outbox == []
    assert states() == {"pending": 2}


def test_what_may_still_leave_is_not_waited_for():
    marked()

    assert all_batches() == Unanswered()


def test_a_batch_that_was_only_claimed_is_not_waited_for():
    stop(claimed().channel)

    assert all_batches() == Unanswered()


def test_a_batch_whose_worker_is_gone_is_not_waited_for():
    stop(marked().channel)
    Batch.objects.update(lease_until=NOW)

    assert all_batches() == Unanswered()


def test_without_a_journal_what_waits_in_the_batch_is_the_most_there_can_be():
    stop(marked(3).channel)

    assert all_batches() == Unanswered(messages=3, is_exact=False)


def test_the_journal_says_which_messages_are_unanswered(redis_journal):
    batch = marked(3)
    first, second, _third = batch.deliveries.order_by("pk")
    journal = Journal.open(batch)
    Batch.objects.update(journal=journal.run)
    journal.note(begin=[first.pk])
    journal.note(done=[Outcome.accepted(first, at=NOW)], begin=[second.pk])
    stop(batch.channel)

    assert all_batches() == Unanswered(messages=1)
    assert all_batches() == Unanswered(messages=1)  # looking takes nothing from the worker


def test_a_settled_batch_ends_the_wait(monkeypatch):
    batch = marked()
    stop(batch.channel)
    monkeypatch.setattr(stillness, "LONGEST_WAIT_SECONDS", 30.0)
    monkeypatch.setattr(stillness.time, "sleep", lambda seconds: Batch.objects.update(state="done"))

    assert all_batches() == Unanswered()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"state": TouchpointState.CANCELLED, "reason": "window_cancelled"}, id="cancelled"),
        pytest.param({"revision": 2, "state": TouchpointState.PLANNED}, id="moved"),
    ],
)
def test_what_a_verb_of_the_campaign_stopped_is_waited_for(change):
    batch = marked()
    Batch.objects.update(lease_until=timezone.now() + timedelta(hours=1))
    Touchpoint.objects.update(**change)

    assert await_campaign(batch.touchpoint.campaign).messages == 2


def test_the_page_that_cancels_says_what_is_still_unanswered():
    client = signed_in()
    campaign = released(client)
    touchpoint = campaign.touchpoints.get(step_key="announce")
    Touchpoint.objects.filter(pk=touchpoint.pk).update(state=TouchpointState.SENDING)
    now = timezone.now()
    batch = make_batch(touchpoint, state="sending", token="7" * 32, marked_at=now, lease_until=now + timedelta(hours=1))
    batch.deliveries.create(touchpoint=touchpoint, revision=1, address="x@example.org")

    press(client, campaign, "cancel", reason="Not needed.")
    text = client.get("/admin/").content.decode()

    assert "At most 1 message had left before and still waits for the provider" in text
