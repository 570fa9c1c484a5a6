"""Moments that a planner adds by hand to the plan of one campaign."""

from datetime import timedelta

import pytest

from apps.accounts.models import AuditEvent
from apps.campaigns import services
from apps.campaigns.copies import duplicate
from apps.campaigns.matrix.cells import Wishes
from apps.campaigns.matrix.moments import MomentWishes, NewMoment, useful_for
from apps.campaigns.matrix.playbooks import save_as_playbook
from apps.campaigns.matrix.writing import change_cells
from apps.campaigns.models import OWN_KEY, Anchor, HandMadeCell, Step, TouchpointState
from apps.campaigns.moments import touchpoint_words
from apps.campaigns.planner import CellKey
from apps.campaigns.plans import hand_made, plan_steps
from apps.windows.models import WindowStatus
from apps.windows.services import WindowError
from tests.factories import DAY, HOUR, NOW, make_channel, make_playbook, make_segment, make_step, make_window

pytestmark = pytest.mark.django_db
KEY = f"{OWN_KEY}crew-call"


@pytest.fixture
def customers():
    return make_segment(name="Customers")


@pytest.fixture
def team():
    return make_segment(name="Team")


@pytest.fixture
def draft(customers, team):
    """An announcement and a reminder of seven days, to customers and the team by the same channel."""
    playbook, channel = make_playbook(), make_channel()
    for segment in (customers, team):
        cell = {"playbook": playbook, "channel": channel, "segment": segment}
        make_step(**cell, useful_for=DAY)
        make_step(**cell, key="t-7d", anchor=Anchor.START, offset_days=-7, content_key="reminder-7d")
    window = make_window(starts_at=NOW + 20 * DAY, duration=8 * HOUR, status=WindowStatus.DRAFT, revision=0, scheduled_at=None)
    return services.open_campaign(window, playbook=playbook, owner=None, actor=None, now=NOW)


@pytest.fixture
def released(draft):
    return services.release(draft, actor=None, now=NOW)


def crew_call(**fields):
    return NewMoment(
        **{"key": KEY, "anchor": "start", "offset_days": -3, "offset": timedelta(0), "like": "t-7d", "label": "Crew call"}
        | fields
    )


def cells_for(campaign, *segments, key=KEY):
    channel = campaign.playbook.steps.first().channel_id
    return {CellKey(key, segment.pk, channel) for segment in segments}


def add(campaign, *segments, moment=None, now=NOW + HOUR):
    cells = cells_for(campaign, *segments)
    wishes = Wishes(cells=cells, on=cells, owners={})
    return change_cells(campaign, wishes, MomentWishes(added=[moment or crew_call()]), actor=None, now=now)


def remove(campaign, *, now=NOW + 2 * HOUR):
    nothing = Wishes(cells=frozenset(), on=frozenset(), owners={})
    return change_cells(campaign, nothing, MomentWishes(removed={KEY}), actor=None, now=now)


def move(campaign, *, by, now=NOW + 3 * HOUR):
    campaign.window.refresh_from_db()
    times = {"starts_at": campaign.window.starts_at + by, "ends_at": campaign.window.ends_at + by}
    services.reschedule(campaign, **times, reason="Late.", actor=None, now=now)
    return times["starts_at"]


def rows(campaign, **asked):
    return campaign.touchpoints.filter(step_key=KEY, **asked)


def test_moment_of_which_a_part_was_sent_survives_a_move(released, customers, team):
    add(released, customers, team)
    rows(released, segment=customers).update(state=TouchpointState.SENT, first_sent_at=NOW + 17 * DAY)
    start = move(released, by=10 * DAY, now=NOW + 18 * DAY)
    to_come = rows(released, state=TouchpointState.PLANNED)
    assert {(row.segment, row.due_at) for row in to_come} == {(customers, start - 3 * DAY), (team, start - 3 * DAY)}
    assert rows(released, segment=customers, state=TouchpointState.SENT).count() == 1
    assert released.touchpoints.get(step_key="correction").segment == customers
    assert {touchpoint_words(row) for row in rows(released)} == {"Crew call: −3 d before the start"}


def test_draft_plans_it_when_it_is_scheduled(draft, customers):
    assert add(draft, customers, now=NOW) == 1
    services.release(draft, actor=None, now=NOW)
    row = rows(draft).get()
    assert (row.state, row.due_at, row.content_key) == ("planned", draft.window.starts_at - 3 * DAY, "reminder-7d")
    assert row.useful_until - row.due_at == 18 * HOUR


