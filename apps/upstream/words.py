"""The maintnote standard's words and what providers write in their place. Pure; the border beyond which only ours are used."""

from collections.abc import Mapping
from enum import StrEnum


class ProviderStatus(StrEnum):
    """Where the provider's work stands, in the standard's words."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
    IN_PROCESS = "IN-PROCESS"
    COMPLETED = "COMPLETED"


STATUSES: Mapping[str, ProviderStatus] = {
    **{status.value: status for status in ProviderStatus},
    "CANCELED": ProviderStatus.CANCELLED,
    "CANCEL": ProviderStatus.CANCELLED,
    "IN-PROGRESS": ProviderStatus.IN_PROCESS,
    "INPROCESS": ProviderStatus.IN_PROCESS,
    "STARTED": ProviderStatus.IN_PROCESS,
    "COMPLETE": ProviderStatus.COMPLETED,
    "RE-SCHEDULED": ProviderStatus.CONFIRMED,  # of a later draft: a move, with the new times beside it
    "RESCHEDULED": ProviderStatus.CONFIRMED,
    "SCHEDULED": ProviderStatus.CONFIRMED,
}
UNCHANGED = "NO-CHANGE"  # as good as no status at all

# Ours, worst last, as `windows.models.Impact` has them; a test holds them together.
IMPACT_ORDER = ("no_impact", "reduced_redundancy", "degraded", "outage")
IMPACTS: Mapping[str, str] = {
    "NO-IMPACT": "no_impact",
    "NONE": "no_impact",
    "REDUCED-REDUNDANCY": "reduced_redundancy",
    "AT-RISK": "reduced_redundancy",
    "DEGRADED": "degraded",
    "DEGRADED-SERVICE": "degraded",
    "OUTAGE": "outage",
    "DOWN": "outage",
}


def word(text: str) -> str:
    """“in progress”, “In_Progress” and “IN-PROGRESS” are the same word."""
    return "-".join(text.upper().replace("_", " ").replace("-", " ").split())


def worst(impacts: list[str]) -> str:
    return max(impacts, key=IMPACT_ORDER.index)
