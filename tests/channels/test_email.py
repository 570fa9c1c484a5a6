import pytest

from apps.channels.messages import CalendarPart, Phase, Wire
from apps.channels.transports.email import EmailTransport

from .contract import PATIENT, NetworkContract, first, make_message
from .servers import CLOSE, DRIP, RESET, SILENCE, SmtpServer


class SmtpPeer:
    address = "cem@example.org"
    patience = PATIENT

    def __init__(self, server: SmtpServer) -> None:
        self.server = server

    def transport(self, **config: object) -> EmailTransport:
        config = {"host": "127.0.0.1", "port": self.server.port, **config}
        return EmailTransport(config=config, secrets={}, answer_timeout=self.patience)

    def received(self) -> int:
        return len(self.server.envelopes)

    def connections(self) -> int:
        return self.server.connections

    def refuse(self, *, permanent: bool, skip: int = 0) -> None:
        reply = f"550 5.1.1 <{self.address}> unknown" if permanent else f"450 4.2.1 <{self.address}> is busy"
        self.server.script["RCPT"].extend([*[None] * skip, reply])

    def break_after_taking(self) -> None:
        self.server.script["DOT"].append(RESET)

    def fall_silent_after_taking(self) -> None:
        self.server.script["DOT"].append(SILENCE)

    def drip(self) -> None:
        self.server.script["DOT"].append(DRIP)

    def vanish(self) -> None:
        self.server.stop()


