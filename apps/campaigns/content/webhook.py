"""What a signed webhook carries beside the text."""

from apps.windows.models import WindowRevision

from ..models import Touchpoint
from .context import Facts, facts_of


def webhook_data(touchpoint: Touchpoint, revision: WindowRevision | None = None) -> dict[str, object]:
    """The window and the touchpoint as plain JSON values; instants are ISO 8601 in UTC, texts in the window's language."""
    facts = facts_of(touchpoint, revision)
    return {"touchpoint": _touchpoint_data(touchpoint), "window": _window_data(facts, touchpoint.campaign.window.language)}


def _touchpoint_data(touchpoint: Touchpoint) -> dict[str, object]:
    return {
        "moment": touchpoint.step_key,
        "occurrence": touchpoint.occurrence,
        "content": touchpoint.content_key,
        "due_at": touchpoint.due_at.isoformat() if touchpoint.due_at else None,
    }


def _window_data(facts: Facts, language: str) -> dict[str, object]:
    text = facts.text_in(language)
    return {
        "uid": facts.uid,
        "revision": facts.revision,
        "status": facts.status,
        "impact": facts.impact,
        "title": text.title,
        "services": list(facts.services),
        "reason": text.reason,
        "effect": text.effect,
        "alternatives": text.alternatives,
        "time_zone": facts.time_zone,
        "starts_at": facts.times.starts_at.isoformat(),
        "ends_at": facts.times.ends_at.isoformat(),
        "announced_ends_at": facts.times.announced_ends_at.isoformat(),
        "change_reason": facts.change_reason,
        "outcome": facts.outcome,
        "is_temporary_fix": facts.is_temporary,
        "notice_url": facts.notice_url,
    }
