"""What a notice leads to: a draft, a change to one, a proposal to a planner, or nothing. Pure.

A draft follows the provider, because nobody outside was told. What was promised is changed by a planner alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from .words import ProviderStatus

# The words of `windows.models.WindowStatus` that this module has to know; a test holds them together.
DRAFT, SCHEDULED = "draft", "scheduled"
ENDED = ("completed", "cancelled")
OVER = (ProviderStatus.CANCELLED, ProviderStatus.COMPLETED)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a version of a notice says, as far as a window follows it."""

    status: str
    starts_at: datetime
    ends_at: datetime
    impact: str
    summary: str
    objects: tuple[str, ...]

    def dump(self) -> dict[str, Any]:
        times = {"starts_at": self.starts_at.isoformat(), "ends_at": self.ends_at.isoformat()}
        return {"status": self.status, "impact": self.impact, "summary": self.summary, "objects": list(self.objects), **times}

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> "Said | None":
        """None of an empty mapping: nothing was taken over yet."""
        if not values:
            return None
        times = {name: datetime.fromisoformat(values[name]) for name in ("starts_at", "ends_at")}
        return cls(
            status=values["status"], impact=values["impact"], summary=values["summary"], objects=tuple(values["objects"]), **times
        )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The window that the notice became, as it stands now."""

    status: str
    starts_at: datetime
    ends_at: datetime
    impact: str


class Effect(StrEnum):
    OPEN_DRAFT = "open_draft"
    EDIT_DRAFT = "edit_draft"
    DROP_DRAFT = "drop_draft"
    PROPOSE = "propose"
    NOTHING = "nothing"


class Outcome(StrEnum):
    """Why a notice stands where it stands; each has a sentence."""

    NEW_DRAFT = "new_draft"
    DRAFT_FOLLOWS = "draft_follows"
    DRAFT_AGREES = "draft_agrees"
    CALLED_OFF = "called_off"  # the draft was dropped: the provider cancelled
    DONE_WITHOUT_US = "done_without_us"  # the draft was dropped: the provider has finished
    TO_MOVE = "to_move"
    TO_CANCEL = "to_cancel"
    TO_COMPLETE = "to_complete"
    AGREES = "agrees"  # the window says what the notice says
    NEVER_PLANNED = "never_planned"  # cancelled or completed before there was a draft
    PAST = "past"  # its time is over
    WINDOW_ENDED = "window_ended"
    NOT_OURS = "not_ours"  # every object is known to be no concern of ours
    APPLIED = "applied"  # by a planner
    LEFT = "left"  # a planner left the window as it is


@dataclass(frozen=True, kw_only=True)
class Decision:
    effect: Effect
    outcome: Outcome


def decide(*, taken: Said | None, said: Said, window: Standing | None, is_ours: bool, now: datetime) -> Decision:
    """`taken`: what the window was last made to say; `is_ours`: False where a planner said so of each object."""
    if window is None or _is_revived(taken, said, window):
        return _without_window(said, is_ours=is_ours, now=now)
    if window.status == DRAFT:
        return _for_draft(taken, said, now=now)
    if window.status in ENDED:
        return Decision(effect=Effect.NOTHING, outcome=Outcome.WINDOW_ENDED)
    return _for_promise(taken, said, window)


def _is_revived(taken: Said | None, said: Said, window: Standing) -> bool:
    """The provider takes up again what it had called off: a cancelled window stays cancelled, a new one is needed."""
    return window.status in ENDED and taken is not None and taken.status == ProviderStatus.CANCELLED and said.status not in OVER


def _without_window(said: Said, *, is_ours: bool, now: datetime) -> Decision:
    if said.status in OVER:
        return Decision(effect=Effect.NOTHING, outcome=Outcome.NEVER_PLANNED)
    if said.ends_at <= now:
        return Decision(effect=Effect.NOTHING, outcome=Outcome.PAST)
    if not is_ours:
        return Decision(effect=Effect.NOTHING, outcome=Outcome.NOT_OURS)
    return Decision(effect=Effect.OPEN_DRAFT, outcome=Outcome.NEW_DRAFT)


def _for_draft(taken: Said | None, said: Said, *, now: datetime) -> Decision:
    if said.status == ProviderStatus.CANCELLED:
        return Decision(effect=Effect.DROP_DRAFT, outcome=Outcome.CALLED_OFF)
    if said.status == ProviderStatus.COMPLETED:
        return Decision(effect=Effect.DROP_DRAFT, outcome=Outcome.DONE_WITHOUT_US)
    if said.ends_at <= now:
        return Decision(effect=Effect.NOTHING, outcome=Outcome.PAST)
    if taken is None or changed(taken, said):
        return Decision(effect=Effect.EDIT_DRAFT, outcome=Outcome.DRAFT_FOLLOWS)
    return Decision(effect=Effect.EDIT_DRAFT, outcome=Outcome.DRAFT_AGREES)


def _for_promise(taken: Said | None, said: Said, window: Standing) -> Decision:
    if said.status == ProviderStatus.CANCELLED and (taken is None or taken.status != ProviderStatus.CANCELLED):
        return Decision(effect=Effect.PROPOSE, outcome=Outcome.TO_CANCEL)
    if said.status == ProviderStatus.COMPLETED and (taken is None or taken.status != ProviderStatus.COMPLETED):
        return Decision(effect=Effect.PROPOSE, outcome=Outcome.TO_COMPLETE)
    # What a planner chose to plan otherwise stays so; only what the provider has changed since is put to them.
    if said.status not in OVER and _moves(taken, said, window):
        return Decision(effect=Effect.PROPOSE, outcome=Outcome.TO_MOVE)
    return Decision(effect=Effect.NOTHING, outcome=Outcome.AGREES)


def _moves(taken: Said | None, said: Said, window: Standing) -> bool:
    is_news = taken is None or (taken.starts_at, taken.ends_at) != (said.starts_at, said.ends_at)
    start_differs = window.status == SCHEDULED and window.starts_at != said.starts_at
    if is_news and (start_differs or window.ends_at != said.ends_at):
        return True
    return (taken is None or taken.impact != said.impact) and window.impact != said.impact


def changed(taken: Said, said: Said) -> frozenset[str]:
    """The names of what the provider says otherwise than it did; what it leaves alone is the planner's."""
    names = ("starts_at", "ends_at", "impact", "summary", "objects")
    return frozenset(name for name in names if getattr(taken, name) != getattr(said, name))


def is_newer(*, known: tuple[int, datetime | None], incoming: tuple[int | None, datetime | None], differs: bool) -> bool:
    """Whether a version outranks the one known: the higher SEQUENCE, at the same one the later DTSTAMP; never down.

    Some providers write no SEQUENCE, or never raise it. Where neither tells, a version that `differs` is news.
    """
    sequence, stamp = incoming
    if sequence is not None and sequence != known[0]:
        return sequence > known[0]
    if stamp is not None and known[1] is not None:
        return stamp > known[1]
    return differs
