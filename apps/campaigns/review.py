"""All that is looked at before a campaign is scheduled: how many get what by which channel, who does not, what was found."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from apps.channels.prices import cost_sentence

from .board import Board, Cell, Column
from .checks import Finding, Level
from .checks.gathering import sms_parts
from .models import Campaign
from .moments import instant_words, takes_words
from .proposals import Proposal, campaign_wish, propose


@dataclass(frozen=True, kw_only=True)
class ChannelLine:
    """What is to leave by one channel."""

    cells: Sequence[Cell]
    zone: str
    now: datetime
    parts: int = 0  # of text messages, at most

    @property
    def column(self) -> Column:
        return self.cells[0].column

    @property
    def columns(self) -> list[Column]:
        return list({cell.column.key: cell.column for cell in self.cells}.values())

    @property
    def messages(self) -> int:
        return sum(cell.recipients or 0 for cell in self.cells)

    @property
    def cost(self) -> str:
        return cost_sentence(self.column.channel, self.parts)

    @property
    def first(self) -> str:
        first_at = min((cell.spot.due_at for cell in self.cells if cell.spot.due_at), default=None)
        return leaving_words(first_at, zone=self.zone, now=self.now)

    @property
    def last(self) -> str:
        """When the last message has left, at the pace of the channel where it has one."""
        return leaving_words(last_at(self.cells), zone=self.zone, now=self.now)

    @property
    def longest(self) -> str:
        spans = [cell.span for cell in self.cells if cell.span]
        return takes_words(max(spans, key=lambda span: span.takes)) if spans else ""


@dataclass(frozen=True, kw_only=True)
class Review:
    proposal: Proposal
    now: datetime
    parts: Mapping[int, int] = field(default_factory=dict)  # of text messages, by channel, at most

    @property
    def findings(self) -> Sequence[Finding]:
        return self.proposal.findings

    @property
    def board(self) -> Board:
        return self.proposal.board

    @property
    def messages(self) -> int:
        return self.board.messages

    @property
    def stops(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == Level.STOP]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == Level.WARN]

    @property
    def hints(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == Level.HINT]

    @property
    def lines(self) -> list[ChannelLine]:
        by_channel: dict[int, list[Cell]] = {}
        for cell in self.board.leaving:
            by_channel.setdefault(cell.column.channel.pk, []).append(cell)
        return [
            ChannelLine(cells=cells, zone=self.proposal.zone, now=self.now, parts=self.parts.get(channel, 0))
            for channel, cells in by_channel.items()
        ]

    @property
    def last(self) -> str:
        return leaving_words(last_at(self.board.leaving), zone=self.proposal.zone, now=self.now)

    @property
    def mark(self) -> str:
        """Changes with whatever of the numbers and the plan a planner was shown; what leaves at once has no time of its own."""
        return hashlib.blake2s("\n".join(self._facts()).encode(), digest_size=12).hexdigest()

    def _facts(self) -> Iterator[str]:
        yield str(self.messages)
        for cell in self.board.cells:
            spot = cell.spot
            waits = spot.due_at is not None and spot.due_at > self.now
            due = spot.due_at.isoformat() if waits and spot.due_at else ""
            yield f"{spot.name} {spot.state} {spot.reason} {spot.content_key} {due} {cell.recipients}"

    def unticked(self, ticked: Collection[str]) -> list[Finding]:
        return [finding for finding in self.warnings if finding.key not in ticked]


def review_of(campaign: Campaign, *, now: datetime) -> Review:
    """Of a draft as it stands, as if it were scheduled at `now`."""
    wish = campaign_wish(campaign, now=now)
    proposal = propose(wish, now=now)
    return Review(proposal=proposal, now=now, parts=sms_parts(wish, proposal.board))


def last_at(cells: Iterable[Cell]) -> datetime | None:
    ends = [cell.span.ends_at if cell.span else cell.spot.due_at for cell in cells]
    return max((end for end in ends if end), default=None)


def leaving_words(at: datetime | None, *, zone: str, now: datetime) -> str:
    if at is None:
        return "–"
    return _("as soon as it is scheduled") if at <= now else instant_words(at, zone)
