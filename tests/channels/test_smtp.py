"""The SMTP backend against a real server that breaks at each phase."""

import time
from collections.abc import Iterator

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail

from apps.channels.messages import Phase
from apps.channels.smtp import PhasedSMTPBackend, letter_of
from apps.channels.smtp_errors import PhasedSMTPError

from .contract import HURRIED, PATIENT
from .servers import CLOSE, DRIP, RESET, SILENCE, SmtpServer, accept_anybody

BEFORE, AFTER = Phase.BEFORE, Phase.AFTER


def make_backend(
    server: SmtpServer, *, until_dot: float = PATIENT, after_dot: float = PATIENT, **options: object
) -> PhasedSMTPBackend:
    before = {"timeout": until_dot, "connect_timeout": until_dot, "message_timeout": until_dot}
    return PhasedSMTPBackend("127.0.0.1", server.port, answer_timeout=after_dot, **before, **options)


def make_email(number: int = 1, **fields: object) -> EmailMessage:
    return EmailMessage(**({"subject": f"Window {number}", "body": "Text", "to": ["cem@example.org"]} | fields))


def error_of(server: SmtpServer, email: EmailMessage | None = None, **options: object) -> PhasedSMTPError:
    with pytest.raises(PhasedSMTPError) as caught:
        make_backend(server, **options).send_messages([email or make_email()])
    return caught.value


@pytest.mark.parametrize(
    ("step", "faults", "is_permanent", "phase", "code"),
    [
        pytest.param("CONNECT", ["421 busy"], False, BEFORE, "421", id="greeting 421"),
        pytest.param("CONNECT", ["554 not for you"], False, BEFORE, "554", id="greeting 554: about us, a person can mend it"),
        pytest.param("CONNECT", [SILENCE], False, BEFORE, "", id="no greeting"),
        pytest.param("EHLO", [RESET], False, BEFORE, "", id="reset at EHLO"),
        pytest.param("MAIL", ["451 4.3.0 later"], False, BEFORE, "451", id="MAIL 451"),
        pytest.param("MAIL", ["432 4.7.12 transition"], False, BEFORE, "432", id="MAIL 432"),
        pytest.param("MAIL", ["553 5.1.8 sender unknown"], True, BEFORE, "553", id="MAIL 553"),
        pytest.param("MAIL", ["530 5.7.0 sign in first"], False, BEFORE, "530", id="MAIL 530: the account, not the message"),
        pytest.param("MAIL", [RESET, RESET], False, BEFORE, "", id="reset at MAIL, twice"),
        pytest.param("MAIL", [SILENCE], False, BEFORE, "", id="silence at MAIL"),
        pytest.param("RCPT", ["450 4.2.1 busy"], False, BEFORE, "450", id="RCPT 450"),
        pytest.param("RCPT", ["452 4.5.3 too many"], False, BEFORE, "452", id="RCPT 452"),
        pytest.param("RCPT", ["421 4.7.0 slow down"] * 2, False, BEFORE, "421", id="RCPT 421, twice"),
        pytest.param("RCPT", ["550 5.1.1 unknown"], True, BEFORE, "550", id="RCPT 550"),
        pytest.param("RCPT", [CLOSE, CLOSE], False, BEFORE, "", id="closed at RCPT, twice"),
        pytest.param("RCPT", [DRIP], False, BEFORE, "", id="dripping at RCPT"),
        pytest.param("DATA", ["452 4.3.1 full"], False, BEFORE, "452", id="DATA 452"),
        pytest.param("DATA", ["554 no"], True, BEFORE, "554", id="DATA 554"),
        pytest.param("DATA", [RESET, RESET], False, BEFORE, "", id="reset at DATA, twice"),
        pytest.param("DOT", ["451 4.3.0 try later"], False, BEFORE, "451", id="451 after the dot"),
        pytest.param("DOT", ["554 5.7.1 spam"], True, BEFORE, "554", id="554 after the dot"),
        pytest.param("DOT", ["421 closing"], False, BEFORE, "421", id="421 after the dot"),
        pytest.param("DOT", [RESET], False, AFTER, "", id="reset after the dot"),
        pytest.param("DOT", [CLOSE], False, AFTER, "", id="closed after the dot"),
        pytest.param("DOT", [SILENCE], False, AFTER, "", id="silence after the dot"),
        pytest.param("DOT", [DRIP], False, AFTER, "", id="dripping after the dot"),
    ],
)
def test_the_phase_decides(smtp_server, step, faults, is_permanent, phase, code):
    smtp_server.script[step].extend(faults)
    hurried = {"after_dot" if step == "DOT" else "until_dot": HURRIED} if {SILENCE, DRIP} & {*faults} else {}
    error = error_of(smtp_server, **hurried)
    assert (error.permanent, error.phase, error.code) == (is_permanent, phase, code), error.text


