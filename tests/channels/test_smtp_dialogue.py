"""What is written and when, with the server's part played by hand at the other end of a pair of sockets."""

import select
import socket
import ssl
import threading
import time

import pytest

from apps.channels.messages import Phase
from apps.channels.smtp_client import Letter, Patience, PhasedSMTP
from apps.channels.smtp_dialogue import SmtpDialogue
from apps.channels.smtp_errors import PhasedSMTPError

TAKEN = b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n"
QUEUED = b"250 2.0.0 Ok: queued as 4F2A\r\n"


def make_letter(number: int = 1, *, body: str = "Hello\r\n", recipient: str = "") -> Letter:
    content = f"Subject: {number}\r\n\r\n{body}".encode()
    return Letter(sender="ops@example.org", recipients=[recipient or f"cem{number}@example.org"], content=content)


def envelope_of(number: int) -> bytes:
    return f"MAIL FROM:<ops@example.org>\r\nRCPT TO:<cem{number}@example.org>\r\nDATA\r\n".encode()


class Server:
    """The other end."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.ours, self.theirs = socket.socketpair()
        for end in (self.ours, self.theirs):
            end.settimeout(2)
        if tls:
            self.seal(tls)

    def seal(self, tls: ssl.SSLContext) -> None:
        self.ours = tls.wrap_socket(self.ours, server_side=True, do_handshake_on_connect=False)
        greeting = threading.Thread(target=self.ours.do_handshake)
        greeting.start()
        self.theirs = _trusting().wrap_socket(self.theirs)
        greeting.join()

    def heard(self) -> bytes:
        """All that has been written: of TLS each write is a record of its own, or several."""
        heard = self.ours.recv(1_000_000)
        while heard and isinstance(self.ours, ssl.SSLSocket) and select.select([self.ours], [], [], 0)[0]:
            heard += self.ours.recv(1_000_000)
        return heard

    def say(self, words: bytes) -> None:
        self.ours.sendall(words)


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.fixture(params=["in the clear", "over TLS"])
def server(request, certificate_context):
    server = Server(certificate_context if request.param == "over TLS" else None)
    yield server
    server.ours.close()
    server.theirs.close()


def make_dialogue(server: Server, *extensions: str, **patience: float) -> SmtpDialogue:
    connection = PhasedSMTP(patience=Patience(**patience), public_only=False)
    connection.sock = server.theirs
    connection.does_esmtp = True
    connection.esmtp_features = dict.fromkeys(("pipelining", "8bitmime", *extensions), "")
    return SmtpDialogue(connection)


def offered(server: Server, number: int = 1, **patience: float) -> SmtpDialogue:
    """One whose first letter is taken."""
    dialogue = make_dialogue(server, **patience)
    dialogue.offer(dialogue.pack(make_letter(number)))
    assert server.heard() == envelope_of(number)
    server.say(TAKEN)
    assert dialogue.go_on() == []
    assert dialogue.is_taken
    return dialogue


def sent(server: Server, **patience: float) -> SmtpDialogue:
    """One that waits for the answer to its first text, the second envelope out."""
    dialogue = offered(server, **patience)
    dialogue.hand_over(dialogue.pack(make_letter(2)))
    server.heard()
    return dialogue


def test_the_next_envelope_leaves_with_the_text_before_it(server):
    dialogue = offered(server)

    dialogue.hand_over(dialogue.pack(make_letter(2)))

    assert server.heard() == b"Subject: 1\r\n\r\nHello\r\n.\r\n" + envelope_of(2)


def test_one_exchange_brings_an_answer_and_the_next_turn(server):
    dialogue = sent(server)

    server.say(QUEUED + TAKEN)
    (answer,) = dialogue.go_on()

    assert (answer.is_of_text, answer.error, answer.reply) == (True, None, "2.0.0 Ok: queued as 4F2A")
    assert dialogue.is_taken


def test_replies_in_bits_say_the_same(server):
    dialogue = sent(server)
    answers = []

    for letter in b"250-2.0.0 Ok\r\n250 queued as 4F2A\r\n" + TAKEN:
        server.say(bytes((letter,)))
        answers += dialogue.go_on()

    assert [answer.reply for answer in answers] == ["2.0.0 Ok\nqueued as 4F2A"]
    assert dialogue.is_taken


def test_a_dot_at_the_beginning_of_a_line_is_doubled(server):
    dialogue = make_dialogue(server)

    assert dialogue.pack(make_letter(body="one\r\n.two\r\n")).text.endswith(b"one\r\n..two\r\n.\r\n")


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        (b"451 later\r\n503 no sender\r\n503 no sender\r\n", "451"),
        (b"250 ok\r\n550 5.1.1 unknown\r\n554 nobody\r\n", "550"),
        (b"250 ok\r\n250 ok\r\n452 full\r\n", "452"),
    ],
)
def test_after_a_refused_envelope_the_next_one_starts_afresh(server, replies, code):
    dialogue = make_dialogue(server)
    dialogue.offer(dialogue.pack(make_letter(1)))
    server.heard()

    server.say(replies)
    (answer,) = dialogue.go_on()
    dialogue.offer(dialogue.pack(make_letter(2)))
    heard = server.heard()
    server.say(b"250 flushed\r\n" + TAKEN)
    dialogue.go_on()

    assert (answer.is_of_text, answer.error.code, answer.error.phase) == (False, code, Phase.BEFORE)
    assert heard == b"RSET\r\n" + envelope_of(2)
    assert dialogue.is_taken


def test_a_server_that_asks_for_a_text_it_has_refused_gets_none(server):
    dialogue = make_dialogue(server)
    dialogue.offer(dialogue.pack(make_letter()))
    server.heard()

    server.say(b"250 ok\r\n550 unknown\r\n354 go on\r\n")
    (answer,) = dialogue.go_on()
    heard = server.heard()
    server.say(b"554 no valid recipients\r\n250 flushed\r\n")
    dialogue.go_on()

    assert answer.error.bad_address
    assert heard == b".\r\nRSET\r\n"
    assert dialogue.is_idle


def test_one_that_does_not_start_afresh_is_of_no_more_use(server):
    dialogue = make_dialogue(server)
    dialogue.offer(dialogue.pack(make_letter()))
    server.say(b"451 later\r\n503 no\r\n503 no\r\n500 what?\r\n")
    dialogue.go_on()

    assert dialogue.loss.phase is Phase.BEFORE


def test_a_refused_text_does_not_touch_the_next(server):
    dialogue = sent(server)

    server.say(b"554 5.7.1 spam\r\n" + TAKEN)
    (answer,) = dialogue.go_on()

    assert (answer.is_of_text, answer.error.code, answer.error.permanent) == (True, "554", True)
    assert dialogue.is_taken
    assert dialogue.loss is None


def test_a_connection_lost_behind_a_text_leaves_it_in_doubt(server):
    dialogue = sent(server)

    server.ours.close()

    assert dialogue.go_on() == []
    assert dialogue.loss.phase is Phase.AFTER


def test_an_answer_counts_although_the_connection_was_lost_behind_it(server):
    dialogue = sent(server)

    server.say(QUEUED)
    server.ours.close()
    answers = [*dialogue.go_on(), *dialogue.go_on()]

    assert [answer.error for answer in answers] == [None]
    assert dialogue.loss.phase is Phase.BEFORE


@pytest.mark.parametrize("goodbye", [b"421 4.3.2 closing\r\n", b"250 ok\r\n421 closing\r\n", b"not smtp\r\n"])
def test_a_server_that_leaves_in_the_envelope_has_taken_nothing(server, goodbye):
    dialogue = make_dialogue(server)
    dialogue.offer(dialogue.pack(make_letter()))

    server.say(goodbye)

    assert dialogue.go_on() == []
    assert dialogue.loss.phase is Phase.BEFORE


def test_a_server_that_leaves_with_its_answer_has_answered(server):
    dialogue = sent(server)

    server.say(b"421 4.7.0 too much\r\n")
    (answer,) = dialogue.go_on()

    assert (answer.is_of_text, answer.error.code, answer.error.phase) == (True, "421", Phase.BEFORE)
    assert dialogue.loss.phase is Phase.BEFORE


def test_what_the_other_side_does_not_read_is_written_later(server):
    body = "x" * 70 + "\r\n"
    dialogue = make_dialogue(server)
    dialogue.offer(dialogue.pack(make_letter(body=body * 100_000)))
    server.say(TAKEN)
    dialogue.go_on()

    dialogue.hand_over(None)
    assert dialogue.wants_to_write
    heard = server.heard()
    while not heard.endswith(b"\r\n.\r\n"):
        dialogue.go_on()
        heard += server.heard()

    assert not dialogue.wants_to_write
    assert heard.count(b"\r\n") == 3 + 2 + 100_000 + 1  # envelope, header, body, dot


def test_a_text_that_was_written_in_part_was_not_handed_over(server):
    dialogue = make_dialogue(server)
    dialogue.offer(dialogue.pack(make_letter(body="x\r\n" * 2_000_000)))
    server.say(TAKEN)
    dialogue.go_on()

    dialogue.hand_over(None)
    server.ours.close()
    dialogue.go_on()

    assert dialogue.loss.phase is Phase.BEFORE


def test_silence_behind_a_text_is_a_doubt_and_the_channel_s_trouble(server):
    dialogue = sent(server, answer=0.01)

    time.sleep(0.02)
    dialogue.check_patience()

    assert (dialogue.loss.phase, dialogue.loss.channel_down) == (Phase.AFTER, True)


def test_no_deadline_runs_while_it_is_our_turn(server):
    dialogue = offered(server, command=0.0, message=0.0)

    time.sleep(0.01)
    dialogue.check_patience()

    assert dialogue.loss is None


def test_a_letter_the_server_cannot_take_is_refused_before_anything_is_written(server):
    dialogue = make_dialogue(server)

    with pytest.raises(PhasedSMTPError, match="SMTPUTF8"):
        dialogue.pack(make_letter(recipient="çem@example.org"))

    assert dialogue.is_idle


def test_it_is_idle_once_all_is_answered(server):
    dialogue = offered(server)
    dialogue.hand_over(None)
    assert not dialogue.is_idle

    server.say(QUEUED)
    dialogue.go_on()

    assert dialogue.is_idle


def test_a_connection_with_a_word_too_many_is_not_idle(server):
    dialogue = make_dialogue(server)

    server.say(b"250 surprise\r\n")
    dialogue.go_on()

    assert not dialogue.is_idle
