from dataclasses import replace
from typing import Any

import pytest

from apps.campaigns.planner import plan
from apps.campaigns.replanning import Kind, Standing, Times, cancellation_changes, replan_changes

from .plan_values import ANNOUNCE, DAY, HOUR, MINUS_7D, NOW, STANDARD, UPDATE, step, window

HERE = window()
TIMES = Times(starts_at=HERE.starts_at, ends_at=HERE.ends_at, announced_ends_at=HERE.announced_ends_at)
ELSEWHERE = window(starts_at=HERE.starts_at + 2 * DAY)
OTHER_TIMES = Times(starts_at=ELSEWHERE.starts_at, ends_at=ELSEWHERE.ends_at, announced_ends_at=ELSEWHERE.announced_ends_at)


def standing(key: str, *, due_at: Any, state: str = "planned", **fields: Any) -> Standing:
    defaults = {
        "touchpoint_id": 1,
        "occurrence": 0,
        "segment_id": 1,
        "channel_id": 1,
        "revision": 1,
        "times": TIMES,
        "told": False,
    }
    return Standing(step_key=key, due_at=due_at, state=state, **(defaults | fields))


def standing_for(rows: Any) -> list[Standing]:
    return [standing(row.step.key, due_at=row.due_at, state=row.state, occurrence=row.occurrence) for row in rows]


def kinds(changes: Any) -> list[Kind]:
    return [change.kind for change in changes]


def test_first_plan_creates_every_row():
    rows = plan(HERE, STANDARD, now=NOW)

    assert kinds(replan_changes([], rows, times=TIMES, correct=False)) == [Kind.CREATE] * len(rows)


def test_replanning_twice_changes_nothing():
    rows = plan(HERE, STANDARD, now=NOW)

    assert replan_changes(standing_for(rows), rows, times=TIMES, correct=False) == []


def test_replanning_later_leaves_what_is_about_to_leave():
    rows = plan(HERE, STANDARD, now=NOW)
    later = plan(HERE, STANDARD, now=HERE.starts_at - HOUR / 2)

    assert replan_changes(standing_for(rows), later, times=TIMES, correct=False) == []


@pytest.mark.parametrize("state", ["planned", "due", "sending"])
def test_move_gives_an_unsent_row_its_new_time(state):
    rows = plan(ELSEWHERE, [MINUS_7D], now=NOW)
    before = standing("t-7d", due_at=HERE.starts_at - 7 * DAY, state=state)

    (change,) = replan_changes([before], rows, times=OTHER_TIMES, correct=False)

    assert (change.kind, change.planned.due_at) == (Kind.MOVE, rows[0].due_at)


def test_announcement_on_its_way_goes_on_with_the_new_times():
    rows = plan(ELSEWHERE, [ANNOUNCE], now=NOW + HOUR)
    before = standing("announce", due_at=NOW, state="sending", told=True)

    changes = replan_changes([before], rows, times=OTHER_TIMES, correct=True)

    assert kinds(changes) == [Kind.MOVE, Kind.CORRECT]
    assert changes[0].planned.state == "planned"


@pytest.mark.parametrize("state", ["sent", "superseded", "cancelled"])
def test_what_was_sent_never_moves(state):
    rows = plan(HERE, [MINUS_7D], now=NOW)

    assert replan_changes([standing("t-7d", due_at=NOW, state=state)], rows, times=TIMES, correct=False) == []


def test_reminder_that_was_sent_is_followed_by_one_of_the_new_start():
    rows = plan(ELSEWHERE, [MINUS_7D], now=NOW)

    (change,) = replan_changes([standing("t-7d", due_at=NOW, state="sent")], rows, times=OTHER_TIMES, correct=False)

    assert (change.kind, change.planned.occurrence, change.planned.due_at) == (Kind.CREATE, 1, rows[0].due_at)


def test_update_that_was_sent_later_covers_those_before_it():
    rows = plan(HERE, [replace(UPDATE, repeat_every=HOUR)], now=HERE.starts_at + 2 * HOUR)
    sent = standing("update", due_at=HERE.starts_at + 2 * HOUR, state="sent")

    changes = replan_changes([sent], rows, times=TIMES, correct=False)

    assert [(change.kind, change.planned.occurrence) for change in changes] == [(Kind.CREATE, 1)]
    assert changes[0].planned.due_at == HERE.starts_at + 3 * HOUR


def test_change_of_status_disturbs_nothing_on_its_way():
    rows = plan(HERE, [MINUS_7D], now=NOW)
    on_its_way = [standing("t-7d", due_at=rows[0].due_at, state="sending", revision=3)]

    assert replan_changes(on_its_way, rows, times=TIMES, correct=False) == []


def test_move_of_the_end_alone_renews_what_rows_say():
    longer = window(duration=6 * HOUR)
    rows = plan(longer, [MINUS_7D], now=NOW)
    prepared = standing("t-7d", due_at=rows[0].due_at, state="due")

    assert kinds(replan_changes([prepared], rows, times=replace(TIMES, ends_at=longer.ends_at), correct=False)) == [Kind.MOVE]


