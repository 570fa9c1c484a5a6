"""Rules about when: notice, other windows, days on which no work is wanted, the estimate, quiet hours. Pure."""

from collections.abc import Iterator
from datetime import datetime

from apps.common.quiet_hours import zone_groups
from apps.windows.rules import notice_warning

from .facts import Column, Departure, Facts, Phase
from .findings import Level, Place
from .rules import Cause, Code, Remark, Target

MOST_OVERLAPS = 5
MOST_UPDATES = 24  # of one moment: one an hour for a day, or every six hours for six


def timing_remarks(facts: Facts) -> Iterator[Remark]:
    if not facts.around.service_ids:
        target = Target(cause=Cause.WINDOW_SERVICES, pk=facts.window_id)
        yield Remark(code=Code.NO_SERVICES, level=Level.STOP, place=Place.SERVICES, target=target)
    yield from _when(facts)
    if not facts.times.has_begun:
        yield from _overlaps(facts)
        yield from _closures(facts)
        yield from _holidays(facts)
    if not facts.departures:
        yield Remark(code=Code.NOTHING_LEAVES, level=Level.WARN, place=Place.PLAN, target=_playbook(facts))
    for name, sentence in facts.slow.items():
        values = {"sentence": sentence}
        yield Remark(code=Code.TOO_SLOW, level=Level.WARN, place=Place.PLAN, values=values, target=_playbook(facts), cause=name)
    yield from _updates(facts)
    yield from _quiet_hours(facts)


def _updates(facts: Facts) -> Iterator[Remark]:
    """A moment that is said again and again while the work runs, more often than anybody reads."""
    moments: dict[str, dict[str, list[Departure]]] = {}
    for row in facts.departures:
        if row.phase == Phase.RUNNING and not row.is_correction:
            moments.setdefault(row.moment.rpartition(".")[0], {}).setdefault(row.moment, []).append(row)
    for key, times in moments.items():
        if len(times) > MOST_UPDATES:
            messages = sum(row.recipients or 0 for rows in times.values() for row in rows)
            values = {"count": len(times), "messages": messages}
            yield Remark(
                code=Code.MANY_UPDATES, level=Level.WARN, place=Place.PLAN, values=values, target=_playbook(facts), cause=key
            )


def _when(facts: Facts) -> Iterator[Remark]:
    times, target = facts.times, Target(cause=Cause.WINDOW_TIMES, pk=facts.window_id)
    for note in times.clock_notes:
        values = {"sentence": note}
        yield Remark(code=Code.CLOCK_NOTE, level=Level.HINT, place=Place.START, values=values, target=target)
    if times.ends_at <= times.now and not times.has_begun:
        yield Remark(code=Code.ALREADY_OVER, level=Level.STOP, place=Place.START, target=target)
        return
    warning = times.notice is not None and notice_warning(times.impact, times.duration, times.notice)
    if warning:
        yield Remark(
            code=Code.NOTICE,
            level=Level.WARN,
            place=Place.START,
            values={"warning": warning},
            target=target,
            cause=f"{warning.rule} {times.starts_at.isoformat()} {'severe' if warning.is_severe else ''}",
        )
    if not times.has_range:
        yield Remark(code=Code.NO_RANGE, level=Level.WARN, place=Place.START, target=target)


def _overlaps(facts: Facts) -> Iterator[Remark]:
    found = facts.around.overlaps
    for overlap in found[:MOST_OVERLAPS]:
        target = Target(cause=Cause.OTHER_WINDOW, pk=overlap.pk)
        more = len(found) - MOST_OVERLAPS if overlap is found[:MOST_OVERLAPS][-1] else 0
        values = {"overlap": overlap, "more": max(more, 0)}
        yield Remark(code=Code.OVERLAP, level=Level.WARN, place=Place.SERVICES, values=values, target=target)


def _closures(facts: Facts) -> Iterator[Remark]:
    times, around = facts.times, facts.around
    for closure in around.closures:
        if closure.touches(times.starts_at, times.announced_ends_at, around.service_ids):
            yield Remark(
                code=Code.BLACKOUT,
                level=Level.STOP if closure.is_strict else Level.WARN,
                place=Place.START,
                values={"closure": closure, "zone": times.time_zone},
                target=Target(cause=Cause.BLACKOUT, pk=closure.pk),
            )


def _holidays(facts: Facts) -> Iterator[Remark]:
    for holiday in facts.around.holidays:
        target = Target(cause=Cause.WINDOW_TIMES, pk=facts.window_id)
        yield Remark(code=Code.HOLIDAY, level=Level.WARN, place=Place.START, values={"holiday": holiday}, target=target)


def _quiet_hours(facts: Facts) -> Iterator[Remark]:
    """What leaves at another time than planned, so that it wakes nobody: one remark per column."""
    for column in facts.columns:
        if not column.zones:
            continue
        moved = [
            shift
            for departure in facts.departures
            if departure.column == column.key
            for shift in _shifts(facts, column, departure)
        ]
        if not moved:
            continue
        departure, leaves_at, count = max(moved, key=lambda shift: shift[2])
        is_late = any(at > (row.due_at or at) for row, at, _count in moved)
        values = {
            "column": column,
            "moments": len({row.moment for row, _at, _count in moved}),
            "words": departure.words,
            "leaves_at": leaves_at,
            "count": count,
            "zone": facts.times.time_zone,
            "is_late": is_late,
        }
        yield Remark(
            code=Code.QUIET_HOURS,
            level=Level.WARN if is_late else Level.HINT,
            place=Place.PLAN,
            values=values,
            target=_playbook(facts),
            cause=f"{column.key} {departure.moment} {count}",
        )


def _shifts(facts: Facts, column: Column, departure: Departure) -> Iterator[tuple[Departure, datetime, int]]:
    if departure.due_at is None or departure.useful_until is None or departure.urgency != "routine":
        return
    people: dict[str, int] = {}
    for zone, count in column.zones.items():
        people[zone or facts.times.time_zone] = people.get(zone or facts.times.time_zone, 0) + count
    groups = zone_groups(departure.due_at, people, now=facts.times.now, useful_until=departure.useful_until)
    for leaves_at, zones in groups.items():
        if leaves_at != departure.due_at:
            yield departure, leaves_at, sum(people[zone] for zone in zones)


def _playbook(facts: Facts) -> Target:
    return Target(cause=Cause.PLAYBOOK, pk=facts.playbook_id)
