"""The door of the checks: from a campaign, or what is about to become one, to its findings."""

from collections.abc import Iterator
from datetime import datetime

from apps.windows.models import LIVE_STATUSES, WindowStatus

from ..board import Board, campaign_board, planned_board
from ..models import Campaign
from ..wishes import Wish, campaign_wish, wished_plan
from .audience import audience_remarks
from .channels import channel_remarks
from .completeness import completeness_remarks, own_text_remarks
from .facts import Facts
from .findings import Finding, Level, Place
from .gathering import gather
from .links import href_of
from .rules import Code, Remark
from .sentences import sentence_of
from .timing import timing_remarks
from .tone import tone_remarks
from .translations import text_remarks

GRAVEST_FIRST = tuple(Level)


def findings_of(campaign: Campaign, *, board: Board | None = None, now: datetime) -> list[Finding]:
    """Reads only; the sentences are in the language that is active. Nothing is found about what is over or called off.

    `board`: the campaign's, where the caller has made it already.
    """
    if campaign.window.status not in (WindowStatus.DRAFT, *LIVE_STATUSES):
        return []
    wish = campaign_wish(campaign, now=now)
    return look(wish, board or _board(campaign, wish, now), now=now)


def _board(campaign: Campaign, wish: Wish, now: datetime) -> Board:
    if campaign.released_at is not None:
        return campaign_board(campaign)
    rows = wished_plan(wish, now=now)
    return planned_board(rows, zone=wish.window.time_zone, now=now, starts_at=wish.window.starts_at)


def look(wish: Wish, board: Board, *, now: datetime) -> list[Finding]:
    """The findings about a plan whose board has been made already: the gravest first, then in the order of the places."""
    remarks = sorted(judge(gather(wish, board, now=now)), key=_rank)
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
