"""The smallest step and window the pure planner understands."""

from datetime import UTC, datetime, timedelta
from typing import Any

from apps.campaigns.planner import PlannedTouchpoint, PlanStep, PlanWindow, plan

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def step(key: str = "announce", anchor: str = "announce", **fields: Any) -> PlanStep:
    defaults: dict[str, Any] = {
        "offset_days": 0,
        "offset": timedelta(0),
        "repeats_by_cadence": False,
        "repeat_every": None,
        "segment_id": 1,
        "channel_id": 1,
        "channel_enabled": True,
        "channel_has_quiet_hours": False,
        "content_key": key,
        "urgency": "routine",
        "is_mandatory": False,
        "min_duration": None,
        "only_unconfirmed": False,
        "useful_for": 6 * HOUR,
        "useful_until_before_start": None,
        "when_late": "collapse",
    }
    return PlanStep(key=key, anchor=anchor, **(defaults | fields))


def window(*, starts_at: datetime = NOW + 30 * DAY, duration: timedelta = 4 * HOUR, **fields: Any) -> PlanWindow:
    released_at = fields.pop("released_at", NOW)
    defaults: dict[str, Any] = {
        "time_zone": "Europe/Paris",
        "starts_at": starts_at,
        "ends_at": starts_at + duration,
        "announced_ends_at": starts_at + duration * 1.5,
        "released_at": released_at,
        "spoken_at": released_at,
    }
    return PlanWindow(**(defaults | fields))


ANNOUNCE = step()
MINUS_14D = step("t-14d", "start", offset_days=-14, useful_for=DAY)
MINUS_7D = step("t-7d", "start", offset_days=-7, useful_for=DAY)
MINUS_24H = step("t-24h", "start", offset=-24 * HOUR)
MINUS_1H = step("t-1h", "start", offset=-HOUR, useful_for=HOUR, useful_until_before_start=timedelta(minutes=5))
STARTED = step("started", "start", useful_for=timedelta(minutes=15), when_late="send")
UPDATE = step("update", "during", repeats_by_cadence=True, useful_for=HOUR)
OVERRUN = step("overrun", "end", only_unconfirmed=True)
COMPLETED = step("completed", "actual_end")
FOLLOW_UP = step("follow-up", "actual_end", offset=24 * HOUR)
STANDARD = (ANNOUNCE, MINUS_14D, MINUS_7D, MINUS_24H, MINUS_1H, STARTED, UPDATE, OVERRUN, COMPLETED, FOLLOW_UP)


def verdicts(rows: list[PlannedTouchpoint]) -> dict[str, str]:
    """`{"t-7d": "planned"}`, with the reason in place of `skipped` and `held`."""
    return {row.step.key: row.reason or row.state for row in rows}


def planned(plan_window: PlanWindow, *steps: PlanStep, now: datetime = NOW) -> dict[str, str]:
    return verdicts(plan(plan_window, steps or STANDARD, now=now))


def only(rows: list[PlannedTouchpoint], key: str) -> list[PlannedTouchpoint]:
    return [row for row in rows if row.step.key == key]