def test_a_connection_lost_in_the_middle_of_the_body_means_not_sent(smtp_server):
    smtp_server.script["BODY"].extend([RESET, RESET])
    body = "x" * 70 + "\n"
    assert error_of(smtp_server, make_email(body=body * 200_000)).phase is BEFORE


@pytest.mark.parametrize(
    ("step", "reply", "is_bad"),
    [
        ("RCPT", "550 no such user", True),
        ("RCPT", "550 5.1.1 unknown", True),
        ("RCPT", "553 5.1.3 syntax", True),
        ("RCPT", "556 5.1.10 null MX", True),
        ("RCPT", "550 5.7.1 you are listed", False),
        ("RCPT", "554 5.7.1 relay denied", False),
        ("RCPT", "450 4.2.1 busy", False),
        ("MAIL", "550 no such sender", False),
        ("DOT", "550 5.1.1 unknown", True),
        ("DOT", "550 looks like spam", False),
    ],
)
def test_only_the_address_itself_can_be_bad(smtp_server, step, reply, is_bad):
    smtp_server.script[step].append(reply)
    assert error_of(smtp_server).bad_address is is_bad


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_dot_is_opened_anew_once(smtp_server, step):
    smtp_server.script[step].append(CLOSE)
    assert make_backend(smtp_server).send_messages([make_email()]) == 1
    assert (smtp_server.connections, len(smtp_server.envelopes)) == (2, 1)


def test_a_connection_lost_after_the_dot_does_not_send_again(smtp_server):
    smtp_server.script["DOT"].append(RESET)
    error_of(smtp_server)
    assert len(smtp_server.envelopes) == 1


def test_after_a_refusal_the_same_connection_starts_afresh(smtp_server):
    smtp_server.script["RCPT"].append("550 5.1.1 unknown")
    backend = make_backend(smtp_server)
    backend.open()
    with pytest.raises(PhasedSMTPError):
        backend.send_messages([make_email(1)])
    assert backend.send_messages([make_email(2)]) == 1
    backend.close()
    assert [command.split()[0] for command in smtp_server.commands] == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"]
    assert smtp_server.connections == 1


def test_a_reset_that_fails_costs_the_connection_only(smtp_server):
    smtp_server.script["RCPT"].append("550 5.1.1 unknown")
    smtp_server.script["RSET"].append("502 what?")
    backend = make_backend(smtp_server)
    error_of(smtp_server)
    assert backend.send_messages([make_email(2)]) == 1
    assert smtp_server.connections == 2


def test_lines_that_begin_with_a_dot_arrive_whole(smtp_server):
    make_backend(smtp_server).send_messages([make_email(body="one\n.\n..two\n.three")])
    assert smtp_server.messages[0].get_content().splitlines() == ["one", ".", "..two", ".three"]


def test_of_several_recipients_one_accepted_is_enough(smtp_server):
    smtp_server.script["RCPT"].append("550 5.1.1 unknown")
    assert make_backend(smtp_server).send_messages([make_email(to=["no@example.org", "yes@example.org"])]) == 1
    assert smtp_server.envelopes[0].rcpt_tos == ["yes@example.org"]


def test_the_name_under_which_it_was_queued_is_kept(smtp_server):
    email = make_email()
    make_backend(smtp_server).send_messages([email])
    assert email.smtp_reply == "2.0.0 Ok: queued as Q1"


def test_an_address_beyond_ascii_travels_as_it_is(smtp_server):
    make_backend(smtp_server).send_messages([make_email(to=["émile@exämple.org"])])
    assert smtp_server.envelopes[0].rcpt_tos == ["émile@xn--exmple-cua.org"]
    assert any("SMTPUTF8" in command for command in smtp_server.commands)


