"""The smallest facts that the pure rules understand, and nothing wrong with them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from apps.campaigns.checks.facts import (
    Column,
    Crowd,
    Departure,
    Facts,
    Message,
    OwnText,
    People,
    Phase,
    Surroundings,
    Template,
    Times,
)
from apps.campaigns.checks.findings import Level
from apps.campaigns.checks.looking import judge
from apps.campaigns.checks.rules import Code, Remark

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = NOW + 30 * DAY + 16 * HOUR


def times(**fields: Any) -> Times:
    start = fields.pop("starts_at", START)
    defaults: dict[str, Any] = {
        "starts_at": start,
        "ends_at": start + 4 * HOUR,
        "announced_ends_at": start + 6 * HOUR,
        "time_zone": "Europe/Paris",
        "impact": "outage",
        "now": NOW,
        "notice": start - NOW,
    }
    return Times(**(defaults | fields))


def departure(**fields: Any) -> Departure:
    defaults: dict[str, Any] = {
        "moment": "announce.0",
        "words": "at the announcement",
        "segment_id": 1,
        "channel_id": 1,
        "content_key": "announce",
        "phase": Phase.AHEAD,
        "due_at": NOW,
        "useful_until": (fields.get("due_at") or NOW) + DAY,
        "recipients": 2,
    }
    fields = defaults | fields
    fields.setdefault("about_at", fields["due_at"] or NOW)
    return Departure(**fields)


def column(**fields: Any) -> Column:
    defaults: dict[str, Any] = {
        "segment_id": 1,
        "segment": "Customers",
        "channel_id": 1,
        "channel": "E-mail",
        "kind": "email",
        "address": "email",
        "is_enabled": True,
        "problem": "",
        "stays_here": "",
        "segment_problem": "",
        "people": 2,
        "without_address": 0,
        "languages": {"en": 2},
    }
    return Column(**(defaults | fields))


def template(**fields: Any) -> Template:
    defaults = {
        "pk": 7,
        "content_key": "announce",
        "language": "en",
        "kind": "",
        "subject": "{{ window.title }}",
        "body": "Thank you.",
    }
    return Template(**(defaults | fields))


VALUES = {
    "title": "Database upgrade",
    "services": "Checkout, Portal",
    "starts": "Tuesday 24 November 2026, 02:00 (Paris time, UTC+01:00)",
    "times": "Tuesday 24 November 2026, 02:00–08:00 (Paris time, UTC+01:00)",
    "latest_end": "Tuesday 24 November 2026, 08:00 (Paris time, UTC+01:00)",
    "announced_duration": "between 4 and 6 hours",
    "impact": "Not available during the work.",
    "reason": "The database reaches the end of its support.",
    "alternatives": "Call us to place an urgent order.",
    "notice_url": "https://status.example.org/windows/6f1c",
    "team_email": "operations@example.org",
}
COMPLETE = "\n".join(VALUES.values()) + "\nThank you."


def message(text: str = COMPLETE, **fields: Any) -> Message:
    defaults: dict[str, Any] = {
        "template": template(),
        "departure": departure(),
        "kind": "email",
        "segment": "Customers",
        "subject": "Planned maintenance: Database upgrade",
        "text": text,
        "values": VALUES,
    }
    return Message(**(defaults | fields))


def own_text(**fields: Any) -> OwnText:
    texts = {"title": "Database upgrade", "reason": "Its support ends.", "effect": "", "alternatives": "Call us."}
    return OwnText(
        language=fields.pop("language", "en"), is_own=fields.pop("is_own", True), texts=texts | fields.pop("texts", {}) | fields
    )


def facts(**fields: Any) -> Facts:
    defaults: dict[str, Any] = {
        "times": times(),
        "around": Surroundings(service_ids=frozenset({1}), overlaps=[], closures=[], holidays=[]),
        "departures": [departure()],
        "columns": [column()],
        "slow": {},
        "crowd": Crowd(
            people=[People(count=2, segment_ids=frozenset({1}), addresses=frozenset({"email"}))], others=[], most_a_week=10
        ),
        "messages": [message()],
        "templates": [template()],
        "unwritten": [],
        "own_texts": [own_text()],
        "window_id": 3,
        "playbook_id": 4,
    }
    return Facts(**(defaults | fields))


def around(**fields: Any) -> Surroundings:
    defaults: dict[str, Any] = {"service_ids": frozenset({1}), "overlaps": [], "closures": [], "holidays": []}
    return Surroundings(**(defaults | fields))


def remarks(**fields: Any) -> list[Remark]:
    return list(judge(facts(**fields)))


def levels(**fields: Any) -> dict[Code, Level]:
    return {remark.code: remark.level for remark in remarks(**fields)}


def only(code: Code, **fields: Any) -> Remark:
    """The one remark there is, which has to be of `code`."""
    (remark,) = remarks(**fields)
    assert remark.code is code
    return remark
