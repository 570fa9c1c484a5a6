"""Rules about who is written to, and how often. Pure."""

from collections.abc import Iterator

from .facts import Facts
from .findings import Level, Place
from .rules import Cause, Code, Remark, Target
from .weeks import busiest_weeks

WITHOUT = {"email": Cause.WITHOUT_EMAIL, "phone": Cause.WITHOUT_PHONE}


def audience_remarks(facts: Facts) -> Iterator[Remark]:
    yield from _segments(facts)
    yield from _addresses(facts)
    yield from _twice(facts)
    yield from _too_many(facts)


def _segments(facts: Facts) -> Iterator[Remark]:
    seen: set[int | None] = {None}
    for column in facts.columns:
        if column.segment_id in seen:
            continue
        seen.add(column.segment_id)
        target = Target(cause=Cause.SEGMENT, pk=column.segment_id)
        values = {"segment": column.segment, "problem": column.segment_problem}
        if column.segment_problem:
            yield Remark(code=Code.BROKEN_SEGMENT, level=Level.STOP, place=Place.AUDIENCE, values=values, target=target)
        elif not column.people:
            yield Remark(code=Code.EMPTY_SEGMENT, level=Level.WARN, place=Place.AUDIENCE, values=values, target=target)


def _addresses(facts: Facts) -> Iterator[Remark]:
    for column in facts.columns:
        if not column.without_address:
            continue
        second = {row.otherwise for row in facts.departures if row.column == column.key and row.otherwise}
        yield Remark(
            code=Code.NO_ADDRESS,
            level=Level.HINT if second else Level.WARN,
            place=Place.AUDIENCE,
            values={
                "count": column.without_address,
                "segment": column.segment,
                "channel": column.channel,
                "address": column.address,
                "otherwise": ", ".join(sorted(second)),
            },
            target=Target(cause=WITHOUT[column.address]),
        )


def _twice(facts: Facts) -> Iterator[Remark]:
    """Those whom several segments name for the same moment by the same channel: they get it once, from one of them."""
    moments: dict[tuple[str, int], set[int]] = {}
    for row in facts.departures:
        if row.segment_id is not None:
            moments.setdefault((row.moment, row.channel_id), set()).add(row.segment_id)
    names = {column.segment_id: column.segment for column in facts.columns}
    for segments in sorted({frozenset(found) for found in moments.values() if len(found) > 1}, key=sorted):
        count = sum(group.count for group in facts.crowd.people if len(group.segment_ids & segments) > 1)
        if count:
            values = {"count": count, "segments": sorted(names[pk] for pk in segments)}
            target = Target(cause=Cause.SEGMENT, pk=min(segments))
            yield Remark(code=Code.TWICE, level=Level.HINT, place=Place.AUDIENCE, values=values, target=target)


def _too_many(facts: Facts) -> Iterator[Remark]:
    most = facts.crowd.most_a_week
    weeks = [(group, week) for group, week in busiest_weeks(facts) if week.count > most]
    if not weeks:
        return
    _group, worst = max(weeks, key=lambda found: (found[1].count, -found[1].first.toordinal()))
    yield Remark(
        code=Code.TOO_MANY,
        level=Level.WARN,
        place=Place.AUDIENCE,
        values={"people": sum(group.count for group, _week in weeks), "most": most, "worst": worst},
        target=Target(cause=Cause.PLAYBOOK, pk=facts.playbook_id),
        cause=f"{most} {worst.count}",
    )