def test_the_playbook_and_other_campaigns_do_not_know_it(draft, customers):
    add(draft, customers)
    other = services.open_campaign(make_window(), playbook=draft.playbook, owner=None, actor=None, now=NOW)
    assert KEY not in {step.key for step in draft.playbook.steps.all()}
    assert KEY not in {step.key for step in plan_steps(other.playbook, other.window)}


def test_scheduled_campaign_is_replanned_at_once(released, customers):
    add(released, customers)
    assert rows(released).get().state == TouchpointState.PLANNED


def test_one_that_says_nothing_to_anybody_is_refused_and_nothing_is_written(draft):
    with pytest.raises(WindowError, match="“Crew call: −3 d before the start” says nothing to anybody yet"):
        add(draft)
    assert not Step.objects.filter(campaign=draft).exists()


def test_single_cells_of_it_are_switched_like_those_of_the_playbook(released, customers, team):
    add(released, customers)
    cells = cells_for(released, customers, team)
    wishes = Wishes(cells=cells, on=cells_for(released, team), owners={})
    change_cells(released, wishes, actor=None, now=NOW + 2 * HOUR)
    found = {row.segment: (row.state, row.reason) for row in rows(released)}
    assert found == {customers: ("skipped", "taken_out"), team: ("planned", "")}


def test_removed_moment_leaves_nothing_to_come_and_keeps_its_name(released, customers, team):
    add(released, customers)
    cells = cells_for(released, customers, team)
    change_cells(released, Wishes(cells=cells, on=cells, owners={}), actor=None, now=NOW + HOUR)
    remove(released)
    assert set(rows(released).values_list("state", "reason")) == {("skipped", "step_removed")}
    assert touchpoint_words(rows(released).first()) == "Crew call: −3 d before the start"
    assert not HandMadeCell.objects.exists()
    move(released, by=DAY)
    assert not rows(released, state=TouchpointState.PLANNED).exists()


def test_moment_of_which_something_has_left_cannot_be_removed(released, customers, team):
    add(released, customers, team)
    rows(released, segment=customers).update(state=TouchpointState.SENT, first_sent_at=NOW)
    with pytest.raises(WindowError, match="can no longer be taken away"):
        remove(released)
    assert rows(released, segment=team).get().state == TouchpointState.PLANNED


def test_duplicate_has_it_but_not_one_that_was_removed(draft, customers):
    add(draft, customers)
    first = duplicate(draft, title="Again", starts_at=NOW + 40 * DAY, actor=None, now=NOW)
    remove(draft)
    second = duplicate(draft, title="Once more", starts_at=NOW + 60 * DAY, actor=None, now=NOW)
    assert [step.label for step in first.own_steps.all()] == ["Crew call"]
    assert not second.own_steps.exists()


def test_saved_as_a_playbook_it_is_a_moment_like_the_others(draft, customers, team):
    add(draft, customers)
    cells = cells_for(draft, team)
    change_cells(draft, Wishes(cells=cells, on=cells, owners={}), actor=None, now=NOW)
    playbook = save_as_playbook(draft, name="With a crew", description="", actor=None, now=NOW)
    kept = playbook.steps.filter(key="crew-call")
    assert {(step.segment, step.offset_days, step.label) for step in kept} == {
        (customers, -3, "Crew call"),
        (team, -3, "Crew call"),
    }
    assert len(hand_made(draft.window)) == 1


def test_trail_names_it_in_words(draft, customers):
    add(draft, customers)
    remove(draft)
    first, second = AuditEvent.objects.filter(verb="campaign.cells_changed").order_by("pk")
    said = [f"Crew call: −3 d before the start · Customers · {draft.playbook.steps.first().channel}"]
    assert first.detail["moments_added"] == said
    assert second.detail["moments_removed"] == said


def test_text_of_its_own_goes_to_whoever_is_chosen(draft, customers):
    add(draft, customers, moment=crew_call(like="", content_key="crew-briefing"))
    assert [step.content_key for step in draft.own_steps.all()] == ["crew-briefing"]


@pytest.mark.parametrize(
    ("anchor", "offset", "how_long"),
    [
        ("start", -14 * DAY, DAY),
        ("start", -HOUR, timedelta(minutes=15)),
        ("start", 2 * HOUR, timedelta(minutes=30)),
        ("end", -HOUR, timedelta(minutes=30)),
        ("end", HOUR, 6 * HOUR),
        ("actual_end", 2 * DAY, DAY),
    ],
)
def test_how_late_it_may_still_go_follows_from_how_near_it_is(anchor, offset, how_long):
    assert useful_for(crew_call(anchor=anchor, offset_days=0, offset=offset)) == how_long
