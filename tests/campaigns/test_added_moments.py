"""Moments that a planner adds by hand to the plan of one campaign."""

from datetime import timedelta

import pytest

from apps.accounts.models import AuditEvent
from apps.campaigns import services
from apps.campaigns.approval.changes import differences
from apps.campaigns.approval.contents import contents_of
from apps.campaigns.approval.verbs import approve, ask_approval
from apps.campaigns.copies import duplicate
from apps.campaigns.matrix.cells import Wishes
from apps.campaigns.matrix.moments import MomentWishes, NewMoment, useful_for
from apps.campaigns.matrix.playbooks import save_as_playbook
from apps.campaigns.matrix.writing import change_cells
from apps.campaigns.models import OWN_KEY, Anchor, HandMadeCell, Step, TouchpointState
from apps.campaigns.moments import touchpoint_words
from apps.campaigns.planner import CellKey
from apps.campaigns.plans import hand_made, plan_steps
from apps.delivery.expand import expand_touchpoint
from apps.delivery.models import Batch, Delivery
from apps.windows.models import WindowStatus
from apps.windows.services import WindowError
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_channel,
    make_contact,
    make_planner,
    make_playbook,
    make_segment,
    make_step,
    make_window,
)

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


def edit(campaign, *, now=NOW + 2 * HOUR, **fields):
    """Makes the saved crew call another one; it goes on saying what it says."""
    wanted = crew_call(**({"like": ""} | fields))
    nothing = Wishes(cells=frozenset(), on=frozenset(), owners={})
    return change_cells(campaign, nothing, MomentWishes(edited=[wanted]), actor=None, now=now)


class TestEdited:
    def test_it_is_planned_at_its_new_time_and_urgency(self, released, customers, team):
        add(released, customers, team)
        assert edit(released, offset_days=-2, urgency="urgent") == 2
        start = released.window.starts_at
        assert {(row.state, row.due_at, row.urgency) for row in rows(released)} == {("planned", start - 2 * DAY, "urgent")}

    def test_urgency_alone_is_taken_on_by_what_is_to_come(self, released, customers):
        add(released, customers)
        before = rows(released).get()
        edit(released, urgency="urgent")
        after = rows(released).get()
        assert (after.pk, after.due_at, after.urgency) == (before.pk, before.due_at, "urgent")

    def test_another_text_is_taken_on_by_what_is_to_come(self, released, customers):
        add(released, customers)
        edit(released, content_key="crew-briefing")
        assert rows(released).get().content_key == "crew-briefing"

    def test_written_but_unsent_messages_are_written_anew(self, released, customers):
        make_contact()
        add(released, customers)
        due = rows(released).get()
        expand_touchpoint(due.pk, now=due.expand_at)
        edit(released, offset_days=-1, now=due.expand_at)
        moved = rows(released).get()
        assert (moved.state, moved.expanded_at) == ("planned", None)
        expand_touchpoint(moved.pk, now=moved.expand_at)
        ready = Batch.objects.filter(touchpoint=moved, state="ready")
        assert [batch.not_before for batch in ready] == [released.window.starts_at - DAY]
        assert Delivery.objects.filter(touchpoint=moved).count() == 1

    def test_cells_switched_on_beside_its_own_go_along(self, released, customers, team):
        add(released, customers)
        cells = cells_for(released, team)
        change_cells(released, Wishes(cells=cells, on=cells, owners={}), actor=None, now=NOW + HOUR)
        edit(released, offset_days=-2)
        assert {row.due_at for row in rows(released)} == {released.window.starts_at - 2 * DAY}

    def test_it_moves_with_the_window(self, released, customers):
        add(released, customers)
        edit(released, offset_days=-2)
        assert rows(released).get().due_at + 2 * DAY == released.window.starts_at
        start = move(released, by=DAY)
        assert rows(released).get().due_at == start - 2 * DAY

    def test_how_late_it_may_still_go_follows_its_new_time(self, draft, customers):
        add(draft, customers)
        edit(draft, anchor="end", offset_days=0, offset=HOUR)
        step = draft.own_steps.get()
        assert (step.useful_for, step.useful_until_before_start, step.when_late) == (6 * HOUR, None, "send")

    def test_what_has_left_stays_said(self, released, customers, team):
        add(released, customers, team)
        rows(released, segment=customers).update(state=TouchpointState.SENT, first_sent_at=NOW)
        with pytest.raises(WindowError, match="can no longer be edited: something of it has left"):
            edit(released, offset_days=-2)
        assert {touchpoint_words(row) for row in rows(released)} == {"Crew call: −3 d before the start"}

    def test_what_is_just_leaving_stays_as_it_is(self, released, customers):
        add(released, customers)
        rows(released).update(state=TouchpointState.SENDING)
        with pytest.raises(WindowError, match="can no longer be edited"):
            edit(released, label="Another name")

    def test_duplicate_and_playbook_have_it_as_it_is_now(self, draft, customers):
        add(draft, customers)
        edit(draft, offset_days=-2, urgency="urgent", label="Crew")
        copied = duplicate(draft, title="Again", starts_at=NOW + 40 * DAY, actor=None, now=NOW).own_steps.get()
        kept = save_as_playbook(draft, name="With a crew", description="", actor=None, now=NOW).steps.get(label="Crew")
        assert {(step.offset_days, step.urgency, step.label) for step in (copied, kept)} == {(-2, "urgent", "Crew")}

    def test_trail_says_what_it_was_and_what_it_is(self, draft, customers, team):
        add(draft, customers, team)
        edit(draft, offset_days=-2, urgency="urgent")
        said = AuditEvent.objects.filter(verb="campaign.cells_changed").latest("pk").detail["moments_edited"]
        assert said == [
            "Crew call: −3 d before the start, reminder-7d, Routine → Crew call: −2 d before the start, reminder-7d, Urgent"
        ]

    def test_whoever_has_the_review_open_is_told(self, draft, customers):
        add(draft, customers)
        edit(draft, label="Crew")
        draft.refresh_from_db()
        assert draft.plan_changed_at == NOW + 2 * HOUR

    def test_an_edit_to_what_it_is_already_changes_nothing(self, draft, customers):
        add(draft, customers)
        assert edit(draft) == 0

    def test_an_approval_falls(self, draft, customers):
        add(draft, customers)
        ana, ben = make_planner(username="ana"), make_planner(username="ben")
        approval = ask_approval(draft, approver=ben, note="", actor=ana, now=NOW)
        approve(approval, seen=contents_of(draft).digest, actor=ben, now=NOW)
        edit(draft, urgency="urgent")
        (difference,) = differences(draft.approvals.standing().get(), draft)
        assert "Crew call" in difference.what