def test_a_server_that_cannot_take_such_an_address_is_not_asked():
    server = SmtpServer(enable_SMTPUTF8=False)
    server.start()
    error = error_of(server, make_email(to=["émile@example.org"]))
    server.stop()
    assert (error.permanent, error.phase, error.bad_address) == (True, BEFORE, False)


def test_a_server_that_falls_silent_stops_the_rest(smtp_server):
    smtp_server.script["RCPT"].append(SILENCE)
    assert error_of(smtp_server, until_dot=HURRIED).channel_down


def test_an_inner_host_is_refused_where_only_public_ones_may_be_reached(smtp_server):
    assert "open Internet" in error_of(smtp_server, public_only=True).text
    assert smtp_server.connections == 0


class TestAsDjangoUsesIt:
    def test_send_mail_works(self, smtp_server, settings):
        settings.EMAIL_BACKEND = "apps.channels.smtp.PhasedSMTPBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", smtp_server.port
        assert send_mail("Hello", "Text", None, ["cem@example.org"]) == 1
        assert smtp_server.messages[0]["subject"] == "Hello"

    def test_a_failure_is_silent_on_request_and_the_next_message_leaves(self, smtp_server):
        smtp_server.script["DOT"].append(RESET)
        backend = make_backend(smtp_server, fail_silently=True)
        assert backend.send_messages([make_email(1), make_email(2)]) == 1

    def test_no_server_is_silent_on_request(self, smtp_server):
        smtp_server.stop()
        assert make_backend(smtp_server, fail_silently=True).send_messages([make_email()]) == 0

    def test_email_timeout_is_for_one_command(self, settings):
        settings.EMAIL_TIMEOUT = 7
        assert PhasedSMTPBackend().patience.command == 7


class TestTls:
    @pytest.fixture
    def starttls_server(self, certificate_context) -> Iterator[SmtpServer]:
        server = SmtpServer(tls_context=certificate_context, authenticator=accept_anybody, auth_require_tls=True)
        server.start()
        yield server
        server.stop()

    @pytest.fixture
    def is_trusted(self, certificate, monkeypatch) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    @pytest.mark.usefixtures("is_trusted")
    def test_starttls_and_signing_in(self, starttls_server):
        backend = make_backend(starttls_server, use_tls=True, username="ana", password="correct horse")
        assert backend.send_messages([make_email()]) == 1

    @pytest.mark.usefixtures("is_trusted")
    def test_a_handshake_may_take_as_long_as_a_command(self, starttls_server, certificate_context, monkeypatch):
        monkeypatch.setattr("apps.channels.smtp_client.SLICE_SECONDS", 0.02)
        certificate_context.sni_callback = lambda *_about: time.sleep(0.3)

        assert make_backend(starttls_server, use_tls=True).send_messages([make_email()]) == 1

    @pytest.mark.usefixtures("is_trusted")
    def test_a_wrong_password_is_the_channel_s_trouble(self, starttls_server):
        error = error_of(starttls_server, use_tls=True, username="ana", password="wrong")
        assert (error.permanent, error.phase, error.channel_down, error.code) == (False, BEFORE, True, "535")

    def test_a_certificate_nobody_vouches_for_is_refused(self, starttls_server):
        error = error_of(starttls_server, use_tls=True)
        assert (error.permanent, error.phase, error.channel_down) == (False, BEFORE, True)
        assert starttls_server.envelopes == []

    def test_a_server_without_starttls_gets_nothing_in_the_clear(self, smtp_server):
        assert error_of(smtp_server, use_tls=True).channel_down
        assert smtp_server.envelopes == []

    @pytest.mark.usefixtures("is_trusted")
    def test_tls_from_the_first_byte(self, certificate_context):
        server = SmtpServer(ssl_context=certificate_context)
        server.start()
        sent = make_backend(server, use_ssl=True).send_messages([make_email()])
        server.stop()
        assert sent == 1


