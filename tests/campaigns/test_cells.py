from dataclasses import replace

import pytest

from apps.campaigns.matrix.cells import ChannelTraits, HandMade, Wishes, adjusted, is_on
from apps.campaigns.planner import CellKey, plan

from .plan_values import ANNOUNCE, COMPLETED, DAY, HOUR, MINUS_7D, MINUS_24H, NOW, only, step, verdicts, window

MAIL, SMS, CHAT = 1, 2, 3
CHANNELS = {
    MAIL: ChannelTraits(enabled=True, has_quiet_hours=False, writes_mail=True),
    SMS: ChannelTraits(enabled=True, has_quiet_hours=True, writes_mail=False),
    CHAT: ChannelTraits(enabled=False, has_quiet_hours=False, writes_mail=False),
}
STEPS = (ANNOUNCE, MINUS_7D, MINUS_24H)


def made(key="t-7d", segment=1, channel=MAIL, *, on=None, owner=None, at=NOW):
    return HandMade(cell=CellKey(key, segment, channel), is_on=on, owner_id=owner, decided_at=at)


def planned(*hand, at=NOW, **fields):
    return verdicts(plan(window(**fields), adjusted(STEPS, hand, CHANNELS), now=at))


def test_cell_that_was_taken_out_is_skipped_and_keeps_its_time():
    (row,) = only(plan(window(), adjusted(STEPS, [made(on=False)], CHANNELS), now=NOW), "t-7d")
    assert (row.state, row.reason) == ("skipped", "taken_out")
    assert row.due_at == only(plan(window(), STEPS, now=NOW), "t-7d")[0].due_at


def test_others_stay_as_the_playbook_says():
    assert planned(made(on=False)) == {"announce": "planned", "t-7d": "taken_out", "t-24h": "planned"}


def test_cell_the_playbook_lacks_takes_the_anchor_and_the_content_of_its_moment():
    added = adjusted(STEPS, [made(segment=2, channel=SMS, on=True)], CHANNELS)[-1]
    assert (added.anchor, added.offset_days, added.content_key, added.useful_for) == ("start", -7, "t-7d", DAY)
    assert (added.segment_id, added.channel_id, added.channel_has_quiet_hours) == (2, SMS, True)
    assert added.is_by_hand


def test_cell_of_a_moment_that_is_gone_falls_out():
    assert adjusted(STEPS, [made("t-1h", on=True)], CHANNELS) == list(STEPS)


def test_cell_by_a_channel_that_is_gone_falls_out():
    assert adjusted(STEPS, [made(channel=99, on=True)], CHANNELS) == list(STEPS)


def test_cell_by_a_channel_that_is_switched_off_says_so():
    rows = plan(window(), adjusted(STEPS, [made(segment=None, channel=CHAT, on=True)], CHANNELS), now=NOW)
    assert rows[-1].reason == "channel_disabled"


def test_added_cell_is_like_the_one_by_the_same_channel_rather_than_for_the_same_people():
    internal = replace(MINUS_7D, segment_id=5, channel_id=SMS, content_key="internal")
    added = adjusted([MINUS_7D, internal], [made(segment=1, channel=SMS, on=True)], CHANNELS)[-1]
    assert added.content_key == "internal"


@pytest.mark.parametrize(
    ("segment", "channel", "invites", "otherwise"),
    [
        pytest.param(2, MAIL, True, "SMS", id="other people by the same channel"),
        pytest.param(1, SMS, False, "", id="a channel without calendars"),
        pytest.param(None, CHAT, False, "", id="a place"),
    ],
)
def test_added_cell_leaves_out_what_fits_only_the_sibling(segment, channel, invites, otherwise):
    invitation = replace(ANNOUNCE, invites=True, otherwise="SMS")
    added = adjusted([invitation], [made("announce", segment, channel, on=True)], CHANNELS)[-1]
    assert (added.invites, added.otherwise) == (invites, otherwise)


