"""The door of the checks: from a campaign, or what is about to become one, to its findings."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from apps.windows.models import LIVE_STATUSES, WindowStatus

from ..board import Board, campaign_board, campaign_spots, planned_board, planned_spot
from ..models import Campaign
from ..planner import PlannedTouchpoint
from ..wishes import Wish, campaign_wish, wished_plan
from .audience import audience_remarks
from .channels import channel_remarks
from .completeness import completeness_remarks, own_text_remarks
from .facts import Facts
from .findings import Finding, Level, Place
from .gathering import gather
from .links import href_of
from .neighbours import Neighbours, neighbours_of
from .rules import Code, Remark
from .sentences import sentence_of
from .timing import timing_remarks
from .tone import tone_remarks
from .translations import text_remarks

GRAVEST_FIRST = tuple(Level)


def findings_of(campaign: Campaign, *, now: datetime) -> list[Finding]:
    """Reads only; the sentences are in the language that is active. Nothing is found about what is over or called off."""
    return board_and_findings(campaign, now=now)[1] if _is_looked_at(campaign) else []


def board_and_findings(campaign: Campaign, *, now: datetime) -> tuple[Board, list[Finding]]:
    """Both from one look through the contacts."""
    if not _is_looked_at(campaign):
        return campaign_board(campaign), []
    wish = campaign_wish(campaign, now=now)
    if campaign.released_at is None:
        return checked_plan(wish, wished_plan(wish, now=now), now=now)
    spots = campaign_spots(campaign)
    around = neighbours_of(wish, spots)
    board = campaign_board(campaign, spots=spots, beside=around.segments.values())
    return board, look(wish, board, around, now=now)


def checked_plan(wish: Wish, rows: Sequence[PlannedTouchpoint], *, now: datetime) -> tuple[Board, list[Finding]]:
    """The board of a plan that exists only on screen, and what is found about it."""
    window, around = wish.window, neighbours_of(wish, [planned_spot(row) for row in rows])
    beside = around.segments.values()
    board = planned_board(rows, zone=window.time_zone, now=now, starts_at=window.starts_at, beside=beside)
    return board, look(wish, board, around, now=now)


def _is_looked_at(campaign: Campaign) -> bool:
    return campaign.window.status in (WindowStatus.DRAFT, *LIVE_STATUSES)


def look(wish: Wish, board: Board, around: Neighbours, *, now: datetime) -> list[Finding]:
    """The findings about a plan whose board has been made already: the gravest first, then in the order of the places."""
    remarks = sorted(judge(gather(wish, board, around, now=now)), key=_rank)
    return [
        Finding(
            code=remark.code,
            level=remark.level,
            sentence=sentence_of(remark),
            href=href_of(remark.target, is_draft=not wish.was_released(now)),
            where=remark.place,
            cause=remark.cause,
        )
        for remark in remarks
    ]


def judge(facts: Facts) -> Iterator[Remark]:
    yield from timing_remarks(facts)
    yield from audience_remarks(facts)
    yield from channel_remarks(facts)
    yield from text_remarks(facts)
    yield from completeness_remarks(facts)
    yield from own_text_remarks(facts)
    yield from tone_remarks(facts)


def _rank(remark: Remark) -> tuple[int, int, int]:
    return GRAVEST_FIRST.index(remark.level), list(Place).index(remark.place), list(Code).index(remark.code)
