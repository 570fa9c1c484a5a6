"""A window as a planner wants it, saved or not: what its plan and the checks are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.windows.models import MaintenanceWindow, Service

from .models import Campaign, Playbook
from .planner import PlannedTouchpoint, PlanWindow
from .plans import plan_window, preview_plan

TEXTS = ("title", "reason", "effect", "alternatives")

OwnTexts = Mapping[str, Mapping[str, str]]  # by language, then by the name of the text; as typed, empty ones included


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is known of the window; `language` is that of its own texts, others translate them."""

    window: PlanWindow
    impact: str
    services: Sequence[Service]
    playbook: Playbook
    language: str
    texts: OwnTexts
    notes: Sequence[str] = ()
    existing: MaintenanceWindow | None = None

    def was_released(self, now: datetime) -> bool:
        """Recipients may know of it already."""
        return self.window.released_at < now

    @property
    def languages(self) -> frozenset[str]:
        """Those in which the window says at least what is being done."""
        return frozenset({self.language, *(code for code, texts in self.texts.items() if texts.get("title"))})


def campaign_wish(campaign: Campaign, *, now: datetime) -> Wish:
    """A campaign as it stands; a draft as if it were scheduled at `now`."""
    window = campaign.window
    texts = {row.language: {name: getattr(row, name) for name in TEXTS} for row in window.translations.all()}
    texts[window.language] = {name: getattr(window, name) for name in TEXTS}
    return Wish(
        window=plan_window(window, released_at=campaign.released_at or now),
        impact=window.impact,
        services=list(window.services.all()),
        playbook=campaign.playbook,
        language=window.language,
        texts=texts,
        existing=window,
    )


def wished_plan(wish: Wish, *, now: datetime) -> list[PlannedTouchpoint]:
    """With what was decided by hand, where the window exists."""
    return preview_plan(wish.window, wish.playbook, existing=wish.existing, now=now)
