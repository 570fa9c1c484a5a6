import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from apps.channels.messages import Phase, TransportError
from apps.channels.transports.sms import SmsTransport

from .contract import HANDED_OVER, LookUpContract, first, make_message
from .servers import HttpServer
from .sms_peer import SmsPeer


class TestSmsTransport(LookUpContract):
    @pytest.fixture
    def peer(self, http_server: HttpServer, inner_hosts) -> SmsPeer:
        http_server.default = (201, {}, json.dumps({"sid": "SM42", "status": "queued"}))
        http_server.answer_to_questions = (200, {}, json.dumps({"messages": []}))
        return SmsPeer(http_server)

    def test_asks_as_twilio_wants_it(self, peer):
        receipt = first(peer, [make_message(address=peer.address, text="Back at 06:00 é")])
        call = peer.server.calls[0]
        assert call.path == "/2010-04-01/Accounts/AC1/Messages.json"
        assert parse_qs(call.body.decode()) == {"To": [peer.address], "From": ["+33123456789"], "Body": ["Back at 06:00 é"]}
        assert call.headers["authorization"].startswith("Basic ")
        assert receipt.provider_id == "SM42"

    def test_what_no_database_can_write_is_not_kept_of_an_answer(self, peer, messages):
        peer.server.script.append((201, {}, json.dumps({"sid": "SM\x0042\ud800"})))
        peer.server.script.append((400, {}, json.dumps({"code": "2\x001", "message": "no"})))

        accepted, refused, _last = peer.transport().send(messages)

        assert accepted.provider_id == "SM42"
        assert refused.error.code == "21"

    def test_a_messaging_service_takes_the_place_of_the_number(self, peer, messages):
        list(peer.transport(from_number="", messaging_service="MG1").send(messages[:1]))
        form = parse_qs(peer.server.calls[0].body.decode())
        assert form["MessagingServiceSid"] == ["MG1"]
        assert "From" not in form

    def test_a_number_that_is_none_is_a_bad_address(self, peer, messages):
        peer.refuse_with(21211)
        error = first(peer, messages).error
        assert (error.permanent, error.bad_address, error.code) == (True, True, "21211")
        assert "is no good" in error.text

    def test_a_person_who_said_stop_has_no_bad_address(self, peer, messages):
        peer.refuse_with(21610)
        error = first(peer, messages).error
        assert (error.permanent, error.bad_address) == (True, False)

    def test_asks_by_number_and_sender(self, peer, messages):
        self.asked(peer, messages[0])
        url = urlsplit(peer.server.asked[0].path)
        assert url.path == "/2010-04-01/Accounts/AC1/Messages.json"
        assert parse_qs(url.query) == {"To": [peer.address], "From": ["+33123456789"], "PageSize": ["50"]}
        assert peer.server.asked[0].headers["authorization"].startswith("Basic ")

    @pytest.mark.parametrize(
        ("minutes", "fields"),
        [
            pytest.param(0, {"body": "Another text."}, id="another text"),
            pytest.param(0, {"direction": "inbound"}, id="an answer of the recipient's"),
            pytest.param(-60, {}, id="the same text an hour before"),
            pytest.param(60, {}, id="the same text an hour after"),
        ],
    )
    def test_what_only_resembles_it_is_no_trace(self, peer, messages, minutes, fields):
        peer.knows(messages[0], at=HANDED_OVER + timedelta(minutes=minutes), **fields)
        assert self.asked(peer, messages[0]) == []

    def test_a_long_list_that_does_not_reach_back_says_nothing(self, peer, messages):
        for _ in range(50):
            peer.knows(messages[0], at=HANDED_OVER + timedelta(hours=1))
        with pytest.raises(TransportError):
            self.asked(peer, messages[0])

    def test_a_dead_number_is_a_bad_address(self, peer, messages):
        peer.knows(messages[0], at=HANDED_OVER, accepted=False)
        (trace,) = self.asked(peer, messages[0])
        assert (trace.bad_address, trace.code) == (True, "30005")

    def test_an_answer_without_json_is_accepted_all_the_same(self, peer, messages):
        peer.server.script.append((201, {}, "<html>"))
        assert first(peer, messages).accepted

    def test_a_provider_that_breaks_off_three_times_leaves_no_further_doubt(self, peer):
        peer.server.script.extend([(500, {}, "oops")] * 10)
        errors = [
            receipt.error
            for receipt in peer.transport().send([make_message(number, address=peer.address) for number in range(10)])
        ]
        assert [error.phase for error in errors] == [Phase.AFTER] * 3 + [Phase.BEFORE] * 7
        assert peer.received() == 3


def test_needs_exactly_one_sender():
    config = {"account": "AC1", "from_number": "+33123456789", "messaging_service": "MG1"}
    assert len(SmsTransport.problems(config=config, secrets={"token": "t"})) == 1


def test_the_token_does_not_travel_in_the_clear():
    config = {"account": "AC1", "from_number": "+33123456789", "base_url": "http://sms.example.com"}
    assert "https://" in SmsTransport.problems(config=config, secrets={"token": "t"})[0]
