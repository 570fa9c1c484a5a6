"""E-mail through django-anymail: its real backends, speaking to a local server in their provider's place."""

import json
from datetime import timedelta

import pytest

from apps.channels.messages import Phase
from apps.channels.transports.email import EmailTransport

from .contract import NetworkContract, first, make_message
from .http_peer import HttpPeer
from .servers import HttpServer

ACCEPTED = (200, {}, json.dumps({"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": "cem@example.org"}))


class PostmarkPeer(HttpPeer):
    address = "cem@example.org"

    def transport(self) -> EmailTransport:
        config = {"backend": "anymail.backends.postmark.EmailBackend", "from_address": "ops@example.org"}
        return EmailTransport(config=config, secrets={}, answer_timeout=self.patience)


class TestThroughPostmark(NetworkContract):
    @pytest.fixture
    def peer(self, http_server: HttpServer, settings) -> PostmarkPeer:
        http_server.default = ACCEPTED
        settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "hush", "POSTMARK_API_URL": f"{http_server.url}/"}
        return PostmarkPeer(http_server)

    test_a_dripping_provider_costs_no_more_than_the_time_out = None  # anymail's own client has no watchdog; docs/channels.md

    def test_the_provider_s_id_our_key_and_one_tag_are_exchanged(self, peer):
        receipt = first(peer, [make_message(tags=("announce", "vip"))])
        sent = json.loads(peer.server.calls[0].body)
        assert receipt.provider_id == "pm-1"
        assert (sent["Metadata"], sent["Tag"]) == ({"delivery": "key-1"}, "announce")

    @pytest.mark.parametrize(
        ("answer", "is_permanent", "phase", "retry_after"),
        [
            pytest.param((429, {"Retry-After": "30"}, "{}"), False, Phase.BEFORE, timedelta(seconds=30), id="429"),
            pytest.param((401, {}, "{}"), False, Phase.BEFORE, None, id="401"),
            pytest.param((500, {}, "oops"), False, Phase.AFTER, None, id="500"),
            pytest.param((200, {}, "not JSON"), False, Phase.AFTER, None, id="200 that says nothing"),
        ],
    )
    def test_the_status_decides(self, peer, messages, answer, is_permanent, phase, retry_after):
        peer.server.script.append(answer)
        error = first(peer, messages).error
        assert (error.permanent, error.phase, error.retry_after) == (is_permanent, phase, retry_after), error.text

    def test_an_address_the_provider_calls_invalid_is_bad(self, peer, messages):
        refused = {"ErrorCode": 300, "Message": "Error parsing 'To': Illegal email address 'cem@example.org'."}
        peer.server.script.append((422, {}, json.dumps(refused)))
        error = first(peer, messages).error
        assert (error.permanent, error.bad_address) == (True, True)


def test_a_message_the_provider_says_has_failed_was_not_accepted(http_server, settings):
    """Mailjet's word for one message in a list of one, with status 400."""
    refused = {"Messages": [{"Status": "error", "Errors": [{"ErrorMessage": '"x" is an invalid email address.'}]}]}
    http_server.default = (400, {"Content-Type": "application/json"}, json.dumps(refused))
    settings.ANYMAIL = {"MAILJET_API_KEY": "a", "MAILJET_SECRET_KEY": "b", "MAILJET_API_URL": f"{http_server.url}/"}
    transport = EmailTransport(config={"backend": "anymail.backends.mailjet.EmailBackend"}, secrets={})
    (receipt,) = transport.send([make_message()])
    assert (receipt.error.permanent, receipt.error.phase) == (True, Phase.BEFORE)


def test_a_feature_the_provider_lacks_does_not_stop_the_message(http_server, settings):
    http_server.default = (202, {"X-Message-Id": "ms-1", "Content-Type": "text/html"}, "")
    settings.ANYMAIL = {"MAILERSEND_API_TOKEN": "hush", "MAILERSEND_API_URL": f"{http_server.url}/"}
    config = {"backend": "anymail.backends.mailersend.EmailBackend", "from_address": "ops@example.org"}
    transport = EmailTransport(config=config, secrets={})
    (receipt,) = transport.send([make_message(tags=("announce",), headers={"Message-ID": "<k@preavis.test>"})])
    assert receipt.accepted
    assert receipt.provider_id == "ms-1"
