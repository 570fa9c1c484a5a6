"""What is in a file, and what taking it in would lead to, before anything is written."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.common.letters import looks_like_a_letter, read_letter
from apps.common.times import format_period
from apps.windows.models import Impact

from . import receiving, services
from .models import UpstreamNotice
from .reading import Fault, FaultCode, Reading, ReadNotice, read_notices
from .receiving import Arrival
from .sentences import FORESEEN, fault_sentence, remark_sentences

MOST_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Line:
    """One notice of a file in words."""

    notice: ReadNotice
    when: str
    impact: str
    effect: str
    is_news: bool
    remarks: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class FaultLine:
    fault: Fault
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Foresight:
    lines: Sequence[Line]
    faults: Sequence[FaultLine]
    total: int
    news: int
    sentences: Sequence[str]


def read_file(content: bytes) -> Reading:
    """A calendar, or all calendars in a message."""
    if not looks_like_a_letter(content):
        return read_notices(content)
    calendars = read_letter(content).calendars
    if not calendars:
        return Reading(faults=(Fault(code=FaultCode.NO_CALENDAR_INSIDE, line=1),))
    readings = [read_notices(calendar.content) for calendar in calendars]
    return Reading(
        notices=tuple(notice for reading in readings for notice in reading.notices),
        faults=tuple(fault for reading in readings for fault in reading.faults),
        others=sum(reading.others for reading in readings),
    )


def foresee_file(content: bytes, *, now: datetime) -> Foresight:
    reading = read_file(content)
    arrivals = list(receiving.arrivals(receiving.newest_of_each(reading.notices)))
    counts = Counter(arrival for _notice, arrival, _row in arrivals)
    # What changes something stands first; within that, the order of the file.
    arrivals.sort(key=lambda entry: entry[1] not in (Arrival.NEW, Arrival.NEWER))
    return Foresight(
        lines=[_line(notice, arrival, row, now) for notice, arrival, row in arrivals[:MOST_SHOWN]],
        faults=[FaultLine(fault=fault, sentence=fault_sentence(fault)) for fault in reading.faults[:MOST_SHOWN]],
        total=len(arrivals),
        news=counts[Arrival.NEW] + counts[Arrival.NEWER],
        sentences=_sentences(counts, reading),
    )


def _line(notice: ReadNotice, arrival: Arrival, row: UpstreamNotice | None, now: datetime) -> Line:
    is_news = arrival in (Arrival.NEW, Arrival.NEWER)
    return Line(
        notice=notice,
        when=format_period(notice.starts_at, notice.ends_at, zone=notice.time_zone, language=get_language() or "en"),
        impact=str(Impact(notice.impact).label),
        effect=str(FORESEEN[services.foresee(notice, row, now=now).outcome]) if is_news else _unchanged(arrival),
        is_news=is_news,
        remarks=remark_sentences([str(remark) for remark in notice.remarks]),
    )


def _unchanged(arrival: Arrival) -> str:
    if arrival == Arrival.OWN:
        return _("Left out: it is one of our own windows.")
    if arrival == Arrival.OUTDATED:
        return _("Left out: a later version is known.")
    return _("Left out: this version is known already.")


def _sentences(counts: Counter[Arrival], reading: Reading) -> list[str]:
    counted = (
        (counts[Arrival.NEW], ngettext("%(n)s notice is new.", "%(n)s notices are new.", counts[Arrival.NEW])),
        (
            counts[Arrival.NEWER],
            ngettext(
                "%(n)s notice is a later version of a known one.",
                "%(n)s notices are later versions of known ones.",
                counts[Arrival.NEWER],
            ),
        ),
        (
            counts[Arrival.KNOWN] + counts[Arrival.OUTDATED] + counts[Arrival.OWN],
            ngettext(
                "%(n)s notice says nothing new.",
                "%(n)s notices say nothing new.",
                counts[Arrival.KNOWN] + counts[Arrival.OUTDATED] + counts[Arrival.OWN],
            ),
        ),
        (
            len(reading.faults),
            ngettext("%(n)s event cannot be read.", "%(n)s events cannot be read.", len(reading.faults)),
        ),
        (
            reading.others,
            ngettext(
                "%(n)s ordinary event without maintnote properties is left out.",
                "%(n)s ordinary events without maintnote properties are left out.",
                reading.others,
            ),
        ),
    )
    return [words % {"n": number} for number, words in counted if number]
