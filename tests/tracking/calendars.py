"""Replies as calendar programs send them; only names, times and what is folded away differ from real ones."""


def google(uid: str, *, answer: str = "ACCEPTED", attendee: str = "cem@example.org", sequence: int = 1) -> bytes:
    return _crlf(f"""\
BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:REPLY
BEGIN:VEVENT
DTSTART:20260401T090000Z
DTEND:20260401T130000Z
DTSTAMP:20260302T083000Z
ORGANIZER;CN=Maintenance:mailto:maintenance@example.org
UID:{uid}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=OPT-PARTICIPANT;PARTSTAT={answer};CN={attendee}
 ;X-NUM-GUESTS=0:mailto:{attendee}
CLASS:PUBLIC
CREATED:20260302T080000Z
DESCRIPTION:
LAST-MODIFIED:20260302T083000Z
LOCATION:
SEQUENCE:{sequence}
STATUS:CONFIRMED
SUMMARY:Database upgrade
TRANSP:TRANSPARENT
END:VEVENT
END:VCALENDAR
""")


def outlook(uid: str, *, answer: str = "DECLINED", attendee: str = "Cem@Example.org", sequence: int = 1) -> bytes:
    return b"\xef\xbb\xbf" + _crlf(f"""\
BEGIN:VCALENDAR
METHOD:REPLY
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Romance Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
ATTENDEE;PARTSTAT={answer};CN="Öz, Cem":MAILTO:{attendee}
COMMENT;LANGUAGE=fr-FR:Notre mise en production est cette nuit-là\\, désolé
 .\\n
UID:{uid}
SUMMARY;LANGUAGE=fr-FR:Refusé : Database upgrade
DTSTART;TZID=Romance Standard Time:20260401T110000
DTEND;TZID=Romance Standard Time:20260401T150000
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:20260302T084000Z
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:{sequence}
LOCATION;LANGUAGE=fr-FR:
X-MICROSOFT-CDO-APPT-SEQUENCE:{sequence}
X-MICROSOFT-CDO-BUSYSTATUS:FREE
X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY
X-MICROSOFT-CDO-ALLDAYEVENT:FALSE
END:VEVENT
END:VCALENDAR
""")


def apple(uid: str, *, answer: str = "TENTATIVE", attendee: str = "cem@example.org", sequence: int = 1) -> bytes:
    return _crlf(f"""\
BEGIN:VCALENDAR
CALSCALE:GREGORIAN
METHOD:REPLY
PRODID:-//Apple Inc.//macOS 15.5//EN
VERSION:2.0
BEGIN:VEVENT
ATTENDEE;CN="Cem Öz";CUTYPE=INDIVIDUAL;EMAIL="{attendee}";PARTSTAT={answer};R
 OLE=OPT-PARTICIPANT:/aMTIzNDU2Nzg5/principal/
CREATED:20260302T080000Z
DTEND:20260401T130000Z
DTSTAMP:20260302T085000Z
DTSTART:20260401T090000Z
LAST-MODIFIED:20260302T085000Z
ORGANIZER;CN="Maintenance":mailto:maintenance@example.org
REQUEST-STATUS:2.0;Success
SEQUENCE:{sequence}
SUMMARY:Database upgrade
TRANSP:TRANSPARENT
UID:{uid}
END:VEVENT
END:VCALENDAR
""")


def changed(calendar: bytes, *lines: tuple[str, str]) -> bytes:
    """The same with some of its text replaced."""
    for old, new in lines:
        assert old.encode() in calendar
        calendar = calendar.replace(old.encode(), new.encode())
    return calendar


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()
