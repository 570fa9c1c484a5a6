"""The words of the maintnote standard (NANOG BCOP, jda/maintnote-std) for ours, by table."""

from collections.abc import Mapping

from apps.common.text import one_line

from ..models import Impact, MaintenanceWindow, WindowStatus

IMPACTS: Mapping[str, str] = {
    Impact.NO_IMPACT: "NO-IMPACT",
    Impact.REDUCED_REDUNDANCY: "REDUCED-REDUNDANCY",
    Impact.DEGRADED: "DEGRADED",
    Impact.OUTAGE: "OUTAGE",
}
STATUSES: Mapping[str, str] = {
    WindowStatus.SCHEDULED: "CONFIRMED",
    WindowStatus.IN_PROGRESS: "IN-PROCESS",
    WindowStatus.VERIFYING: "IN-PROCESS",
    WindowStatus.COMPLETED: "COMPLETED",
    WindowStatus.CANCELLED: "CANCELLED",
}
# RFC 5545 knows three states of an event; whatever still takes place is confirmed.
EVENT_STATUSES: Mapping[str, str] = {
    status: "CANCELLED" if status == WindowStatus.CANCELLED else "CONFIRMED" for status in STATUSES
}


def value(text: str) -> str:
    """Fit for a maintnote value: readers disagree on unescaping, so nothing in it may need escaping."""
    return one_line("".join(" " if sign in ",;\\" else sign for sign in text))


def properties(window: MaintenanceWindow, *, provider: str) -> list[tuple[str, str]]:
    """All but X-MAINTNOTE-ACCOUNT, which names the reader. One bad event makes consumers refuse a whole feed, so each
    of the compulsory ones is always there: a window without a service concerns the provider as such."""
    objects = [value(service.name) for service in window.services.all()] or [provider]
    return [
        ("X-MAINTNOTE-PROVIDER", provider),
        ("X-MAINTNOTE-MAINTENANCE-ID", str(window.uid)),
        *(("X-MAINTNOTE-OBJECT-ID", name) for name in objects),
        ("X-MAINTNOTE-IMPACT", IMPACTS[window.impact]),
        ("X-MAINTNOTE-STATUS", STATUSES[window.status]),
    ]
