"""What a window would lead to, before it is scheduled: its plan, and what a planner should know of first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.common.times import format_duration, format_period

from .board import Board
from .checks import Finding, Level, Report, checked_plan
from .estimates import longest_words
from .moments import instant_words
from .planner import PlanWindow
from .wishes import Wish as Wish
from .wishes import campaign_wish as campaign_wish
from .wishes import wished_plan


@dataclass(frozen=True, kw_only=True)
class Proposal:
    times: str
    announced: str
    board: Board
    findings: Sequence[Finding]
    zone: str
    now: datetime

    @property
    def first(self) -> str:
        """When the first message leaves, in words; empty when none does."""
        return instant_words(self.board.first_at, self.zone) if self.board.first_at else ""

    @property
    def last(self) -> str:
        return instant_words(self.board.last_at, self.zone) if self.board.last_at else ""

    @property
    def longest(self) -> str:
        return longest_words(self.board)

    @property
    def report(self) -> Report:
        return Report(findings=self.findings)

    @property
    def warnings(self) -> list[Finding]:
        """What is more than good to know."""
        return [finding for finding in self.findings if finding.level != Level.HINT]

    @property
    def leaves_at_once(self) -> bool:
        return self.board.first_at is not None and self.board.first_at <= self.now


def propose(wish: Wish, *, now: datetime) -> Proposal:
    """Reads only. The plan is the one that scheduling at `now` would make."""
    window, language = wish.window, get_language() or "en"
    board, found = checked_plan(wish, wished_plan(wish, now=now), now=now)
    return Proposal(
        times=format_period(window.starts_at, window.ends_at, zone=window.time_zone, language=language),
        announced=_announced_words(window, language),
        board=board,
        findings=found,
        zone=window.time_zone,
        now=now,
    )


def _announced_words(window: PlanWindow, language: str) -> str:
    shortest, longest = window.duration, window.announced_ends_at - window.starts_at
    if shortest == longest:
        return format_duration(shortest, language=language)
    return _("%(shortest)s, announced as up to %(longest)s") % {
        "shortest": format_duration(shortest, language=language),
        "longest": format_duration(longest, language=language),
    }
