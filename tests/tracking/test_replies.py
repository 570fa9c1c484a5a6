"""What calendar programs answer to an invitation, read without a database."""

from datetime import UTC, datetime

import pytest

from apps.tracking.replies import LARGEST, parse_replies

from .calendars import apple, changed, google, outlook

UID = "7f0c1a52-5c5f-4b5e-9b3c-0d4f8f0d2b11"


@pytest.mark.parametrize(
    ("program", "answer", "minute"), [(google, "accepted", 30), (outlook, "declined", 40), (apple, "tentative", 50)]
)
def test_each_program_is_read(program, answer, minute):
    (reply,) = parse_replies(program(UID, sequence=3))

    assert (reply.uid, reply.attendee, reply.answer, reply.sequence) == (UID, "cem@example.org", answer, 3)
    assert reply.stamped_at == datetime(2026, 3, 2, 8, minute, tzinfo=UTC)


def test_what_somebody_adds_is_kept():
    (reply,) = parse_replies(outlook(UID))
    assert reply.comment == "Notre mise en production est cette nuit-là, désolé."


def test_a_comment_is_cut_and_cleaned():
    (reply,) = parse_replies(changed(outlook(UID), ("Notre", "\x00" + "x" * 600)))
    assert reply.comment == "x" * 500


@pytest.mark.parametrize("answer", ["NEEDS-ACTION", "DELEGATED", "X-OTHER", ""])
def test_what_is_no_answer_is_none(answer):
    assert parse_replies(google(UID, answer=answer)) == []


@pytest.mark.parametrize("method", ["REQUEST", "COUNTER", "CANCEL", "PUBLISH"])
def test_other_methods_are_no_replies(method):
    assert parse_replies(changed(google(UID), ("METHOD:REPLY", f"METHOD:{method}"))) == []


@pytest.mark.parametrize(
    "calendar",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe\x00", id="bytes"),
        pytest.param(b"Hello, I accept.", id="words"),
        pytest.param(b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n", id="cut off"),
        pytest.param(b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", id="ends what never began"),
        pytest.param(google(UID) + google(UID), id="two files in one"),
        pytest.param(b"x" * (LARGEST + 1), id="too large"),
    ],
)
def test_what_cannot_be_read_is_none(calendar):
    assert parse_replies(calendar) == []


def test_a_reply_in_another_encoding_is_read():
    text = outlook(UID).decode("utf-8-sig").encode("cp1252")
    (reply,) = parse_replies(text)
    assert "cette nuit-là" in reply.comment


@pytest.mark.parametrize(
    ("lines", "sequence", "stamped_at"),
    [
        pytest.param([("SEQUENCE:1\r\n", ""), ("DTSTAMP:20260302T083000Z\r\n", "")], None, None, id="neither given"),
        pytest.param([("SEQUENCE:1", "SEQUENCE:one"), ("DTSTAMP:2026", "DTSTAMP:soon")], None, None, id="neither readable"),
        pytest.param([("SEQUENCE:1", "SEQUENCE:-5"), ("T083000Z", "T083000")], 0, (8, 30), id="below zero, without zone"),
    ],
)
def test_sequence_and_time_may_be_missing_or_odd(lines, sequence, stamped_at):
    (reply,) = parse_replies(changed(google(UID), *lines))

    assert reply.sequence == sequence
    assert reply.stamped_at == (stamped_at and datetime(2026, 3, 2, *stamped_at, tzinfo=UTC))


def test_an_attendee_without_an_address_is_none():
    assert parse_replies(changed(apple(UID), ('EMAIL="cem@example.org";', ""))) == []
