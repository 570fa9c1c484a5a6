"""The provider is asked what became of messages in doubt; a real server on this machine answers."""

import json
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from django.urls import reverse

from apps.accounts.models import AuditEvent
from apps.channels.messages import Message
from apps.channels.services import save_channel
from apps.delivery import look_ups, services
from apps.delivery.models import Delivery, LookUp
from tests.channels.servers import RESET, SILENCE, HttpServer
from tests.channels.sms_peer import SmsPeer
from tests.factories import NOW, make_channel, make_contact, make_planner, make_template, make_touchpoint

from .engine import states, sweep, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("text")]
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def peer(settings):
    settings.CHANNEL_HOST_ALLOWLIST = ["127.0.0.1"]
    server = HttpServer((201, {}, json.dumps({"sid": "SM-first"})))
    server.answer_to_questions = (200, {}, json.dumps({"messages": []}))
    yield SmsPeer(server)
    server.stop()


def in_doubt(peer, *phones):
    """Text messages whose answers were lost."""
    make_template(channel_kind="sms", subject="", body="{{ window.title }}")
    for phone in phones or (peer.address,):
        make_contact(phone=phone)
    config = {"account": "AC1", "from_number": "+33123456789", "base_url": peer.server.url}
    channel = save_channel(make_channel("sms", config=config), secrets={"token": "t"}, actor=None, now=NOW)
    touchpoint = make_touchpoint(channel=channel)
    peer.server.script.extend([RESET] * len(phones or (1,)))
    services.expand_touchpoint(touchpoint.pk, now=NOW)
    work()
    assert set(states()) == {"in_doubt"}


def taken(peer, *, accepted=True, call=-1, **fields):
    """The provider's list has what it was given, though its answer was lost."""
    form = parse_qs(peer.server.calls[call].body.decode())
    message = Message(key="", address=form["To"][0], subject="", text=form["Body"][0])
    peer.knows(message, at=NOW + SECOND, accepted=accepted, **fields)


def trail():
    rows = AuditEvent.objects.filter(verb="delivery.doubt_resolved").order_by("pk")
    return [(row.detail["by"], row.detail["to"]) for row in rows]


def test_what_the_provider_took_was_sent(peer):
    in_doubt(peer)
    taken(peer)

    assert services.look_up_doubts(NOW + MINUTE) == 1

    assert states() == {"sent": 1}
    assert Delivery.objects.get().provider_id == "SM1"
    assert trail() == [("look_up", "sent")]


def test_what_the_provider_gave_up_has_failed(peer):
    in_doubt(peer)
    taken(peer, accepted=False)

    services.look_up_doubts(NOW + MINUTE)

    assert list(Delivery.objects.values_list("state", "reason")) == [("failed", "bad_address")]
    assert trail() == [("look_up", "failed")]


def test_that_the_provider_knows_nothing_is_shown_and_proves_nothing(peer):
    in_doubt(peer)

    services.look_up_doubts(NOW + MINUTE)
    assert states() == {"in_doubt": 1}
    assert LookUp.objects.get().answer == "not_found"
    for minute in range(2, 17):
        services.look_up_doubts(NOW + minute * MINUTE)
    sweep(NOW + 17 * MINUTE)

    assert states() == {"unknown": 1}
    assert peer.received() == 1
    assert 4 <= len(peer.server.asked) <= 6


def test_the_provider_is_asked_before_the_policy_gives_up(peer):
    in_doubt(peer)
    taken(peer)

    services.look_up_doubts(NOW + 20 * MINUTE)
    services.resolve_doubts(NOW + 20 * MINUTE)

    assert states() == {"sent": 1}


def test_the_provider_has_half_a_minute_to_list_it(peer):
    in_doubt(peer)

    services.look_up_doubts(NOW + 20 * SECOND)

    assert peer.server.asked == []


def test_a_provider_that_does_not_say_is_left_alone_for_a_minute(peer):
    in_doubt(peer, "+33612345678", "+33612345679")
    peer.server.answer_to_questions = (503, {}, "down")

    services.look_up_doubts(NOW + MINUTE)
    services.look_up_doubts(NOW + MINUTE + 30 * SECOND)

    assert len(peer.server.asked) == 1
    assert states() == {"in_doubt": 2}
    services.look_up_doubts(NOW + 3 * MINUTE)
    assert len(peer.server.asked) == 2


def test_a_dead_provider_costs_one_time_out(peer, monkeypatch):
    in_doubt(peer, "+33612345678", "+33612345679")
    monkeypatch.setattr(look_ups, "ANSWER_SECONDS", 0.2)
    peer.server.script.extend([SILENCE] * 2)

    assert services.look_up_doubts(NOW + MINUTE) == 0

    assert len(peer.server.asked) == 1
    assert LookUp.objects.get().answer == "unsaid"


def test_two_people_with_one_number_do_not_share_a_trace(peer):
    in_doubt(peer, peer.address, peer.address)
    taken(peer, call=0)

    services.look_up_doubts(NOW + MINUTE)

    assert states() == {"sent": 1, "in_doubt": 1}


def test_what_is_kept_of_an_answer_does_not_repeat_the_number(peer):
    in_doubt(peer)
    taken(peer, accepted=False, error_message=f"{peer.address} is out of reach")

    services.look_up_doubts(NOW + MINUTE)

    assert LookUp.objects.get().text == "… is out of reach"


def test_a_person_need_not_wait_for_the_turn(peer):
    in_doubt(peer)
    taken(peer)

    assert services.look_up_now(Delivery.objects.all(), now=NOW + SECOND) == {"accepted": 1}


def test_a_channel_that_cannot_be_asked_is_not(outbox):
    in_doubt_by_mail = make_touchpoint(channel=make_channel())
    make_contact()
    services.expand_touchpoint(in_doubt_by_mail.pk, now=NOW)
    Delivery.objects.update(state="in_doubt", reason="no_answer", sent_at=NOW)

    assert services.look_up_doubts(NOW + MINUTE) == 0
    assert not LookUp.objects.exists()


def test_a_person_who_asks_about_many_hears_of_the_rest(peer, client, monkeypatch):
    client.force_login(make_planner())
    in_doubt(peer, "+33612345678", "+33612345679")
    monkeypatch.setattr(look_ups, "MOST_AT_ONCE", 1)
    chosen = {"action": "ask", "_selected_action": list(Delivery.objects.values_list("pk", flat=True))}

    page = client.post(reverse("admin:delivery_doubtfuldelivery_changelist"), chosen, follow=True).content.decode()

    assert "The provider was asked about 1 message. The provider knows of no such message: 1." in page
    assert "1 more is asked about in its turn." in page
