"""By when people expect the next word while the work runs, and whether that is in danger. Pure.

The plan's next update is a promise, and so is the cadence even when nothing has changed, and the end that was announced.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LEAD = timedelta(minutes=10)  # so long before a promise that cannot be kept by itself is its owner alarmed
GRACE = timedelta(minutes=2)  # so long after its time an update that leaves by itself may still be on its way


class Rule(StrEnum):
    """What makes it a promise."""

    PLANNED = "planned"  # an update stands in the plan
    CADENCE = "cadence"  # as often as the length of the work asks for
    END = "end"  # it was announced to be over by then


@dataclass(frozen=True, kw_only=True)
class Silence:
    """What is known of a window under way: since when people have heard nothing, and what is to come.

    `coming_at`: when the plan's next update is due; None: there is none. `is_held`: somebody holds it back.
    """

    since: datetime
    announced_ends_at: datetime
    every: timedelta | None
    coming_at: datetime | None = None
    is_held: bool = False


@dataclass(frozen=True, kw_only=True)
class Promise:
    by: datetime
    rule: Rule
    leaves_by_itself: bool

    def is_broken(self, now: datetime) -> bool:
        return now > self.by + (GRACE if self.leaves_by_itself else timedelta(0))

    def is_in_danger(self, now: datetime) -> bool:
        """Broken, or about to be unless a person does something."""
        return self.is_broken(now) or (not self.leaves_by_itself and now >= self.by - LEAD)


def promise(silence: Silence) -> Promise | None:
    """The next word that people expect; None where they were promised no more."""
    if silence.coming_at is not None:
        return Promise(by=silence.coming_at, rule=Rule.PLANNED, leaves_by_itself=not silence.is_held)
    expected = []
    if silence.every is not None:
        expected.append((silence.since + silence.every, Rule.CADENCE))
    if silence.announced_ends_at > silence.since:
        expected.append((silence.announced_ends_at, Rule.END))
    if not expected:
        return None
    by, rule = min(expected)
    return Promise(by=by, rule=rule, leaves_by_itself=False)
