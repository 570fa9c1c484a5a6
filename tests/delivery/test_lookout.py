"""Alarms without workers: sent beside the clock, never by what is halted or does not know yet whether it is a copy."""

from datetime import timedelta

import pytest

from apps.delivery import direct, lookout
from apps.delivery.direct import Cause, DirectWork
from apps.delivery.homes import home
from apps.delivery.lookout import Lookout
from apps.delivery.models import Alarm, Installation
from apps.delivery.policy import Halt
from tests.factories import HOUR, NOW, make_user

from .test_alarms import by_memory, running

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """The database says what the test says; the first look raises the alarm."""
    times = [NOW]
    monkeypatch.setattr(lookout, "database_now", lambda: times[0])
    ana = make_user(email="ana@example.org")
    running(ana)
    by_memory(ana)
    return times


def test_a_worker_has_the_first_chance_then_the_clock_sends_it(clock):
    lookout_ = Lookout()
    assert (lookout_.look(), Alarm.objects.get().state) == (0, "waiting")

    clock[0] = NOW + lookout.UNTAKEN_FOR

    assert (lookout_.look(), Alarm.objects.get().state) == (1, "sent")


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"halted_at": NOW, "halt": Halt.COPY}, id="declared a copy"),
        pytest.param({"home": "elsewhere"}, id="cloned, and not judged yet"),
        pytest.param({"beat_at": NOW - timedelta(hours=1)}, id="silent for long, for the clock to judge first"),
    ],
)
def test_what_may_be_a_copy_alarms_nobody(clock, fields):
    Installation.objects.create(**({"home": home(), "beats": 5, "beat_at": NOW} | fields))
    lookout_ = Lookout()
    lookout_.look()
    clock[0] = NOW + lookout.UNTAKEN_FOR

    assert lookout_.look() == 0
    assert not Alarm.objects.filter(state="sent").exists()


def test_messages_that_leave_without_workers_wait_for_no_alarm(clock, monkeypatch):
    monkeypatch.setattr(direct, "database_now", lambda: NOW + HOUR)
    for part in (direct.witness, direct.bucket):
        monkeypatch.setattr(part, "_away_until", 0.0)
    work = DirectWork(takes_notes=lambda: False)

    for _ in range(3):
        work.look()

    assert work.cause is Cause.AWAY
    assert not Alarm.objects.exists()


def test_once_told_to_stop_it_begins_no_further_alarm(clock):
    lookout_ = Lookout()
    lookout_.look()
    clock[0] = NOW + lookout.UNTAKEN_FOR
    lookout_.stop()

    assert lookout_.look() == 0
