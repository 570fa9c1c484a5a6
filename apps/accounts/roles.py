"""What each role may do, asked of one permission at a time, so that a model added later finds its place by itself.

A role is a group made by `migrate` (granting.py). People may be in several; what they may is the sum.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

PLANNER, APPROVER, VIEWER, ADMINISTRATOR = "planner", "approver", "viewer", "administrator"

APPROVE = "campaigns.approve_campaign"
ERASE = "audiences.erase_contact"  # it cannot be undone
# Who may sign in, and what they may.
PEOPLE = frozenset({"accounts.user", "accounts.role", "auth.group", "auth.permission"})
# Looked at by everybody, changed by administrators: what holds secrets, and what decides whether anything is sent at all.
MACHINERY = frozenset({"channels.channel", "tracking.ticketsource", "delivery.installation"})
APPS = frozenset(
    {"accounts", "windows", "audiences", "channels", "campaigns", "upstream", "delivery", "tracking", "publishing", "dashboard"}
)


@dataclass(frozen=True, kw_only=True)
class Right:
    """One permission: `model` as “app.model”, `codename` as Django names it."""

    model: str
    codename: str

    @property
    def app(self) -> str:
        return self.model.split(".")[0]

    @property
    def name(self) -> str:
        return f"{self.app}.{self.codename}"

    @property
    def only_looks(self) -> bool:
        return self.codename.startswith("view_")


def _viewer(right: Right) -> bool:
    return right.app in APPS and right.only_looks and right.model not in PEOPLE


def _approver(right: Right) -> bool:
    return _viewer(right) or right.name == APPROVE


def _planner(right: Right) -> bool:
    """All of daily work, but neither people nor machinery, nor the word on one's own plans."""
    is_work = right.app in APPS and right.model not in PEOPLE | MACHINERY and right.name not in (APPROVE, ERASE)
    return _viewer(right) or is_work


def _administrator(right: Right) -> bool:
    return right.app in APPS or right.model in PEOPLE


ROLES: Mapping[str, Callable[[Right], bool]] = {
    PLANNER: _planner,
    APPROVER: _approver,
    VIEWER: _viewer,
    ADMINISTRATOR: _administrator,
}