def test_what_is_too_short_for_the_playbook_leaves_where_a_person_says_so():
    customers = replace(MINUS_7D, min_duration=2 * HOUR)
    short = window(duration=HOUR)
    assert not is_on(customers.cell, {customers.cell: customers}, None, short)
    steps = adjusted([customers], [made(on=True)], CHANNELS)
    assert [row.state for row in plan(short, steps, now=NOW)] == ["planned"]


def test_own_owner_comes_before_that_of_the_step():
    owned = replace(MINUS_7D, owner_id=7)
    assert adjusted([owned], [made(owner=8)], CHANNELS)[0].owner_id == 8
    assert adjusted([owned], [made(on=False)], CHANNELS)[0].owner_id == 7


def test_announcement_added_after_the_release_is_due_when_it_was_added():
    later = NOW + 3 * DAY
    steps = adjusted(STEPS, [made("announce", 2, SMS, on=True, at=later)], CHANNELS)
    row = plan(window(), steps, now=later)[-1]
    assert (row.state, row.due_at) == ("planned", later)


def test_announcement_decided_on_in_a_draft_is_due_at_the_release():
    steps = adjusted(STEPS, [made("announce", 2, SMS, on=True, at=NOW - 5 * DAY)], CHANNELS)
    assert plan(window(), steps, now=NOW)[-1].due_at == NOW


def test_nothing_is_announced_by_hand_after_the_completion():
    done = window(starts_at=NOW - 3 * HOUR, actual_started_at=NOW - 3 * HOUR, actual_ended_at=NOW - HOUR)
    steps = adjusted([step(), COMPLETED], [made("announce", 2, SMS, on=True)], CHANNELS)
    assert plan(done, steps, now=NOW)[-1].reason == "completed_early"


def test_hand_made_cells_survive_a_move():
    hand = (made(on=False), made(segment=2, channel=SMS, on=True))
    moved = plan(window(starts_at=NOW + 60 * DAY), adjusted(STEPS, hand, CHANNELS), now=NOW)
    assert [row.reason for row in only(moved, "t-7d")] == ["taken_out", ""]
    assert {row.due_at for row in only(moved, "t-7d")} == {NOW + 53 * DAY}


PLAYBOOK = {row.cell: row for row in STEPS}


def decide(on, *before, owners=(), cells=None):
    wishes = Wishes(cells=set(cells or PLAYBOOK), on=set(on), owners=dict(owners))
    decided = wishes.decide(PLAYBOOK, {one.cell: one for one in before}, window=window(), actor_id=3, now=NOW + HOUR)
    return {(one.cell.step_key, one.is_on, one.owner_id) for one in decided}


def test_nothing_is_noted_where_all_is_as_in_the_playbook():
    assert decide(PLAYBOOK) == set()


def test_only_what_differs_from_the_playbook_is_noted():
    assert decide([ANNOUNCE.cell, MINUS_24H.cell]) == {("t-7d", False, None)}


def test_going_back_to_the_playbook_forgets_the_decision():
    assert decide(PLAYBOOK, made(on=False)) == set()


def test_owner_alone_leaves_the_cell_to_the_playbook():
    assert decide(PLAYBOOK, owners={MINUS_7D.cell: 9}.items()) == {("t-7d", None, 9)}


def test_cell_that_was_not_shown_stays_as_it_was():
    assert decide([ANNOUNCE.cell], made(on=False), cells=[ANNOUNCE.cell]) == {("t-7d", False, None)}


def test_decision_that_stands_keeps_who_made_it_and_when():
    before = made(on=False)
    wishes = Wishes(cells=set(PLAYBOOK), on={ANNOUNCE.cell, MINUS_24H.cell}, owners={})
    assert wishes.decide(PLAYBOOK, {before.cell: before}, window=None, actor_id=3, now=NOW + HOUR) == [before]


def test_locked_cells_stay_as_they_are_whatever_is_wished():
    wishes = Wishes(cells=set(PLAYBOOK), on=set(), owners={})
    kept = wishes.without_switching([ANNOUNCE.cell], PLAYBOOK, {}, window=None)
    assert kept.on == {ANNOUNCE.cell}
