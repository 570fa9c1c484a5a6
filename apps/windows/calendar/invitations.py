"""The window as an invitation to one person, or as its cancellation (iMIP: RFC 5546, RFC 6047).

What the recipients of one language share is rendered once; each costs a line and a join.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from ..models import MaintenanceWindow
from .addresses import calendar_address
from .events import END, render_event
from .files import new_calendar, wrap
from .lines import MOST_OCTETS, encoded


class Method(StrEnum):
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


# Nobody has to attend maintenance; an answer is welcome as long as it takes place.
_ATTENDEE = {
    Method.REQUEST: "ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE",
    Method.CANCEL: "ATTENDEE;ROLE=OPT-PARTICIPANT",
}


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A calendar file with room for its one attendee."""

    method: Method
    before: bytes
    after: bytes

    @classmethod
    def of(cls, window: MaintenanceWindow, *, method: Method, organizer: str, language: str) -> Self:
        """`organizer`: from whom the e-mail comes, since calendars answer to that address and trust no other."""
        head = new_calendar()
        head.add("method", method.value)
        file = wrap([render_event(window, language=language, organizer=organizer)], head=head)
        before, after = file.split(END)
        return cls(method=method, before=before, after=END + after)

    def to(self, address: str) -> bytes:
        """For `address` alone."""
        return self.before + _attendee(self.method, calendar_address(address)) + self.after


def _attendee(method: Method, address: str) -> bytes:
    """Folded before the address, so that most need no counting."""
    if len(address) + 2 <= MOST_OCTETS:
        return f"{_ATTENDEE[method]}\r\n :{address}\r\n".encode("ascii")
    return encoded([f"{_ATTENDEE[method]}:{address}"])
