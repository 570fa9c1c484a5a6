"""How long the messages of a plan take at the pace of their channels, and whether that is soon enough. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

WORTH_SAYING = timedelta(minutes=1)
LAST_CALL = timedelta(minutes=10)  # before the start: whoever reads a reminder later can no longer act on it


@dataclass(frozen=True, kw_only=True)
class Departure:
    """What is to leave by one channel at one time. `latest`: nobody should be written to after it."""

    name: str
    channel_id: int
    messages: int
    due_at: datetime
    latest: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Span:
    """From the first to the last message of a departure. `late` messages leave after what is the latest for it."""

    messages: int
    pace: float
    begins_at: datetime
    ends_at: datetime
    late: int = 0

    @property
    def takes(self) -> timedelta:
        return self.ends_at - self.begins_at


def spans(departures: Iterable[Departure], paces: Mapping[int, float | None]) -> dict[str, Span]:
    """By name, for the channels that have a pace. A channel sends what is due first, and the next behind it."""
    free_at: dict[int, datetime] = {}
    found: dict[str, Span] = {}
    for departure in sorted(departures, key=lambda departure: (departure.due_at, departure.name)):
        pace = paces.get(departure.channel_id)
        if pace and departure.messages:
            begins_at = max(departure.due_at, free_at.get(departure.channel_id, departure.due_at))
            ends_at = free_at[departure.channel_id] = begins_at + timedelta(seconds=departure.messages / pace)
            found[departure.name] = Span(
                messages=departure.messages, pace=pace, begins_at=begins_at, ends_at=ends_at, late=_late(departure, ends_at, pace)
            )
    return found


def latest(*, due_at: datetime, useful_until: datetime | None, starts_at: datetime, is_reminder: bool) -> datetime | None:
    """When a touchpoint that is due then should have reached everybody."""
    last_call = starts_at - LAST_CALL
    times = [useful_until] if useful_until else []
    times += [last_call] if is_reminder and due_at < last_call else []
    return min(times, default=None)


def _late(departure: Departure, ends_at: datetime, pace: float) -> int:
    if departure.latest is None or ends_at <= departure.latest:
        return 0
    return min(round((ends_at - departure.latest).total_seconds() * pace), departure.messages)
