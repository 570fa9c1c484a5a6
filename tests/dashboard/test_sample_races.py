"""The sample is removed while a worker has one of its batches in hand. What two do at once is PostgreSQL's part."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.campaigns.models import Campaign, Touchpoint
from apps.channels.transports.memory import MemoryTransport
from apps.dashboard.sample import holding
from apps.dashboard.sample.holding import SampleInUse
from apps.dashboard.sample.services import load_sample, remove_sample
from apps.delivery import services, store
from apps.delivery.expand import expand_touchpoint
from apps.delivery.models import Batch, Delivery
from apps.windows.models import MaintenanceWindow
from tests.factories import make_planner

HELD_SECONDS = 0.5
in_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lets one writer in at a time")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana():
    return make_planner(username="ana")


@pytest.fixture
def batch(ana):
    """The announced window's next message, ready to leave."""
    load_sample(actor=ana, now=timezone.now())
    announced = Campaign.objects.get(window__status="scheduled")
    touchpoint = announced.touchpoints.filter(state="planned", due_at__isnull=False).first()
    expand_touchpoint(touchpoint.pk, now=touchpoint.expand_at)
    return Batch.objects.get(touchpoint=touchpoint)


def meanwhile(deed, first, second):
    """`deed`, while a worker has `first` in hand and then wants `second`, in one transaction; what both came to."""
    begun = threading.Event()

    def work():
        try:
            with transaction.atomic():
                list(first.select_for_update(no_key=True))
                begun.set()
                time.sleep(HELD_SECONDS)
                return len(second.select_for_update(no_key=True))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(work)
        begun.wait()
        return deed(), worker.result(timeout=10)


@in_postgresql
@pytest.mark.parametrize("order", ["mark", "close", "settle"])
def test_worker_that_locks_in_whatever_order_is_let_through_first(ana, batch, order):
    touchpoints, batches = Touchpoint.objects.filter(pk=batch.touchpoint_id), Batch.objects.filter(pk=batch.pk)
    first, second = {
        "mark": (touchpoints, batches),
        "close": (batches, touchpoints),
        "settle": (batches, Delivery.objects.filter(batch=batch)),
    }[order]

    kept, found = meanwhile(lambda: remove_sample(actor=ana, now=timezone.now()), first, second)

    assert kept == []
    assert found >= 1
    assert not MaintenanceWindow.objects.exists()


@in_postgresql
def test_what_stays_in_hand_too_long_is_said_and_nothing_is_removed(ana, batch, monkeypatch):
    monkeypatch.setattr(holding, "LONGEST_WAIT_SECONDS", HELD_SECONDS / 5)

    def refused():
        with pytest.raises(SampleInUse, match="Try again in a moment"):
            remove_sample(actor=ana, now=timezone.now())
        return MaintenanceWindow.objects.count()

    assert meanwhile(refused, Batch.objects.filter(pk=batch.pk), Batch.objects.none()) == (3, 0)


def test_worker_in_the_middle_of_a_batch_ends_quietly_and_writes_nothing_more(ana, batch, monkeypatch):
    now = batch.touchpoint.due_at
    claimed = store.claim(now=now)
    hand_over = MemoryTransport.hand_over

    def removing(transport, message, gate):
        if MaintenanceWindow.objects.exists():
            remove_sample(actor=ana, now=now)
        return hand_over(transport, message, gate)

    monkeypatch.setattr(MemoryTransport, "hand_over", removing)
    services.deliver_batch(claimed, now=now)

    assert not MaintenanceWindow.objects.exists()
    assert not Batch.objects.exists()
    assert not Delivery.objects.exists()


def test_worker_that_comes_too_late_to_mark_its_batch_hands_nothing_over(ana, batch):
    now = batch.touchpoint.due_at
    claimed = store.claim(now=now)
    remove_sample(actor=ana, now=now)

    assert not store.mark_sending(claimed, composed_at=now, journal="", now=now)
    assert not store.close_refused(claimed, now=now)