class TestPipelining:
    """RFC 2920: the envelope in one write. What each refusal means is the same."""

    @pytest.fixture
    def server(self) -> Iterator[SmtpServer]:
        server = SmtpServer()
        server.extensions = ["PIPELINING"]
        server.start()
        yield server
        server.stop()

    def test_the_envelope_needs_no_answer_in_between(self, server):
        server.holds_back = True  # answers MAIL and RCPT only once DATA has come
        assert make_backend(server, until_dot=PATIENT).send_messages([make_email(1)]) == 1

    @pytest.mark.parametrize(
        ("step", "reply", "is_permanent", "code"),
        [
            ("MAIL", "451 4.3.0 later", False, "451"),
            ("MAIL", "553 5.1.8 sender unknown", True, "553"),
            ("RCPT", "450 4.2.1 busy", False, "450"),
            ("RCPT", "550 5.1.1 unknown", True, "550"),
            ("DATA", "452 4.3.1 full", False, "452"),
        ],
    )
    def test_the_first_refusal_is_the_one_that_counts(self, server, step, reply, is_permanent, code):
        server.script[step].append(reply)
        error = error_of(server)
        assert (error.permanent, error.phase, error.code) == (is_permanent, BEFORE, code)
        assert server.envelopes == []

    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
    def test_after_a_refusal_the_same_connection_serves_the_next_message(self, server, step):
        server.script[step].append("451 later")
        backend = make_backend(server)
        backend.open()
        with pytest.raises(PhasedSMTPError):
            backend.send_messages([make_email(1)])
        assert backend.send_messages([make_email(2)]) == 1
        backend.close()
        assert [email["subject"] for email in server.messages] == ["Window 2"]
        assert server.connections == 1

    def test_a_server_that_asks_for_a_message_without_recipients_gets_none(self, server):
        server.script["RCPT"].append("550 5.1.1 unknown")
        server.script["DATA"].append("354 go on all the same")
        server.script["EMPTY"].append("554 no valid recipients")
        backend = make_backend(server)
        error = error_of_backend(backend, make_email(1))
        assert (error.code, error.bad_address) == ("550", True)
        assert backend.send_messages([make_email(2)]) == 1
        backend.close()
        assert len(server.envelopes) == 1

    def test_a_server_that_closes_in_the_middle_is_asked_once_more(self, server):
        server.script["RCPT"].append("421 4.7.0 slow down")
        assert make_backend(server).send_messages([make_email()]) == 1
        assert server.connections == 2

    def test_its_words_are_kept_when_it_closes_again(self, server):
        server.script["RCPT"].extend(["421 4.7.0 slow down"] * 2)
        error = error_of(server)
        assert (error.code, error.connection_lost) == ("421", True)


class TestEightBits:
    def test_a_server_that_takes_them_gets_them(self, smtp_server):
        make_backend(smtp_server).send_messages([make_email(body="Café")])
        assert "body=8bitmime" in smtp_server.commands[1].lower()
        assert "Café".encode() in smtp_server.envelopes[0].original_content

    def test_one_that_does_not_say_so_gets_the_same_text_in_ascii(self, smtp_server):
        smtp_server.hidden_extensions = ["8BITMIME"]
        email = EmailMultiAlternatives("Fenêtre", "Café\n.point\n", to=["cem@example.org"])
        email.attach_alternative("<p>Thé</p>", "text/html")
        make_backend(smtp_server).send_messages([email])
        assert smtp_server.envelopes[0].original_content.isascii()
        parts = [part.get_content().splitlines() for part in smtp_server.messages[0].iter_parts()]
        assert parts == [["Café", ".point"], ["<p>Thé</p>"]]


class TestGate:
    """Where a sender notes that it begins: the last moment at which nothing has been handed over."""

    def test_it_is_passed_after_the_envelope_and_before_the_message(self, smtp_server):
        seen = []
        backend = make_backend(smtp_server)
        backend.hand_over(letter_of(make_email()), lambda: seen.append((len(smtp_server.commands), len(smtp_server.envelopes))))
        backend.close()
        assert seen == [(4, 0)]  # EHLO, MAIL, RCPT, DATA
        assert len(smtp_server.envelopes) == 1

    def test_what_it_raises_comes_through_and_nothing_was_handed_over(self, smtp_server):
        backend = make_backend(smtp_server)

        def closed() -> None:
            raise LookupError("not now")

        with pytest.raises(LookupError):
            backend.hand_over(letter_of(make_email(1)), closed)
        assert backend.send_messages([make_email(2)]) == 1
        backend.close()
        assert [email["subject"] for email in smtp_server.messages] == ["Window 2"]


def error_of_backend(backend: PhasedSMTPBackend, email: EmailMessage) -> PhasedSMTPError:
    backend.open()
    with pytest.raises(PhasedSMTPError) as caught:
        backend.send_messages([email])
    return caught.value
