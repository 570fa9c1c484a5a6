"""Rules about the ways by which messages go. Pure."""

from collections.abc import Iterator

from .facts import Column, Facts
from .findings import Level, Place
from .rules import Cause, Code, Remark, Target


def channel_remarks(facts: Facts) -> Iterator[Remark]:
    seen: set[int] = set()
    for column in sorted(facts.columns, key=lambda column: column.is_place):  # a channel to people counts as one
        if column.channel_id not in seen:
            seen.add(column.channel_id)
            yield from _of(column)


def _of(column: Column) -> Iterator[Remark]:
    target = Target(cause=Cause.CHANNEL, pk=column.channel_id)
    values = {"channel": column.channel, "problem": column.problem, "backend": column.stays_here}
    if not column.is_enabled:
        # Somebody switched it off on purpose; whether a place stays silent is of less weight than whether people do.
        level = Level.HINT if column.is_place else Level.WARN
        yield Remark(code=Code.CHANNEL_OFF, level=level, place=Place.CHANNELS, values=values, target=target)
    elif column.problem:
        yield Remark(code=Code.CHANNEL_UNSET, level=Level.STOP, place=Place.CHANNELS, values=values, target=target)
    elif column.stays_here:
        yield Remark(code=Code.STAYS_HERE, level=Level.WARN, place=Place.CHANNELS, values=values, target=target)
