"""Whether a plan, its times or its texts have changed since they were rehearsed."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from apps.campaigns.board import Board
from apps.campaigns.models import Campaign, MessageTemplate, TouchpointState

# How far a touchpoint has come is no change of the plan.
_UNDER_WAY = (TouchpointState.PLANNED, TouchpointState.HELD, TouchpointState.DUE, TouchpointState.SENDING, TouchpointState.SENT)


def plan_digest(campaign: Campaign, board: Board) -> str:
    """Equal for equal plans; a draft keeps its own when it is scheduled. One query beside the window's translations."""
    said = [*_window(campaign), *_spots(board), *_texts(board)]
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def _window(campaign: Campaign) -> Iterator[Any]:
    window = campaign.window
    yield window.starts_at, window.ends_at, window.announced_ends_at, window.time_zone, window.starts_automatically
    yield window.language, window.title, window.reason, window.effect, window.alternatives
    fields = ("language", "title", "reason", "effect", "alternatives")
    yield sorted([getattr(row, field) for field in fields] for row in window.translations.all())


def _spots(board: Board) -> Iterator[Any]:
    for cell in board.cells:
        spot = cell.spot
        reason = "" if spot.state in _UNDER_WAY else spot.reason
        yield (
            spot.name,
            spot.content_key,
            reason,
            spot.anchor,
            spot.offset_days,
            spot.offset,
            spot.is_mandatory,
            spot.urgency,
            spot.invites,
            spot.attaches_maintnote,
        )
    yield sorted((column.segment.pk, column.segment.rule) for column in board.columns if column.segment)


def _texts(board: Board) -> Iterator[Any]:
    rows = MessageTemplate.objects.filter(content_key__in={cell.spot.content_key for cell in board.cells})
    fields = ("content_key", "language", "urgency", "channel_kind", "segment_id", "subject", "body")
    yield from rows.order_by("pk").values_list(*fields)
