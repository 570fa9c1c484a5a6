"""Several connections for one batch, against a real mail server and a real Redis."""

import threading

import pytest

from apps.channels.models import ChannelKind
from apps.channels.pool import TransportPool
from apps.channels.transports.memory import MemoryTransport
from apps.delivery import services, store
from apps.delivery.handover import HandOver, hand_over
from apps.delivery.models import Delivery
from apps.delivery.reaper import reap
from tests.channels.servers import SmtpServer
from tests.factories import HOUR, NOW, make_channel

from .engine import claimed, states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_journal", "text")]


@pytest.fixture
def server():
    server = SmtpServer()
    server.start()
    yield server
    server.stop()


def a_batch(server, people, *, connections):
    config = {"host": "127.0.0.1", "port": server.port, "connections": connections}
    return claimed(people, channel=make_channel(ChannelKind.EMAIL, config=config))


@pytest.fixture(autouse=True)
def _may_call_home(settings):
    settings.CHANNEL_HOST_ALLOWLIST = ["127.0.0.1"]


def test_each_message_leaves_once_over_as_many_connections_as_the_channel_says(server):
    services.deliver_batch(a_batch(server, 12, connections=3), now=NOW)

    assert states() == {"sent": 12}
    assert len({envelope.rcpt_tos[0] for envelope in server.envelopes}) == len(server.envelopes) == 12
    assert 1 <= server.connections <= 3  # a quick one may leave nothing for another


def test_no_more_connections_are_opened_than_there_are_messages(server):
    services.deliver_batch(a_batch(server, 2, connections=9), now=NOW)

    assert server.connections <= 2


def test_connections_stay_open_from_batch_to_batch(server):
    with services.Workplace() as workplace:
        first = a_batch(server, 2, connections=1)
        services.deliver_batch(first, now=NOW, workplace=workplace)
        second = claimed(2, channel=first.channel)
        services.deliver_batch(second, now=NOW, workplace=workplace)

    assert states() == {"sent": 6}  # the second touchpoint goes to the first one's people too
    assert server.connections == 1


def test_a_channel_that_was_changed_gets_new_connections(server):
    with TransportPool() as pool:
        channel = a_batch(server, 1, connections=1).channel
        (before,) = pool.lend(channel)
        channel.config = channel.config | {"from_address": "other@example.org"}
        (after,) = pool.lend(channel)

    assert before is not after


def test_a_refusal_on_one_connection_does_not_stop_the_others(server):
    server.script["RCPT"].extend(["451 later", "550 5.1.1 unknown"])

    services.deliver_batch(a_batch(server, 8, connections=2), now=NOW)

    assert states() == {"sent": 6, "pending": 1, "failed": 1}


def test_what_every_lane_had_in_hand_when_its_worker_died_is_in_doubt(server, monkeypatch):
    """The worker dies when each of its three connections is waiting for an answer."""
    batch = a_batch(server, 9, connections=3)
    together = threading.Barrier(3, timeout=20)

    class Killed(BaseException):
        pass

    def settle(*_args, **_words):
        raise Killed

    def hold(self, letter, gate):
        gate()
        together.wait()
        raise Killed

    monkeypatch.setattr("apps.channels.smtp.PhasedSMTPBackend.hand_over", hold)
    monkeypatch.setattr(services, "settle", settle)
    monkeypatch.setattr(threading, "excepthook", lambda _args: None)
    with pytest.raises(Killed):
        services.deliver_batch(batch, now=NOW)
    reap(NOW + HOUR)

    assert states() == {"in_doubt": 3, "pending": 6}


def test_the_end_of_the_task_stops_every_lane_at_its_next_message(monkeypatch):
    batch = claimed(6)
    assert store.mark_sending(batch, composed_at=NOW, journal="", now=NOW)
    transports = [MemoryTransport(config={}, secrets={}) for _ in range(2)]
    is_over = threading.Event()

    def hand_over_and_wait(self, message, gate):
        gate()
        assert is_over.wait(20)
        return ""

    def time_is_up(*_args):
        is_over.set()
        raise TimeoutError("soft time limit")

    monkeypatch.setattr(MemoryTransport, "hand_over", hand_over_and_wait)
    monkeypatch.setattr("apps.delivery.handover.lanes._look_after", time_is_up)
    shared = a_hand_over(batch)
    run = hand_over(shared, transports)

    assert len(run.outcomes) <= 2 + 2  # what was in hand, and what was taken before the stop was heard
    assert isinstance(run.bug, TimeoutError)


def test_a_lane_that_cannot_start_stops_those_that_have(monkeypatch):
    batch = claimed(6)
    assert store.mark_sending(batch, composed_at=NOW, journal="", now=NOW)
    may_go_on = threading.Event()
    start = threading.Thread.start

    def hand_over_late(self, message, gate):
        assert may_go_on.wait(20)
        gate()
        return ""

    def start_the_first(thread):
        if thread.name == "lane-1":
            threading.Timer(0.1, may_go_on.set).start()
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(MemoryTransport, "hand_over", hand_over_late)
    monkeypatch.setattr(threading.Thread, "start", start_the_first)
    run = hand_over(a_hand_over(batch), [MemoryTransport(config={}, secrets={}) for _ in range(2)])

    assert run.outcomes == []
    assert isinstance(run.bug, RuntimeError)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane-")]


def a_hand_over(batch) -> HandOver:
    from datetime import timedelta

    from apps.delivery.clock import RunningClock
    from apps.delivery.compose import compose_batch
    from apps.delivery.handover import Brake
    from apps.delivery.journal import Journal
    from apps.delivery.lease import Lease
    from apps.delivery.pace import Pace
    from apps.delivery.waiting import waiting_rows

    clock = RunningClock(NOW)
    brake = Brake(batch, Lease(batch, clock), clock, budget=timedelta(minutes=1))
    messages = compose_batch(batch, waiting_rows(batch), at=NOW).messages
    return HandOver(batch, messages, journal=Journal(batch), brake=brake, pace=Pace(batch, clock), clock=clock)


def test_an_answer_is_noted_for_each_lane(server):
    services.deliver_batch(a_batch(server, 4, connections=2), now=NOW)

    assert set(Delivery.objects.values_list("provider_id", flat=True)) == {f"Q{number}" for number in range(1, 5)}
