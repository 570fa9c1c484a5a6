"""Many messages in one call, through django-anymail's Mailgun to a local server, with a real Redis."""

import itertools
from datetime import timedelta

import pytest
from django.db import OperationalError

from apps.channels.models import ChannelKind
from apps.channels.transports.email import EmailTransport
from apps.delivery import services, store
from apps.delivery.journal import Journal
from apps.delivery.models import Circuit, Delivery
from apps.delivery.pace import Pace
from apps.delivery.reaper import reap
from tests.channels.merge_peers import MailgunPeer, mailgun
from tests.channels.servers import HttpServer
from tests.factories import HOUR, NOW, make_channel, make_contact, make_template

from .engine import claimed, states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_journal")]
GREETING = "{{ contact.greeting }},\n\n{{ window.times }}: [the page]({{ window.notice_url }}), [help](https://help.example.org)"


@pytest.fixture
def peer(settings):
    server = HttpServer()
    yield mailgun(server, settings)
    server.stop()


def a_channel(per_call: int = 50):
    config = {"backend": MailgunPeer.backend, "from_address": "ops@example.org", "messages_per_call": per_call}
    return make_channel(ChannelKind.EMAIL, config=config)


def test_a_batch_of_five_makes_one_call_and_settles_five(peer):
    make_template(body=GREETING)
    for name in ("Ann", "Bob", "Åsa", "名前"):
        make_contact(name=name)
    batch = claimed(1, channel=a_channel())

    report = services.deliver_batch(batch, now=NOW)

    assert report == services.Report(sent=5)
    assert states() == {"sent": 5}
    assert len(peer.server.calls) == 1
    mails = peer.mails()
    for delivery in Delivery.objects.select_related("contact"):
        mail = mails[delivery.address]
        assert mail["metadata"] == {"delivery": delivery.token.hex}
        assert mail["headers"]["Message-Id"].startswith(f"<{delivery.token.hex}@")
        assert mail["headers"]["List-Unsubscribe"].startswith("<https://preavis.test/u/")
        assert mail["text"].startswith(f"Hello {delivery.contact.name},".replace(" ,", ","))
        assert delivery.provider_id == "<call@mg.example.org>"
    assert len({mail["html"] for mail in mails.values()}) == 5


def test_readers_of_other_languages_and_colleagues_go_in_calls_of_their_own(peer):
    make_template(body=GREETING)
    make_template(body="Travaux : {{ window.times }}", language="fr")
    for number in range(4):
        make_contact(language="fr" if number % 2 else "en", is_internal=number == 2)
    batch = claimed(1, channel=a_channel())

    services.deliver_batch(batch, now=NOW)

    assert states() == {"sent": 5}
    assert sorted(len(peer.sent(call)) for call in peer.server.calls) == [1, 2, 2]


@pytest.mark.parametrize("body", ["Write %recipient.name% to {{ contact.name }}", "{% if contact.name %}Dear you{% endif %}"])
def test_what_cannot_be_merged_goes_one_by_one(peer, body):
    make_template(body=body)

    services.deliver_batch(claimed(3, channel=a_channel()), now=NOW)

    assert states() == {"sent": 3}
    assert len(peer.server.calls) == 3
    assert all(b"recipient-variables" not in call.body for call in peer.server.calls)


def test_an_answer_that_never_came_leaves_the_call_in_doubt_and_the_rest_waiting(peer):
    make_template(body=GREETING)
    peer.server.script.append((500, {}, "oops"))

    services.deliver_batch(claimed(8, channel=a_channel(per_call=3)), now=NOW)

    assert states() == {"in_doubt": 3, "pending": 5}
    assert len(peer.server.calls) == 1


def test_a_refused_call_says_whose_fault_it_was(peer):
    make_template(body=GREETING)
    batch = claimed(4, channel=a_channel())
    bad, good = (400, {}, "to parameter is not a valid address"), peer.accepted
    peer.server.script.extend([bad, bad, bad, good, good])

    services.deliver_batch(batch, now=NOW)

    assert states() == {"sent": 3, "failed": 1}


class Killed(BaseException):
    pass


def kill(*_args, **_words):
    raise Killed


