"""E-mail through django-anymail: its real backends, speaking to a local server in their provider's place."""

import json
from base64 import b64decode
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from apps.channels.messages import CalendarPart, Phase
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


CALENDAR = CalendarPart(method="REQUEST", body="BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Été\r\nEND:VCALENDAR\r\n".encode())
SENDGRID = {"SENDGRID_API_KEY": "hush", "SENDGRID_API_URL": "URL"}
MAILGUN = {"MAILGUN_API_KEY": "hush", "MAILGUN_API_URL": "URL", "MAILGUN_SENDER_DOMAIN": "example.org"}
POSTMARK = {"POSTMARK_SERVER_TOKEN": "hush", "POSTMARK_API_URL": "URL"}


def given(http_server, settings, *, backend, anymail, answer, **fields):
    """What the provider was given for one message with a calendar part."""
    http_server.default = answer
    settings.ANYMAIL = {name: value.replace("URL", f"{http_server.url}/") for name, value in anymail.items()}
    config = {"backend": f"anymail.backends.{backend}.EmailBackend", "from_address": "ops@example.org"}
    (receipt,) = EmailTransport(config=config, secrets={}).send([make_message(html="<p>x</p>", calendar=CALENDAR, **fields)])
    assert receipt.accepted, receipt.error
    (call,) = http_server.calls
    return call


def test_a_calendar_is_a_file_with_its_method_where_the_provider_takes_no_third_text(http_server, settings):
    call = given(http_server, settings, backend="postmark", anymail=POSTMARK, answer=ACCEPTED)
    (file,) = json.loads(call.body)["Attachments"]

    assert file["ContentType"] == 'text/calendar; method="REQUEST"; charset="utf-8"'
    assert (file["Name"], b64decode(file["Content"])) == ("invitation.ics", CALENDAR.body)


def test_a_maintnote_file_is_given_to_the_provider_as_it_is(http_server, settings):
    call = given(http_server, settings, backend="postmark", anymail=POSTMARK, answer=ACCEPTED, maintnote=CALENDAR.body)
    _invitation, file = json.loads(call.body)["Attachments"]

    assert file["ContentType"] == 'text/calendar; charset="utf-8"'
    assert (file["Name"], b64decode(file["Content"])) == ("maintnote.ics", CALENDAR.body)


def test_mailgun_gets_it_as_a_file_of_its_form(http_server, settings):
    answer = (200, {}, json.dumps({"id": "<1@mg.example.org>", "message": "Queued. Thank you."}))
    call = given(http_server, settings, backend="mailgun", anymail=MAILGUN, answer=answer)

    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    parts = {part.get_filename(): part for part in message_from_bytes(head + call.body, policy=policy.default).iter_parts()}
    file = parts["invitation.ics"]
    assert file["Content-Type"].params == {"method": "REQUEST", "charset": "utf-8"}
    assert file.get_payload(decode=True) == CALENDAR.body


@pytest.mark.filterwarnings("ignore:django-anymail has dropped")
def test_sendgrid_gets_a_third_text_whose_type_has_no_parameter(http_server, settings):
    call = given(http_server, settings, backend="sendgrid", anymail=SENDGRID, answer=(202, {"X-Message-Id": "s"}, ""))

    kinds = [(text["type"], text["value"]) for text in json.loads(call.body)["content"]]
    assert [kind for kind, _text in kinds] == ["text/plain", "text/html", "text/calendar"]
    assert kinds[2][1] == CALENDAR.body.decode().replace("\r\n", "\n")


def test_other_backends_get_a_third_text(settings, mailoutbox):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    list(EmailTransport(config={}, secrets={}).send([make_message(html="<p>x</p>", calendar=CALENDAR)]))

    (mail,) = mailoutbox
    part = mail.message().get_payload()[2]
    assert (part.get_content_type(), part.get_param("method"), part.get_content_charset()) == (
        "text/calendar",
        "REQUEST",
        "utf-8",
    )


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
