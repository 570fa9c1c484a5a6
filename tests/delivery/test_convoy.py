"""One thread at several connections, against a real mail server that takes commands in one go, and a real Redis."""

import time

import pytest

from apps.channels.models import ChannelKind
from apps.channels.smtp_dialogue import SmtpDialogue
from apps.common.redis import redis_client
from apps.delivery import journal, services, store
from apps.delivery.handover import convoy
from apps.delivery.journal import peek
from apps.delivery.models import Batch, Circuit, Delivery
from apps.delivery.reaper import reap
from tests.channels.servers import CLOSE, RESET, SILENCE, SmtpServer
from tests.factories import HOUR, NOW, make_channel

from .engine import claimed, states, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_journal", "text")]


class Killed(BaseException):
    pass


@pytest.fixture
def server():
    server = SmtpServer()
    server.extensions = ["PIPELINING"]
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _may_call_home(settings):
    settings.CHANNEL_HOST_ALLOWLIST = ["127.0.0.1"]


@pytest.fixture
def dialogues(monkeypatch):
    """All that were begun."""
    begun = []
    begin = SmtpDialogue.__init__

    def note(self, connection):
        begun.append(self)
        begin(self, connection)

    monkeypatch.setattr(SmtpDialogue, "__init__", note)
    return begun


def a_batch(server, people, *, connections=1, **fields):
    config = {"host": "127.0.0.1", "port": server.port, "connections": connections}
    return claimed(people, channel=make_channel(ChannelKind.EMAIL, config=config), **fields)


def received(server):
    return sorted(envelope.rcpt_tos[0] for envelope in server.envelopes)


def addresses(**fields):
    return sorted(Delivery.objects.filter(**fields).values_list("address", flat=True))


@pytest.mark.parametrize("connections", [1, 3])
def test_each_message_leaves_once(server, dialogues, connections):
    services.deliver_batch(a_batch(server, 12, connections=connections), now=NOW)

    assert states() == {"sent": 12}
    assert received(server) == addresses()
    assert len(dialogues) == server.connections == connections
    assert set(Delivery.objects.values_list("provider_id", flat=True)) == {f"Q{number}" for number in range(1, 13)}


def test_the_connections_serve_the_next_batch_too(server, dialogues):
    with services.Workplace() as workplace:
        first = a_batch(server, 4, connections=2)
        services.deliver_batch(first, now=NOW, workplace=workplace)
        services.deliver_batch(claimed(1, channel=first.channel), now=NOW, workplace=workplace)

    assert server.connections == 2
    assert len(dialogues) == 4


def test_a_connection_that_the_server_has_closed_meanwhile_is_opened_anew(server):
    with services.Workplace() as workplace:
        first = a_batch(server, 1)
        services.deliver_batch(first, now=NOW, workplace=workplace)
        server.loop.call_soon_threadsafe(server.transports[0].close)
        while first.channel and workplace.pool.lend(first.channel)[0].is_open:
            pass
        services.deliver_batch(claimed(1, channel=first.channel), now=NOW, workplace=workplace)

    assert states() == {"sent": 3}
    assert server.connections == 2


def test_a_server_that_takes_one_command_at_a_time_is_left_to_a_lane(server, dialogues):
    server.extensions = []

    services.deliver_batch(a_batch(server, 3), now=NOW)

    assert states() == {"sent": 3}
    assert dialogues == []


@pytest.mark.parametrize("connections", [1, 2])
def test_a_refusal_concerns_its_message_only(server, connections):
    server.script["RCPT"].extend([None, "451 later", "550 5.1.1 unknown"])
    server.script["DOT"].extend([None, None, "554 5.7.1 spam"])

    services.deliver_batch(a_batch(server, 8, connections=connections), now=NOW)

    assert states() == {"sent": 5, "pending": 1, "failed": 2}
    assert received(server) == addresses(state="sent")
    assert server.connections == connections


def test_what_is_no_address_fails_alone(server):
    batch = a_batch(server, 3)
    Delivery.objects.filter(pk=Delivery.objects.latest("pk").pk).update(address="nobody at all")

    services.deliver_batch(batch, now=NOW)

    assert states() == {"sent": 2, "failed": 1}


@pytest.mark.parametrize("fault", [CLOSE, RESET, "421 4.3.2 closing"])
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_a_connection_lost_before_the_text_costs_nobody_a_message(server, step, fault):
    server.script[step].extend([None, None, fault])

    services.deliver_batch(a_batch(server, 6, connections=2), now=NOW)

    assert states() == {"sent": 6}
    assert received(server) == addresses()


@pytest.mark.parametrize("fault", [CLOSE, RESET])
def test_one_lost_behind_a_text_leaves_that_one_in_doubt(server, fault):
    server.script["DOT"].extend([None, fault])

    services.deliver_batch(a_batch(server, 6), now=NOW)

    assert states() == {"sent": 5, "in_doubt": 1}
    assert received(server) == addresses()  # it had arrived


def test_a_server_that_falls_silent_stops_the_batch(server, monkeypatch):
    monkeypatch.setattr(services, "ANSWER_SECONDS", 0.2)
    server.script["DOT"].extend([None, SILENCE])

    services.deliver_batch(a_batch(server, 5), now=NOW)

    assert states() == {"sent": 1, "in_doubt": 1, "pending": 3}
    assert Circuit.objects.get().failures == 1
    assert Batch.objects.exclude(state="done").get().not_before > NOW


def test_a_server_that_pushes_back_is_written_to_slowly(server):
    server.script["DOT"].extend([None, "450 4.7.1 too many messages, slow down"])

    services.deliver_batch(a_batch(server, 6), now=NOW)

    assert states() == {"sent": 5, "pending": 1}
    assert server.connections == 2  # the convoy broke up, and a lane went on at the new pace
    assert Circuit.objects.get().slowdown is not None