class TestEmailTransport(NetworkContract):
    @pytest.fixture
    def peer(self, smtp_server, inner_hosts) -> SmtpPeer:
        return SmtpPeer(smtp_server)

    def test_text_html_and_headers_arrive(self, peer):
        headers = {"Message-ID": "<key-1@preavis.test>", "Date": "Mon, 02 Mar 2026 09:00:00 +0000", "List-Id": "<w.test>"}
        message = make_message(text="Été", html="<p>Été</p>", headers=headers, from_address="Ops <ops@example.org>")
        first(peer, [message])
        (mail,) = peer.server.messages
        assert mail.get_body(("plain",)).get_content().strip() == "Été"
        assert mail.get_body(("html",)).get_content().strip() == "<p>Été</p>"
        assert {name: mail[name] for name in headers} == headers
        assert (mail["from"], mail["to"]) == ("Ops <ops@example.org>", "cem@example.org")
        assert peer.server.envelopes[0].mail_from == "ops@example.org"

    @pytest.mark.parametrize("hidden", [[], ["8BITMIME"]])
    @pytest.mark.parametrize("is_wired", [False, True])
    def test_a_calendar_comes_behind_text_and_html(self, peer, hidden, is_wired):
        peer.server.hidden_extensions = hidden
        body = "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nSUMMARY:Été\r\nEND:VCALENDAR\r\n"
        texts = {"text": "Été", "html": "<p>Été</p>"}
        texts = {"text": "", "wire": Wire.of(**texts)} if is_wired else texts
        first(peer, [make_message(calendar=CalendarPart(method="CANCEL", body=body.encode()), **texts)])

        (mail,) = peer.server.messages
        text, html, calendar = mail.iter_parts()
        assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
        assert calendar["Content-Type"].params == {"method": "CANCEL", "charset": "utf-8"}
        assert calendar.get_payload(decode=True).decode() == body

    def test_the_channel_s_own_sender_and_reply_address_are_used(self, peer, messages):
        transport = peer.transport(from_address="Notices <notices@example.org>", reply_to="help@example.org")
        list(transport.send(messages[:1]))
        (mail,) = peer.server.messages
        assert (mail["from"], mail["reply-to"]) == ("Notices <notices@example.org>", "help@example.org")

    def test_a_header_cannot_grow_another(self, peer):
        message = make_message(subject="Window\r\nBcc: eve@example.org", headers={"List-Id": "x\r\nBcc: eve@example.org"})
        first(peer, [message])
        assert peer.server.messages[0]["bcc"] is None
        assert peer.server.envelopes[0].rcpt_tos == ["cem@example.org"]

    def test_signs_that_no_encoding_can_write_are_dropped(self, peer):
        message = make_message(subject="a\ud800", text="b\ud800", html="<p>c\ud800</p>")
        assert first(peer, [message]).accepted

    @pytest.mark.parametrize(
        "address", ["", "nobody", "a@b@c", "cem@example.org\r\nDATA", "x@" + "y" * 70 + ".org", "cem@exa mple.org"]
    )
    def test_what_is_no_address_is_a_bad_one_and_stops_nothing(self, peer, address):
        receipts = list(peer.transport().send([make_message(1, address=address), make_message(2)]))
        assert (receipts[0].error.bad_address, receipts[0].error.permanent) == (True, True)
        assert receipts[1].accepted

    def test_the_server_s_name_for_the_message_is_kept(self, peer, messages):
        assert first(peer, messages).provider_id == "Q1"

    def test_one_lost_connection_does_not_disturb_the_batch(self, peer, messages):
        peer.server.script["MAIL"].extend([None, CLOSE])
        assert all(receipt.accepted for receipt in peer.transport().send(messages))
        assert (peer.connections(), peer.received()) == (2, 3)

    def test_a_message_in_doubt_does_not_disturb_those_behind_it(self, peer, messages):
        peer.break_after_taking()
        receipts = list(peer.transport().send(messages))
        assert [receipt.error.phase if receipt.error else None for receipt in receipts] == [Phase.AFTER, None, None]
        assert peer.received() == 3

    def test_a_server_that_hangs_up_on_everyone_is_left_alone(self, peer):
        peer.server.script["RCPT"].extend([CLOSE] * 100)
        receipts = list(peer.transport().send([make_message(number) for number in range(10)]))
        assert not any(receipt.accepted for receipt in receipts)
        assert peer.connections() == 6  # two for each of the first three

    def test_a_sender_that_is_none_stops_all_until_it_is_mended(self, peer):
        messages = [make_message(number, from_address="nobody") for number in (1, 2)]
        errors = [receipt.error for receipt in peer.transport().send(messages)]
        assert [(error.permanent, error.channel_down) for error in errors] == [(False, True)] * 2

    def test_the_installation_s_password_goes_to_no_other_server(self, peer, settings):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ana", "hush"
        assert peer.transport()._connection.username == ""

    def test_an_empty_channel_uses_the_installation_s_settings(self, peer, messages, settings):
        settings.EMAIL_BACKEND = "apps.channels.smtp.PhasedSMTPBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", peer.server.port
        assert next(EmailTransport(config={}, secrets={}).send(messages[:1])).accepted


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"from_address": "nobody"}, "From: “nobody”"),
        ({"port": 25}, "SMTP port has no effect"),
        ({"port": "25", "host": "mail.example.com"}, "SMTP port must be a whole number"),
        ({"security": "some", "host": "mail.example.com"}, "SMTP security must be one of: starttls, tls, none"),
        ({"host": "10.0.0.1"}, "SMTP host: 10.0.0.1 is not on the open Internet"),
        ({"host": "mail.example.com", "backend": "anymail.backends.postmark.EmailBackend"}, "SMTP host: it has no effect"),
        ({"host": "mail.example.com", "username": "ana"}, "SMTP security: a password may not travel in the clear"),
        ({"backend": "no.such.Backend"}, "“no.such.Backend” cannot be used"),
        ({"backend": "pathlib.Path"}, "“pathlib.Path” is not a Django e-mail backend"),
        ({"backend": "anymail.backends.postmark.EmailBackend"}, "POSTMARK_SERVER_TOKEN"),
        ({"colour": "red"}, "“colour” is not a setting"),
    ],
)
def test_problems_name_the_setting(config, says):
    assert says in " ".join(EmailTransport.problems(config=config, secrets={}))