def test_skipped_row_comes_back_when_its_time_lies_ahead_again():
    rows = plan(ELSEWHERE, [MINUS_7D], now=NOW)
    skipped = standing("t-7d", due_at=NOW - DAY, state="skipped")

    assert kinds(replan_changes([skipped], rows, times=OTHER_TIMES, correct=False)) == [Kind.MOVE]


def test_missed_row_stays_missed_at_its_time():
    rows = plan(HERE, [replace(MINUS_7D, channel_id=2)], now=HERE.starts_at - 7 * DAY + HOUR)
    missed = standing("t-7d", due_at=rows[0].due_at, state="missed", channel_id=2)

    assert replan_changes([missed], rows, times=TIMES, correct=False) == []


def test_row_that_a_person_skipped_stays_skipped_at_its_time():
    rows = plan(HERE, [replace(MINUS_7D, channel_id=2)], now=HERE.starts_at - 7 * DAY + HOUR)
    skipped = standing("t-7d", due_at=rows[0].due_at, state="skipped", channel_id=2, skipped_by_hand=True)

    assert rows[0].state == "planned"
    assert replan_changes([skipped], rows, times=TIMES, correct=False) == []


def test_row_the_plan_no_longer_has_is_dropped():
    assert kinds(replan_changes([standing("gone", due_at=NOW + DAY)], [], times=TIMES, correct=False)) == [Kind.DROP]


def test_shortened_work_drops_the_updates_beyond_its_end():
    short = window(duration=3 * HOUR)
    updates = standing_for(plan(window(duration=4 * HOUR + HOUR), [UPDATE], now=NOW))

    changes = replan_changes(updates, plan(short, [UPDATE], now=NOW), times=TIMES, correct=False)

    assert [change.standing.occurrence for change in changes if change.kind == Kind.DROP] == [1]


def test_only_columns_that_were_told_are_corrected():
    told = standing("announce", due_at=NOW, state="sent", told=True)
    untold = standing("internal", due_at=NOW + DAY, segment_id=2)
    rows = plan(ELSEWHERE, [ANNOUNCE, step("internal", segment_id=2)], now=NOW + HOUR)

    changes = replan_changes([told, untold], rows, times=OTHER_TIMES, correct=True)

    assert [change.column for change in changes if change.kind == Kind.CORRECT] == [(1, 1)]


def test_newer_correction_replaces_the_one_still_unsent():
    told = standing("announce", due_at=NOW, state="sent", told=True)
    first = standing("correction", due_at=NOW, occurrence=2, state="due")

    changes = replan_changes([told, first], [], times=OTHER_TIMES, correct=True)

    assert kinds(changes) == [Kind.REPLACE, Kind.CORRECT]


def test_cancelling_stops_what_is_unsent_and_tells_those_who_were_told():
    rows = [
        standing("announce", due_at=NOW, state="sent", told=True),
        standing("t-7d", due_at=NOW + DAY),
        standing("completed", due_at=None, state="held"),
    ]

    changes = cancellation_changes(rows)

    assert kinds(changes) == [Kind.CANCEL, Kind.CANCEL, Kind.CORRECT]


def test_cancelling_before_anything_left_tells_nobody():
    assert kinds(cancellation_changes([standing("announce", due_at=NOW)])) == [Kind.CANCEL]


def fallback_of(row, *, state="sending", **fields):
    """Made by the engine beside a touchpoint that was sent."""
    told = standing(row.step.key, due_at=row.due_at, state="sent", told=True)
    second = standing(row.step.key, due_at=row.due_at, state=state, touchpoint_id=2, channel_id=2, is_fallback=True, **fields)
    return [told, second]


def test_a_fallback_under_way_stands_while_it_is_true():
    (row,) = plan(HERE, [MINUS_7D], now=NOW)

    assert replan_changes(fallback_of(row), [row], times=TIMES, correct=False) == []


def test_a_fallback_that_would_say_other_times_is_dropped():
    (row,) = plan(HERE, [MINUS_7D], now=NOW)
    here = fallback_of(row)

    changes = replan_changes(here, plan(ELSEWHERE, [MINUS_7D], now=NOW), times=OTHER_TIMES, correct=True)

    assert Kind.DROP in [change.kind for change in changes if change.standing == here[1]]


def test_a_fallback_whose_moment_is_overtaken_is_dropped():
    (row,) = plan(HERE, [MINUS_7D], now=NOW)

    changes = replan_changes(
        fallback_of(row), [replace(row, state="skipped", reason="started_early")], times=TIMES, correct=False
    )

    assert [(change.kind, change.standing.is_fallback) for change in changes] == [(Kind.DROP, True)]


def test_a_fallback_that_was_sent_never_moves():
    (row,) = plan(HERE, [MINUS_7D], now=NOW)
    sent = fallback_of(row, state="sent")

    changes = replan_changes(sent, plan(ELSEWHERE, [MINUS_7D], now=NOW), times=OTHER_TIMES, correct=False)

    assert [change for change in changes if change.standing == sent[1]] == []
