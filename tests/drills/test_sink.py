"""The sink of the drills has to fail exactly as it is told, or the drills show nothing."""

import smtplib
import ssl

import pytest

from tests.certificates import make_certificate, server_context

from .sink import Fault, Sink

TEXT = "Message-ID: <k1@preavis.test>\r\n\r\nHello\r\n.hidden\r\n"


@pytest.fixture
def sink():
    with Sink() as made:
        yield made


def send(sink, address="cem@example.org"):
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as client:
        client.sendmail("ana@example.org", [address], TEXT)


def kept(sink):
    return [(note.recipient, note.key) for note in sink.received]


def test_it_notes_recipient_and_message_id(sink):
    send(sink)

    assert kept(sink) == [("cem@example.org", "k1")]


def test_a_refused_recipient_gets_nothing_and_others_do(sink):
    sink.faults.append(Fault(step="rcpt", reply="550 5.1.1 No", who=lambda address: address.startswith("dan")))
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(sink, "dan@example.org")
    send(sink)

    assert kept(sink) == [("cem@example.org", "k1")]


def test_a_fault_strikes_so_often_for_each_recipient(sink):
    sink.faults.append(Fault(step="dot", reply="451 4.3.0 Later", times=1))
    for address in ("cem@example.org", "dan@example.org"):
        with pytest.raises(smtplib.SMTPDataError):
            send(sink, address)
        send(sink, address)

    assert kept(sink) == [("cem@example.org", "k1"), ("dan@example.org", "k1")]


def test_a_reset_before_the_dot_is_not_received(sink):
    sink.faults.append(Fault(step="body", then="reset"))
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(sink)

    assert kept(sink) == []


@pytest.mark.parametrize("then", ["reset", "silence"])
def test_a_message_without_an_answer_is_received_all_the_same(sink, then):
    sink.faults.append(Fault(step="dot", then=then))
    client = smtplib.SMTP("127.0.0.1", sink.port, timeout=0.3)
    with pytest.raises((smtplib.SMTPException, OSError)):
        client.sendmail("ana@example.org", ["cem@example.org"], TEXT)
    client.close()

    assert kept(sink) == [("cem@example.org", "k1")]


def test_it_refuses_connections_and_takes_them_again(sink):
    sink.refuse()
    with pytest.raises(ConnectionRefusedError):
        send(sink)
    sink.listen()
    send(sink)

    assert kept(sink) == [("cem@example.org", "k1")]


def test_421_greets_and_hangs_up(sink):
    sink.faults.append(Fault(step="greeting", reply="421 4.3.2 Not now", times=1))
    with pytest.raises(smtplib.SMTPConnectError):
        send(sink)
    send(sink)

    assert kept(sink) == [("cem@example.org", "k1")]


def test_with_a_certificate_it_takes_nothing_in_the_clear(sink, tmp_path):
    certificate = make_certificate(tmp_path / "server.pem")
    sink.tls = server_context(certificate)
    with pytest.raises(smtplib.SMTPSenderRefused, match="STARTTLS"):
        send(sink)

    with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as client:
        client.starttls(context=ssl.create_default_context(cafile=str(certificate)))
        client.sendmail("ana@example.org", ["cem@example.org"], TEXT)

    assert kept(sink) == [("cem@example.org", "k1")]