def test_nothing_leaves_behind_a_stop(server, monkeypatch):
    monkeypatch.setattr("apps.delivery.handover.brake.LOOK_SECONDS", 0.0)
    looks = iter([True, True])
    monkeypatch.setattr(store, "may_go_on", lambda batch, *, now: next(looks, False))

    services.deliver_batch(a_batch(server, 6), now=NOW)

    assert len(server.envelopes) == 2
    assert states() == {"sent": 2, "pending": 4}


def test_a_text_leaves_only_once_its_beginning_stands_in_the_journal(server, monkeypatch):
    batch = a_batch(server, 4, connections=2)
    hand_over, early = SmtpDialogue.hand_over, []

    def look(self, following):
        begun = peek(Batch.objects.get()).begun
        recipient = self._offered.envelope.decode().partition("RCPT TO:<")[2].partition(">")[0]
        early.extend(Delivery.objects.filter(address=recipient).exclude(pk__in=begun))
        hand_over(self, following)

    monkeypatch.setattr(SmtpDialogue, "hand_over", look)
    services.deliver_batch(batch, now=NOW)

    assert states() == {"sent": 4}
    assert early == []


@pytest.mark.parametrize("connections", [1, 3])
def test_a_killed_worker_leaves_one_message_in_doubt_for_each_connection(server, monkeypatch, connections):
    batch = a_batch(server, 9, connections=connections)
    hand_over, sent = SmtpDialogue.hand_over, []

    def hand_over_and_die(self, following):
        hand_over(self, following)
        sent.append(self)
        if len(sent) == 3:
            raise Killed

    def settle(*_args, **_words):
        raise Killed

    monkeypatch.setattr(SmtpDialogue, "hand_over", hand_over_and_die)
    monkeypatch.setattr(services, "settle", settle)
    with pytest.raises(Killed):
        services.deliver_batch(batch, now=NOW)
    monkeypatch.undo()
    reap(NOW + HOUR)

    assert states()["in_doubt"] <= connections

    work(NOW + HOUR)
    assert len(set(received(server))) == len(received(server))
    assert {*addresses()} - {*received(server)} <= {*addresses(state="in_doubt")}


def test_a_journal_that_is_lost_does_not_stop_it(server, monkeypatch):
    batch = a_batch(server, 6)
    hand_over = SmtpDialogue.hand_over

    def lose_it(self, following):
        redis_client().delete(journal._key(batch))
        hand_over(self, following)

    monkeypatch.setattr(SmtpDialogue, "hand_over", lose_it)
    services.deliver_batch(batch, now=NOW)

    assert states() == {"sent": 6}
    assert Batch.objects.get().journal == ""


def test_a_bug_in_a_message_puts_that_one_aside_and_stays_loud(server, monkeypatch):
    batch = a_batch(server, 3)
    poison = Delivery.objects.order_by("pk")[1]
    pack = SmtpDialogue.pack

    def stumble(self, letter):
        if letter.recipients == [poison.address]:
            raise LookupError("a bug")
        return pack(self, letter)

    monkeypatch.setattr(SmtpDialogue, "pack", stumble)
    with pytest.raises(LookupError):
        services.deliver_batch(batch, now=NOW)

    poison.refresh_from_db()
    assert poison.state == "in_doubt"
    assert states()["pending"] >= 1


def test_a_bug_leaves_the_answers_of_the_others_to_be_heard(server, monkeypatch):
    batch = a_batch(server, 12, connections=3)
    pack, packed = SmtpDialogue.pack, []

    def stumble(self, letter):
        packed.append(letter)
        if len(packed) == 7:
            raise LookupError("a bug")
        return pack(self, letter)

    monkeypatch.setattr(SmtpDialogue, "pack", stumble)
    with pytest.raises(LookupError):
        services.deliver_batch(batch, now=NOW)

    assert states()["in_doubt"] == 1
    assert received(server) == addresses(state="sent")


def test_a_server_that_cannot_be_reached_is_known_to_be_away(server, monkeypatch):
    """Although finding out took all the time there was."""
    batch = a_batch(server, 3, connections=3)
    server.stop()
    times = iter([True])
    monkeypatch.setattr("apps.delivery.handover.Brake.is_free", lambda self: next(times, False))

    services.deliver_batch(batch, now=NOW)

    assert Circuit.objects.get().failures == 1
    assert states() == {"pending": 3}


def test_a_connection_that_is_slow_to_stand_does_not_hold_up_the_others(server, settings):
    settings.EMAIL_TIMEOUT = 1
    server.script["CONNECT"].extend([None, SILENCE])

    services.deliver_batch(a_batch(server, 8, connections=2), now=NOW)

    assert states() == {"sent": 8}


def test_after_a_refusal_at_the_end_the_connection_is_kept(server):
    server.script["RCPT"].extend([None, "550 5.1.1 unknown"])
    with services.Workplace() as workplace:
        first = a_batch(server, 2)
        services.deliver_batch(first, now=NOW, workplace=workplace)
        services.deliver_batch(claimed(1, channel=first.channel), now=NOW, workplace=workplace)

    assert server.connections == 1


def test_what_was_said_in_time_counts_however_late_it_is_heard(server, monkeypatch):
    """The thread was held up elsewhere, beyond the server's patience."""
    look = convoy.Convoy._wait

    def late(self):
        for carrier in self.carriers:
            time.sleep(0.05)
            carrier.dialogue.deadline = min(carrier.dialogue.deadline, time.monotonic())
        return look(self)

    monkeypatch.setattr(convoy.Convoy, "_wait", late)
    services.deliver_batch(a_batch(server, 3), now=NOW)

    assert states() == {"sent": 3}
