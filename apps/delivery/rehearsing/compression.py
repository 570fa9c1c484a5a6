"""Two weeks in five minutes. Pure.

Each gap is half its share of the real time and half an even share. So the order stays, what is far apart is seen to be, no gap
is under half of an even one, and the last instant comes exactly when it was promised.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta


def compress(instants: Sequence[datetime], *, begins_at: datetime, lasts: timedelta) -> list[datetime]:
    """The instants on the compressed clock, in their own order; equal ones stay equal."""
    known = sorted(set(instants))
    if len(known) < 2:
        return [begins_at for _ in instants]
    gaps, whole = len(known) - 1, known[-1] - known[0]
    places = {at: begins_at + (lasts * number / gaps + (at - known[0]) / whole * lasts) / 2 for number, at in enumerate(known)}
    return [places[at] for at in instants]
