from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.common.letters import looks_like_a_letter, read_letter
from tests.tracking.letters import letter
from tests.upstream.factories import calendar, event

CALENDAR = calendar(event(SUMMARY="café"))


def test_a_letter_is_known_by_its_message_id():
    assert read_letter(letter(CALENDAR)).key == "<1@carrier.example>"


@pytest.mark.parametrize("message_id", ["", "<" + "x" * 300 + "@example.org>"])
def test_a_letter_without_a_usable_message_id_is_known_by_its_bytes(message_id):
    content = letter(CALENDAR, message_id=message_id)
    assert read_letter(content).key == read_letter(content).key
    assert read_letter(content).key != read_letter(content + b"\n").key


def test_an_invitation_that_comes_twice_in_a_letter_counts_once():
    found = read_letter(letter(CALENDAR, CALENDAR, calendar(event(UID="43")))).calendars
    assert [each.is_maintnote for each in found] == [True, True]


def test_a_forwarded_letter_is_looked_into():
    outer = EmailMessage()
    outer["From"] = "ana@example.org"
    outer.set_content("FYI")
    inner = EmailMessage()
    inner.set_content("x")
    inner.add_attachment(CALENDAR, maintype="application", subtype="octet-stream", filename="a.ICS")
    outer.add_attachment(inner)
    assert len(read_letter(outer.as_bytes()).calendars) == 1


def test_a_calendar_in_another_character_set_is_read_in_utf_8():
    message = EmailMessage()
    message.set_content(CALENDAR.decode(), subtype="calendar", charset="iso-8859-1")
    assert "café".encode() in read_letter(message.as_bytes()).calendars[0].content


def test_the_method_of_a_calendar_is_told_from_its_text():
    reply = calendar("", head=["method: reply"])
    assert [each.method for each in read_letter(letter(reply)).calendars] == ["REPLY"]


def test_pictures_and_texts_are_no_calendars():
    message = EmailMessage()
    message.set_content("BEGIN:VCALENDAR")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="a.png")
    message.add_attachment(b"PK", maintype="application", subtype="octet-stream", filename="a.zip")
    assert read_letter(message.as_bytes()).calendars == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [(letter(), True), (CALENDAR, False), (b"\xef\xbb\xbf" + CALENDAR, False), (b"", False), (b"QkVHSU46", False)],
)
def test_a_letter_is_told_from_a_calendar(content, expected):
    assert looks_like_a_letter(content) is expected


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
@example(b"\0")
@example(b"x; name*=\0''y")
@example(b"x; charset*=\0''y")
def test_no_bytes_break_the_reader_of_letters(noise):
    read_letter(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/calendar; charset=" + noise)
    read_letter(noise)
    looks_like_a_letter(noise)
