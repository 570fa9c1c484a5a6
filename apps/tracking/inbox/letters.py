"""One message that came in takes effect. Repeating it does no harm, so that a crash at any point may be followed by a repeat."""

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from apps.common.letters import Letter, LetterCalendar, read_letter
from apps.upstream import services as upstream
from apps.upstream.models import NoticeSource
from apps.upstream.reading import read_notices
from apps.upstream.receiving import Arrival
from apps.upstream.sentences import fault_sentence

from ..acknowledgements import accept_reply
from ..models import InboxMessage

logger = logging.getLogger(__name__)

LARGEST_MESSAGE = 20 * 2**20  # a calendar of 10 MB in base64, and a letter around it
MOST_KEPT = 1_000_000
MOST_PROBLEMS = 20


@dataclass(kw_only=True)
class Taken:
    """What was found in a message; `is_repeat`: it was taken in before."""

    replies: int = 0
    notices: int = 0
    others: int = 0  # calendars that are neither, or answer nothing of ours
    problems: list[str] = field(default_factory=list)
    unread: list[bytes] = field(default_factory=list)  # calendars in which something could not be understood
    is_repeat: bool = False

    @property
    def is_ours(self) -> bool:
        return bool(self.replies or self.notices or self.problems)


def take_in(content: bytes, *, source: str, now: datetime) -> Taken:
    """Raises DatabaseError alone, after which the message should be brought again."""
    letter = read_letter(content)
    key = {"message_id": letter.key, "digest": _digest(letter)}
    known = InboxMessage.objects.filter(**key).first()
    if known is not None:
        return Taken(replies=known.replies, notices=known.notices, others=known.others, is_repeat=True)
    taken = Taken()
    for calendar in letter.calendars:
        _take_calendar(calendar, taken, now=now)
    # Last, so that what a crash leaves undone is done again; what is done twice until then changes nothing.
    _note(letter, taken, key, source=source, now=now)
    return taken


def _digest(letter: Letter) -> str:
    """Of all that can have an effect: the same name on other contents is another message."""
    digest = hashlib.sha256()
    for calendar in letter.calendars:
        digest.update(hashlib.sha256(calendar.content).digest())
    return digest.hexdigest()


def _take_calendar(calendar: LetterCalendar, taken: Taken, *, now: datetime) -> None:
    try:
        if calendar.method == "REPLY":  # first: an answer may repeat the maintnote properties of its invitation
            is_ours = accept_reply(calendar.content, now=now)
            taken.replies += is_ours
            taken.others += not is_ours
        elif calendar.is_maintnote:
            _take_notices(calendar, taken, now=now)
        else:
            taken.others += 1
    except DatabaseError:
        raise
    except Exception:  # whatever stands in it: one calendar must not stop the mailbox
        logger.exception("A calendar that came by mail cannot be taken in.")
        taken.problems.append(_("It could not be taken in; the log has the reason."))
        taken.unread.append(calendar.content)


def _take_notices(calendar: LetterCalendar, taken: Taken, *, now: datetime) -> None:
    reading = read_notices(calendar.content)
    counts = upstream.receive(reading.notices, source=NoticeSource.MAIL, now=now).counts
    taken.notices += counts.total() - counts[Arrival.OWN]
    taken.others += counts[Arrival.OWN] > 0
    if reading.faults:
        taken.unread.append(calendar.content)
    for fault in reading.faults[:MOST_PROBLEMS]:
        place = f"{fault.event}, line {fault.line}" if fault.event else f"line {fault.line}"
        taken.problems.append(f"{place}: {fault_sentence(fault)}")


def _note(letter: Letter, taken: Taken, key: dict[str, str], *, source: str, now: datetime) -> None:
    row = InboxMessage(
        **key,
        source=source,
        sender=letter.sender[:200] if taken.is_ours else "",  # of strangers' mail nothing is kept
        subject=letter.subject[:200] if taken.is_ours else "",
        replies=taken.replies,
        notices=taken.notices,
        others=taken.others,
        problems=taken.problems[:MOST_PROBLEMS],
        kept=b"\n".join(taken.unread)[:MOST_KEPT].decode(errors="replace").replace("\x00", ""),
        received_at=now,
    )
    with transaction.atomic():
        InboxMessage.objects.bulk_create([row], ignore_conflicts=True)
