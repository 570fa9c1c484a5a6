"""How much there is to be of everything. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

MOMENTS = 5  # of each window: announcement, three reminders, completion


class Fate(StrEnum):
    """Where a window stands."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    RUNNING = "running"
    SCHEDULED = "scheduled"
    DRAFT = "draft"


# Of a hundred windows; every run of twenty has some of each.
SHARES = ((Fate.COMPLETED, 60), (Fate.CANCELLED, 5), (Fate.RUNNING, 5), (Fate.SCHEDULED, 25), (Fate.DRAFT, 5))


@dataclass(frozen=True, kw_only=True)
class Sizes:
    contacts: int = 100_000
    windows: int = 1_000
    deliveries: int = 1_000_000

    def problem(self) -> str:
        """Why these cannot be made; empty where they can."""
        if self.contacts < 20 or self.windows < 20 or self.deliveries < 1:
            return "At least 20 contacts, 20 windows and 1 delivery are needed."
        most = self.sent_touchpoints * self.contacts
        if self.deliveries > most:
            return f"{self.sent_touchpoints} touchpoints to {self.contacts} contacts make {most} deliveries at most."
        return ""

    @property
    def sent_touchpoints(self) -> int:
        """Those of completed windows."""
        return sum(fate is Fate.COMPLETED for fate in self.fates()) * MOMENTS

    @property
    def events(self) -> int:
        return self.deliveries // 2

    @property
    def trail(self) -> int:
        return self.deliveries // 5

    @property
    def tickets(self) -> int:
        return self.windows * 20

    @property
    def suppressions(self) -> int:
        return self.contacts // 50

    def fates(self) -> Iterator[Fate]:
        """Of each window in turn, mixed evenly."""
        cycle = [fate for fate, share in SHARES for _each in range(share // 5)]
        order = sorted(range(len(cycle)), key=lambda place: place * 7 % len(cycle))
        for number in range(self.windows):
            yield cycle[order[number % len(cycle)]]

    def recipients(self, place: int) -> int:
        """How many the touchpoint at `place` has, so that all together make exactly the deliveries wanted."""
        share, rest = divmod(self.deliveries, self.sent_touchpoints)
        return share + (place < rest)
