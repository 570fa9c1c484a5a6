"""Calendars read back by three libraries that know nothing of each other. A fourth reads them in tests/browser."""

from datetime import timedelta

import ics
import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event, vDuration, vText
from icalendar.parser import Contentline, Parameters

from apps.windows.calendar.lines import duration_value, encoded, text_line
from tests.windows.calendar_examples import HOSTILE, INJECTION, TITLES, Read, calendar_of, expected, windows, words_of

# ics takes an escaped backslash before an n for a newline, which is its own mistake.
WITHOUT_BACKSLASH = TITLES.map(lambda text: text.replace("\\", "/"))


def read_by_icalendar(body):
    return [
        Read(
            uid=str(event["UID"]),
            starts_at=event["DTSTART"].dt,
            ends_at=event["DTEND"].dt,
            summary=str(event["SUMMARY"]),
            sequence=int(event["SEQUENCE"]),
            status=str(event["STATUS"]),
            reminders=len(event.walk("VALARM")),
        )
        for event in Calendar.from_ical(body).walk("VEVENT")
    ]


def read_by_vobject(body):
    return [
        Read(
            uid=event.uid.value,
            starts_at=event.dtstart.value,
            ends_at=event.dtend.value,
            summary=event.summary.value,
            sequence=int(event.sequence.value),
            status=event.status.value,
            reminders=len(event.contents.get("valarm", [])),
        )
        for event in vobject.readOne(body.decode()).vevent_list
    ]


def read_by_ics(body):
    events = {event.uid: event for event in ics.Calendar(body.decode()).events}
    return [
        Read(
            uid=event.uid,
            starts_at=event.begin.datetime,
            ends_at=event.end.datetime,
            summary=event.name,
            sequence=next(int(line.value) for line in event.extra if line.name == "SEQUENCE"),
            status=event.status,
            reminders=len(event.alarms),
        )
        for event in events.values()
    ]


def by_uid(entries):
    return sorted(entries, key=lambda entry: entry.uid)


@pytest.mark.filterwarnings("ignore:'maxsplit' is passed as positional:DeprecationWarning")  # ics, on Python 3.13
@pytest.mark.parametrize(
    ("read", "titles"),
    [
        pytest.param(read_by_icalendar, TITLES, id="icalendar"),
        pytest.param(read_by_vobject, TITLES, id="vobject"),
        pytest.param(read_by_ics, WITHOUT_BACKSLASH, id="ics"),
    ],
)
def test_every_reader_finds_each_window_as_it_is(read, titles):
    @settings(max_examples=30, deadline=None)
    @given(st.lists(windows(titles), min_size=1, max_size=4, unique_by=lambda window: window.uid))
    def check(rows):
        assert by_uid(read(calendar_of(rows))) == by_uid(map(expected, rows))

    check()


@settings(max_examples=30, deadline=None)
@given(windows())
def test_descriptions_come_through_whole(window):
    (event,) = Calendar.from_ical(calendar_of([window])).walk("VEVENT")
    (same,) = vobject.readOne(calendar_of([window]).decode()).vevent_list
    for words in words_of(window):
        assert words in str(event["DESCRIPTION"])
        assert words in same.description.value


@settings(max_examples=50, deadline=None)
@given(windows(), TITLES, st.sampled_from(["en", "fr"]))
def test_no_text_adds_or_breaks_a_line(window, account, language):
    body = calendar_of([window], language=language, account=account)
    names = [line.split(b":")[0].split(b";")[0] for line in body.replace(b"\r\n ", b"").split(b"\r\n")]
    assert names.count(b"BEGIN") == names.count(b"END") == 2 + expected(window).reminders
    assert names.count(b"UID") == 1
    assert b"ATTENDEE" not in names
    lines = body.removesuffix(b"\r\n").split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert not any((byte < 32 and byte != 9) or byte == 127 for line in lines for byte in line)
    for line in lines:
        line.decode()


@settings(max_examples=100, deadline=None)
@given(st.one_of(HOSTILE, INJECTION))
def test_icalendar_would_write_the_same_line(text):
    # Of these icalendar makes newlines or nothing. What we write is cleaned of the first two before.
    text = text.replace("\r", "").replace("\ufeff", "").replace("\\N", "")
    ours = encoded([text_line("SUMMARY", text)]).replace(b"\r\n ", b"").removesuffix(b"\r\n").decode()
    assert ours == str(Contentline.from_parts("SUMMARY", Parameters(), vText(text)))
    assert (
        str(Event.from_ical(b"BEGIN:VEVENT\r\n" + encoded([text_line("SUMMARY", text)]) + b"END:VEVENT\r\n")["SUMMARY"]) == text
    )


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\r\nATTENDEE:mailto:eve@example.org"])
def test_line_end_that_was_not_cleaned_is_refused(value):
    with pytest.raises(ValueError, match="cannot hold the end of a line"):
        encoded([f"URL:{value}"])


@given(st.integers(-100_000, 100_000))
def test_durations_are_read_as_they_were_meant(minutes):
    duration = timedelta(minutes=minutes)
    assert vDuration.from_ical(duration_value(duration)) == duration
