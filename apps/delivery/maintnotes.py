"""The maintnote file that goes with an e-mail for the recipient's own systems: the window as the feeds of that standard have it.

Nobody's row says who had one: the same file to somebody who had none before does no harm, unlike an invitation.
"""

from dataclasses import dataclass

from apps.campaigns.models import Touchpoint
from apps.channels.models import MAIL_KINDS
from apps.windows.calendar.events import END, account_ending, render_event
from apps.windows.calendar.files import wrap

from .waiting import WaitingRow

PUBLIC = "public"  # the account of a reader without one, as on the notice page


@dataclass(frozen=True, kw_only=True)
class Maintnote:
    """A file with room for the account that it is addressed to."""

    before: bytes
    after: bytes

    def to(self, account: str) -> bytes:
        return self.before + account_ending(account) + self.after


class MaintnoteBox:
    """The files of one touchpoint, rendered once for each language."""

    def __init__(self, touchpoint: Touchpoint) -> None:
        self.is_used = touchpoint.attaches_maintnote and touchpoint.channel.kind in MAIL_KINDS
        self._window = touchpoint.campaign.window
        self._segment = touchpoint.segment.name if touchpoint.segment else PUBLIC
        self._rendered: dict[str, Maintnote] = {}
        self._written: dict[tuple[str, str], bytes] = {}

    def file(self, row: WaitingRow, language: str) -> bytes:
        """Addressed to the recipient's organisation, or to the segment: consumers want the customer's account."""
        account = (row.contact.organisation if row.contact else "") or self._segment
        if (language, account) not in self._written:
            self._written[language, account] = self._in(language).to(account)
        return self._written[language, account]

    def _in(self, language: str) -> Maintnote:
        if language not in self._rendered:
            before, after = wrap([render_event(self._window, language=language)]).split(END)
            self._rendered[language] = Maintnote(before=before, after=END + after)
        return self._rendered[language]