def test_a_worker_killed_in_a_call_leaves_the_messages_of_that_call_in_doubt(peer, monkeypatch):
    make_template(body=GREETING)
    batch = claimed(8, channel=a_channel(per_call=3))
    hand_over_group = EmailTransport.hand_over_group

    def second_kills(self, messages, gate):
        if peer.server.calls:
            gate()
            kill()
        return hand_over_group(self, messages, gate)

    monkeypatch.setattr(EmailTransport, "hand_over_group", second_kills)
    monkeypatch.setattr(services, "settle", kill)
    with pytest.raises(Killed):
        services.deliver_batch(batch, now=NOW)
    reap(NOW + HOUR)

    assert states() == {"sent": 3, "in_doubt": 3, "pending": 2}


def test_a_call_stopped_at_the_gate_leaves_nobody_in_doubt(peer, monkeypatch):
    make_template(body=GREETING)
    batch = claimed(5, channel=a_channel())
    monkeypatch.setattr("apps.delivery.handover.brake.LOOK_SECONDS", 0.0)
    monkeypatch.setattr(store, "may_go_on", lambda *_args, **_words: not stopped)
    stopped = []
    opened = EmailTransport._open
    monkeypatch.setattr(EmailTransport, "_open", lambda self: (stopped.append(1), opened(self)))

    services.deliver_batch(batch, now=NOW)

    assert states() == {"pending": 5}
    assert peer.server.calls == []


def test_a_fault_of_our_own_in_a_call_leaves_its_messages_in_doubt(peer, monkeypatch):
    make_template(body=GREETING)
    batch = claimed(5, channel=a_channel(per_call=3))

    def fails(self, messages, gate):
        gate()
        raise RuntimeError("a bug")

    monkeypatch.setattr(EmailTransport, "hand_over_group", fails)
    with pytest.raises(RuntimeError):
        services.deliver_batch(batch, now=NOW)

    assert states() == {"in_doubt": 3, "pending": 2}


def test_the_journal_knows_all_messages_of_a_call_before_it_leaves(peer, monkeypatch):
    make_template(body=GREETING)
    notes: list[tuple[int, int]] = []
    note = Journal.note

    def noted(self, *, done=(), begin=()):
        notes.append((len(done), len(begin)))
        return note(self, done=done, begin=begin)

    monkeypatch.setattr(Journal, "note", noted)
    services.deliver_batch(claimed(5, channel=a_channel(per_call=3)), now=NOW)

    assert notes == [(0, 3), (3, 2), (2, 0)]


def test_told_to_slow_down_everybody_waits(peer):
    make_template(body=GREETING)
    peer.server.script.append((429, {"Retry-After": "30"}, "{}"))

    services.deliver_batch(claimed(5, channel=a_channel(per_call=3)), now=NOW)

    assert states() == {"pending": 5}
    assert len(peer.server.calls) == 1


def test_a_call_holds_no_more_messages_than_may_go_now(peer, monkeypatch):
    make_template(body=GREETING)
    channel = a_channel()
    channel.pace = 1000
    channel.save()
    batch = claimed(5, channel=channel)
    answers = itertools.cycle([None, None, timedelta(seconds=1)])
    monkeypatch.setattr(Pace, "permit", lambda self: next(answers))

    services.deliver_batch(batch, now=NOW)

    assert [len(peer.sent(call)) for call in peer.server.calls] == [2, 2, 1]
    assert states() == {"sent": 5}


def test_a_call_that_failed_counts_as_one_failure_of_the_channel(peer):
    make_template(body=GREETING)
    peer.server.script.append((503, {}, "busy"))

    services.deliver_batch(claimed(5, channel=a_channel(per_call=3)), now=NOW)

    assert Circuit.objects.get().failures == 1


def test_a_database_that_fails_after_a_call_takes_nothing_from_its_results(peer, monkeypatch):
    make_template(body=GREETING)
    batch = claimed(3, channel=a_channel())

    def fails(self, receipt):
        raise OperationalError

    monkeypatch.setattr(Pace, "heard", fails)
    with pytest.raises(OperationalError):
        services.deliver_batch(batch, now=NOW)

    assert states() == {"sent": 3}
