import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.upstream.effects import Outcome
from apps.upstream.reading import LARGEST_FILE, FaultCode, Remark, read_notices
from apps.upstream.sentences import FAULTS, OUTCOMES, REMARKS, fault_sentence
from apps.upstream.words import IMPACT_ORDER, ProviderStatus
from apps.windows.models import Impact
from tests.upstream.factories import calendar, event, read_one

START = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)
PARIS = {
    "DTSTART": None,
    "DTEND": None,
    "DTSTART;TZID=Europe/Paris": "20260401T020000",
    "DTEND;TZID=Europe/Paris": "20260401T060000",
}

NTT = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:Data::ICal 0.22
BEGIN:VEVENT
DESCRIPTION:Regular Maintenance Notification: completed [GIN-C
 HG0123456]\\nPlease refer to the email notification.
DTEND:20211115T205700Z
DTSTAMP:20211115T205904Z
DTSTART:20211115T180000Z
SUMMARY:NTT (AS2914) Regular Maintenance Notification: completed [GIN-CHG01
 23456]
UID:GIN-CHG0040894
X-MAINTNOTE-ACCOUNT:47004321
X-MAINTNOTE-IMPACT:OUTAGE
X-MAINTNOTE-MAINTENANCE-ID:GIN-CHG0123456
X-MAINTNOTE-OBJECT-ID;X-MAINTNOTE-OBJECT-IMPACT=OUTAGE:246810
X-MAINTNOTE-PROVIDER:NTT (AS2914)
END:VEVENT
END:VCALENDAR
"""


def test_a_notice_says_all_that_the_standard_asks_for():
    notice = read_one()
    assert (notice.provider, notice.account, notice.maintenance_id) == ("carrier.example", "137", "WO-1")
    assert (notice.uid, notice.sequence, notice.stamp) == ("42@carrier.example", 1, datetime(2026, 3, 2, 8, tzinfo=UTC))
    assert (notice.status, notice.impact) == (ProviderStatus.CONFIRMED, "outage")
    assert (notice.starts_at, notice.ends_at, notice.time_zone) == (START, START + timedelta(hours=4), "UTC")
    assert [each.id for each in notice.objects] == ["circuit-7"]
    assert (notice.organizer, notice.remarks) == ("noc@carrier.example", ())


def test_a_notice_of_ntt_without_status_and_sequence_is_read():
    notice = read_notices(NTT).notices[0]
    assert (notice.sequence, notice.status, notice.objects[0].impact) == (None, None, "outage")
    assert notice.summary.endswith("[GIN-CHG0123456]")
    assert notice.description.splitlines()[1] == "Please refer to the email notification."


def test_ordinary_events_are_counted_and_left():
    marks = dict.fromkeys(("PROVIDER", "ACCOUNT", "MAINTENANCE-ID", "OBJECT-ID", "IMPACT", "STATUS"))
    plain = event(**{f"X-MAINTNOTE-{name}": None for name in marks})
    reading = read_notices(calendar(plain, event(), plain))
    assert (len(reading.notices), reading.others, reading.faults) == (1, 2, ())


def test_a_bad_event_is_named_and_leaves_the_others_alone():
    reading = read_notices(calendar(event(UID="a"), event(UID="b", DTSTART="tomorrow"), event(UID="c")))
    assert [notice.uid for notice in reading.notices] == ["a", "c"]
    fault = reading.faults[0]
    assert (fault.code, fault.event, fault.name, fault.line) == (FaultCode.BAD_TIME, "b", "DTSTART", 23)
    assert fault_sentence(fault) == "DTSTART: “tomorrow” is not a time such as 20260302T093000Z."


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"DTSTART": None}, FaultCode.NO_START, id="no-start"),
        pytest.param({"DTEND": None}, FaultCode.NO_END, id="no-end"),
        pytest.param({"DTEND": "20260401T000000Z"}, FaultCode.ENDS_BEFORE_START, id="no-time-at-all"),
        pytest.param({"DTEND": None, "DURATION": "PT-1H"}, FaultCode.BAD_TIME, id="bad-duration"),
        pytest.param({"DTEND": None, "DURATION": "P99999W"}, FaultCode.BAD_TIME, id="duration-beyond-the-calendar"),
        pytest.param({"DTSTART": "00010101T000000Z"}, FaultCode.BAD_TIME, id="year-one"),
        pytest.param({"DTSTART": "20260231T000000Z"}, FaultCode.BAD_TIME, id="thirty-first-of-february"),
        pytest.param({"DTSTART": "２０２６0401T000000Z"}, FaultCode.BAD_TIME, id="digits-of-another-script"),
        pytest.param({"UID": None, "X_MAINTNOTE_MAINTENANCE_ID": None}, FaultCode.NO_UID, id="nothing-to-know-it-by"),
        pytest.param({"X_MAINTNOTE_PROVIDER": None, "ORGANIZER;CN=NOC": None}, FaultCode.NO_PROVIDER, id="from-nobody"),
    ],
)
def test_what_cannot_be_understood_says_why(changes, code):
    reading = read_notices(calendar(event(**changes)))
    assert [fault.code for fault in reading.faults] == [code]
    assert fault_sentence(reading.faults[0])


@pytest.mark.parametrize(
    ("changes", "remarks"),
    [
        pytest.param({"DTSTART": "20260401T000000", "DTEND": "20260401T040000"}, [Remark.FLOATING], id="floating"),
        pytest.param(PARIS, [], id="zone"),
        pytest.param(
            {key.replace("Europe/Paris", '"Romance Standard Time"'): value for key, value in PARIS.items()}, [], id="windows-zone"
        ),
        pytest.param(
            {key.replace("Europe", "/mozilla.org/20050126_1/Europe"): value for key, value in PARIS.items()}, [], id="path"
        ),
        pytest.param({"DTEND": None, "DURATION": "PT4H"}, [], id="duration"),
        pytest.param({"DTSTART": "2026-04-01T00:00:00Z", "DTEND": "2026-04-01T06:00:00+02:00"}, [], id="iso-8601"),
        pytest.param({"RRULE": "FREQ=SECONDLY"}, [Remark.REPEATS], id="repeats"),
        pytest.param({"UID": None}, [Remark.UID_GUESSED], id="no-uid"),
        pytest.param({"X_MAINTNOTE_PROVIDER": None}, [Remark.PROVIDER_GUESSED], id="no-provider"),
        pytest.param({"X_MAINTNOTE_STATUS": "MAYBE"}, [Remark.UNKNOWN_STATUS], id="status"),
        pytest.param({"X_MAINTNOTE_IMPACT": "Severe"}, [Remark.UNKNOWN_IMPACT], id="impact"),
        pytest.param({"X_MAINTNOTE_OBJECT_ID": None}, [Remark.NO_OBJECTS], id="no-objects"),
    ],
)
def test_what_providers_write_otherwise_is_read_and_remarked_upon(changes, remarks):
    notice = read_one(**changes)
    assert list(notice.remarks) == remarks
    assert (notice.starts_at, notice.ends_at) == (START, START + timedelta(hours=4))


def test_whole_days_run_from_midnight_to_midnight():
    notice = read_one(**{"DTSTART": None, "DTEND": None, "DTSTART;VALUE=DATE": "20260401"})
    assert (notice.starts_at, notice.ends_at) == (START, START + timedelta(days=1))
    assert notice.remarks == (Remark.WHOLE_DAYS,)


def test_an_unknown_zone_is_read_as_utc_and_said():
    notice = read_one(**{key.replace("Europe/Paris", "Office"): value for key, value in PARIS.items()})
    assert (notice.starts_at.hour, notice.remarks) == (2, (Remark.UNKNOWN_ZONE,))


def test_a_zone_that_only_the_file_describes_is_followed():
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Office\r\n"
        "BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
        "BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
    )
    summer = event(**{key.replace("Europe/Paris", "Office"): value for key, value in PARIS.items()})
    winter = summer.replace("20260401", "20260201")
    first, second = read_notices(calendar(zone, summer, winter)).notices
    assert (first.starts_at, first.remarks) == (START, ())
    assert second.starts_at == datetime(2026, 2, 1, 1, 0, tzinfo=UTC)


def test_the_zone_of_the_whole_calendar_holds_for_times_that_name_none():
    floating = event(DTSTART="20260401T020000", DTEND="20260401T060000")
    notice = read_notices(calendar(floating, head=["X-WR-TIMEZONE:Europe/Paris"])).notices[0]
    assert (notice.starts_at, notice.time_zone, notice.remarks) == (START, "Europe/Paris", ())


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("cancelled", "CANCELLED"),
        ("Canceled", "CANCELLED"),
        ("IN PROGRESS", "IN-PROCESS"),
        ("RE-SCHEDULED", "CONFIRMED"),
        ("NO-CHANGE", None),
    ],
)
def test_a_status_is_known_however_it_is_written(written, status):
    assert read_one(X_MAINTNOTE_STATUS=written).status == status


def test_a_calendar_that_cancels_cancels_its_events():
    silent = event(X_MAINTNOTE_STATUS=None)
    assert read_notices(calendar(silent, head=["METHOD:CANCEL"])).notices[0].status == ProviderStatus.CANCELLED


def test_each_object_may_have_an_impact_of_its_own():
    rows = {"X_MAINTNOTE_OBJECT_ID": None, "X_MAINTNOTE_IMPACT": None}
    rows |= {
        "X-MAINTNOTE-OBJECT-ID;X-MAINTNOTE-OBJECT-IMPACT=NO-IMPACT": "a",
        'X-MAINTNOTE-OBJECT-ID;ALTREP="http://x:1,2;3";X-MAINTNOTE-OBJECT-IMPACT=degraded': "b",
    }
    notice = read_one(**rows)
    assert [(each.id, each.impact) for each in notice.objects] == [("a", "no_impact"), ("b", "degraded")]
    assert notice.impact == "degraded"


def test_of_several_maintenance_numbers_the_primary_one_counts():
    extra = {"X-MAINTNOTE-MAINTENANCE-ID;X-MAINTNOTE-PRECEDENCE=PRIMARY": "WO-2"}
    assert read_one(**extra).maintenance_id == "WO-2"


@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(lambda content: b"\xef\xbb\xbf" + content, id="bom"),
        pytest.param(lambda content: content.decode().encode("utf-16"), id="utf-16"),
        pytest.param(lambda content: content.decode().encode("latin-1"), id="latin-1"),
        pytest.param(base64.encodebytes, id="base64"),
        pytest.param(lambda content: content.replace(b"\r\n", b"\r"), id="cr"),
        pytest.param(lambda content: content.lower().replace(b"fibre: caf\xc3\xa9", b"Fibre: caf\xc3\xa9"), id="lower-case"),
        pytest.param(lambda content: content.replace(b"END:VEVENT\r\n", b"").replace(b"END:VCALENDAR", b""), id="never-ended"),
    ],
)
def test_a_file_is_read_in_whatever_way_it_is_written(encode):
    notice = read_notices(encode(calendar(event(SUMMARY="Fibre: café")))).notices[0]
    assert notice.summary == "Fibre: café"


def test_a_raw_line_break_in_a_text_and_a_fold_within_a_letter_are_mended():
    content = calendar(event(DESCRIPTION="first\r\nsecond line", SUMMARY="café au lait"))
    content = content.replace("é".encode(), b"\xc3\r\n \xa9")
    notice = read_notices(content).notices[0]
    assert (notice.description, notice.summary) == ("first\nsecond line", "café au lait")


def test_control_characters_are_dropped():
    notice = read_one(SUMMARY="a\x00b\x07c\u2028d\x7f", DESCRIPTION="x\x00\\ny")
    assert (notice.summary, notice.description) == ("abc d", "x\ny")
    assert "\x00" not in notice.raw


def test_a_uid_that_is_too_long_to_keep_is_still_its_own():
    first, second = read_one(UID="x" * 300 + "1"), read_one(UID="x" * 300 + "2")
    assert len(first.uid) <= 255
    assert first.uid != second.uid


def test_ten_thousand_events_are_all_read():
    reading = read_notices(calendar(*(event(UID=f"u{number}") for number in range(10_000))))
    assert (len(reading.notices), reading.faults) == (10_000, ())


def test_a_file_beyond_the_bound_is_refused_in_a_sentence():
    reading = read_notices(b"x" * (LARGEST_FILE + 1))
    assert fault_sentence(reading.faults[0]) == "The file is larger than 10 MB: cut it into parts."


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 100, b"<html></html>"])
def test_what_is_no_calendar_is_said_to_be_none(content):
    assert [fault.code for fault in read_notices(content).faults] == [FaultCode.NO_CALENDAR]


@pytest.mark.parametrize(
    "piece", [b"BEGIN:VEVENT\n", b'X;A="', b"a\n ", b"BEGIN:X\n", b"A;A=", b"X-MAINTNOTE-A:\\", b"END:VCALENDAR\n"]
)
def test_a_hostile_file_takes_no_more_than_its_length(piece):
    read_notices(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + piece * (500_000 // len(piece)))


LINES = st.sampled_from(
    [
        "BEGIN:VEVENT",
        "END:VEVENT",
        "BEGIN:VTIMEZONE",
        "END:VTIMEZONE",
        "BEGIN:VALARM",
        "END:VALARM",
        "BEGIN:STANDARD",
        *event(DURATION="PT1H").split("\r\n"),
        "DTSTART;TZID=X:20260101T000000",
        "TZID:X",
        "TZOFFSETTO:+9999",
        "RRULE:FREQ=YEARLY;BYDAY=9999SU",
        "DTSTART:16010101T000000",
    ]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(LINES, st.text(max_size=20)), max_size=60))
def test_no_order_of_lines_breaks_the_reader(lines):
    reading = read_notices("\r\n".join(["BEGIN:VCALENDAR", *lines]).encode("utf-8", "replace"))
    assert all(notice.ends_at > notice.starts_at for notice in reading.notices)


def test_every_code_has_its_sentence():
    assert set(FAULTS) == set(FaultCode)
    assert set(REMARKS) == set(Remark)
    assert set(OUTCOMES) == set(Outcome)


def test_the_reader_knows_the_impacts_of_windows():
    assert tuple(Impact.values) == IMPACT_ORDER
