import json
from datetime import UTC, datetime, timedelta

import pytest

from apps.channels.transports.webhook import WebhookTransport
from apps.common.standard_webhooks import BadSignature, new_secret, verify

from .contract import SECRET, NetworkContract, first, make_message
from .http_peer import HttpPeer
from .servers import HttpServer


class WebhookPeer(HttpPeer):
    def transport(self, **secrets: str) -> WebhookTransport:
        config = {"url": f"{self.server.url}/hook"}
        return WebhookTransport(config=config, secrets={"secret": SECRET, **secrets}, answer_timeout=self.patience)


class TestWebhookTransport(NetworkContract):
    @pytest.fixture
    def peer(self, http_server: HttpServer, inner_hosts) -> WebhookPeer:
        return WebhookPeer(http_server)

    def test_the_call_is_signed(self, peer, messages):
        first(peer, messages)
        call = peer.server.calls[0]
        assert verify([SECRET], headers=call.headers, body=call.body, now=datetime.now(UTC)) == "key-1"
        with pytest.raises(BadSignature):
            verify([SECRET], headers=call.headers, body=call.body + b" ", now=datetime.now(UTC))

    def test_the_id_is_the_same_at_every_attempt(self, peer, messages):
        first(peer, messages)
        first(peer, messages)
        assert {call.headers["webhook-id"] for call in peer.server.calls} == {"key-1"}

    def test_while_changing_over_either_secret_verifies(self, peer, messages):
        earlier = new_secret()
        list(peer.transport(previous_secret=earlier).send(messages[:1]))
        call = peer.server.calls[0]
        for secret in (SECRET, earlier):
            assert verify([secret], headers=call.headers, body=call.body, now=datetime.now(UTC)) == "key-1"

    def test_carries_type_time_and_data(self, peer):
        at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        first(peer, [make_message(data={"type": "window.moved", "timestamp": at, "revision": 2})])
        body = json.loads(peer.server.calls[0].body)
        assert (body["type"], body["timestamp"]) == ("window.moved", "2026-03-02T09:00:00Z")
        assert (body["data"]["subject"], body["data"]["revision"]) == ("Window 1", 2)

    @pytest.mark.parametrize(
        ("answer", "is_permanent", "phase", "retry_after"),
        [
            pytest.param((429, {"Retry-After": "7"}, ""), False, "before", timedelta(seconds=7), id="429, seconds"),
            pytest.param((503, {"Retry-After": "9"}, ""), False, "after", timedelta(seconds=9), id="503, seconds"),
            pytest.param((500, {}, "oops"), False, "after", None, id="500"),
            pytest.param((425, {}, ""), False, "before", None, id="425"),
            pytest.param((401, {}, ""), False, "before", None, id="401: a person can mend the account"),
            pytest.param((404, {}, ""), True, "before", None, id="404"),
            pytest.param((410, {}, ""), True, "before", None, id="410"),
        ],
    )
    def test_the_status_decides(self, peer, messages, answer, is_permanent, phase, retry_after):
        peer.server.script.append(answer)
        error = first(peer, messages).error
        assert (error.permanent, error.phase, error.retry_after) == (is_permanent, phase, retry_after)

    def test_when_told_to_slow_down_the_rest_waits_as_long(self, peer, messages):
        peer.server.script.append((429, {"Retry-After": "7"}, ""))
        receipts = list(peer.transport().send(messages))
        assert [receipt.error.retry_after for receipt in receipts] == [timedelta(seconds=7)] * 3
        assert peer.received() == 1

    def test_an_endless_answer_is_not_read_to_its_end(self, peer, messages):
        peer.server.script.append((200, {}, "x" * 5_000_000))
        assert first(peer, messages).accepted


def test_a_malformed_secret_is_a_problem():
    found = WebhookTransport.problems(config={"url": "https://example.com/"}, secrets={"secret": "hush"})
    assert "Signing secret" in found[0]
