from datetime import timedelta

import pytest

from apps.accounts.models import AuditEvent
from apps.campaigns import services
from apps.campaigns.matrix.cells import Wishes
from apps.campaigns.matrix.playbooks import change_steps, save_as_playbook
from apps.campaigns.matrix.writing import change_cells
from apps.campaigns.models import Anchor, Audience, HandMadeCell, Reason, Touchpoint, TouchpointState
from apps.campaigns.owners import owner_of
from apps.campaigns.planner import CellKey
from apps.campaigns.plans import campaign_plan, hand_made, playbook_steps
from apps.channels.models import ChannelKind
from apps.windows.models import WindowStatus
from apps.windows.services import WindowError
from tests.factories import DAY, HOUR, NOW, make_channel, make_planner, make_playbook, make_segment, make_step, make_window

pytestmark = pytest.mark.django_db


@pytest.fixture
def playbook():
    playbook, channel, segment = make_playbook(), make_channel(), make_segment()
    cell = {"playbook": playbook, "channel": channel, "segment": segment}
    make_step(**cell, useful_for=DAY)
    make_step(**cell, key="t-7d", anchor=Anchor.START, offset_days=-7)
    make_step(**cell, key="update", anchor=Anchor.DURING, repeats_by_cadence=True, content_key="update")
    make_step(**cell, key="completed", anchor=Anchor.ACTUAL_END, content_key="completed")
    return playbook


@pytest.fixture
def draft(playbook):
    window = make_window(starts_at=NOW + 10 * DAY, duration=8 * HOUR, status=WindowStatus.DRAFT, revision=0, scheduled_at=None)
    return services.open_campaign(window, playbook=playbook, owner=make_planner(), actor=None, now=NOW)


@pytest.fixture
def released(draft):
    return services.release(draft, actor=None, now=NOW)


@pytest.fixture
def own(playbook):
    """The column of the playbook."""
    step = playbook.steps.first()
    return step.segment_id, step.channel_id


def wishes(campaign_or_playbook, *, off=(), on=(), owners=()):
    """All the cells of the playbook, with some of them otherwise."""
    playbook = getattr(campaign_or_playbook, "playbook", campaign_or_playbook)
    cells = {step.cell for step in playbook_steps(playbook)} | set(on) | set(off)
    decided = {one.cell: one.is_on for one in hand_made(getattr(campaign_or_playbook, "window", None))}
    was_on = {cell for cell in {step.cell for step in playbook_steps(playbook)} | {*decided} if decided.get(cell) is not False}
    return Wishes(cells=cells | was_on, on=(was_on | set(on)) - set(off), owners=dict(owners))


def switch(campaign, *, now=NOW + HOUR, actor=None, **said):
    return change_cells(campaign, wishes(campaign, **said), actor=actor, now=now)


def states(campaign):
    rows = campaign.touchpoints.order_by("step_key", "occurrence", "segment")
    return [(f"{row.step_key}#{row.occurrence}", row.state, row.reason) for row in rows]


def test_draft_plans_without_what_was_taken_out(draft, own):
    assert switch(draft, off=[CellKey("t-7d", *own)]) == 1
    services.release(draft, actor=None, now=NOW + 2 * HOUR)
    assert ("t-7d#0", "skipped", "taken_out") in states(draft)


def test_scheduled_campaign_is_replanned_at_once(released, own):
    switch(released, off=[CellKey("t-7d", *own)])
    assert ("t-7d#0", "skipped", "taken_out") in states(released)


def test_what_was_taken_out_comes_back(released, own):
    switch(released, off=[CellKey("t-7d", *own)])
    switch(released, on=[CellKey("t-7d", *own)])
    assert ("t-7d#0", "planned", "") in states(released)
    assert not HandMadeCell.objects.exists()


def test_added_cell_becomes_a_touchpoint_of_its_moment(released, own):
    other = make_segment()
    switch(released, on=[CellKey("t-7d", other.pk, own[1])])
    added = released.touchpoints.get(segment=other)
    assert (added.state, added.content_key, added.due_at) == ("planned", "announce", released.window.starts_at - 7 * DAY)
    assert added.step.key == "t-7d"


def test_announcement_to_further_people_leaves_at_once(released, own):
    other = make_segment()
    later = NOW + 2 * DAY
    switch(released, on=[CellKey("announce", other.pk, own[1])], now=later)
    assert released.touchpoints.get(segment=other).due_at == later


def test_hand_made_cells_survive_a_reschedule(released, own):
    other = make_segment()
    switch(released, off=[CellKey("t-7d", *own)], on=[CellKey("t-7d", other.pk, own[1])])
    start = _move(released, by=5 * DAY)
    rows = {row.segment_id: row for row in released.touchpoints.filter(step_key="t-7d")}
    assert (rows[own[0]].state, rows[own[0]].reason) == ("skipped", "taken_out")
    assert (rows[other.pk].state, rows[other.pk].due_at) == ("planned", start - 7 * DAY)


def _move(campaign, *, by):
    campaign.window.refresh_from_db()
    window = campaign.window
    services.reschedule(
        campaign, starts_at=window.starts_at + by, ends_at=window.ends_at + by, reason="Late.", actor=None, now=NOW + 2 * HOUR
    )
    return window.starts_at


@pytest.mark.parametrize("state", [TouchpointState.SENT, TouchpointState.SENDING])
def test_what_has_left_cannot_be_taken_out(released, own, state):
    released.touchpoints.filter(step_key="announce").update(state=state, first_sent_at=NOW)
    with pytest.raises(WindowError, match="can no longer be switched"):
        switch(released, off=[CellKey("announce", *own), CellKey("t-7d", *own)])
    assert ("t-7d#0", "planned", "") in states(released)
    assert not HandMadeCell.objects.exists()


def test_updates_still_to_come_can_be_taken_out_after_the_first(released, own):
    first = released.touchpoints.filter(step_key="update").order_by("occurrence").first()
    Touchpoint.objects.filter(pk=first.pk).update(state=TouchpointState.SENT, first_sent_at=NOW)
    services.replan(released, now=NOW + HOUR)
    before = [state for name, state, _reason in states(released) if name.startswith("update")]
    switch(released, off=[CellKey("update", *own)])
    assert [state for name, state, _reason in states(released) if name.startswith("update")] == [
        "sent",
        *["skipped"] * (len(before) - 1),
    ]


def test_replanning_once_more_changes_nothing(released, own):
    other = make_segment()
    switch(released, off=[CellKey("t-7d", *own)], on=[CellKey("update", other.pk, own[1])])
    before = list(released.touchpoints.values())
    services.replan(released, now=NOW + 2 * HOUR)
    assert list(released.touchpoints.values()) == before


def test_a_channel_switched_off_and_on_again_does_not_bring_back_what_was_taken_out(released, own):
    channel = released.playbook.steps.first().channel
    channel.is_enabled = False
    channel.save()
    services.replan(released, now=NOW + HOUR)
    switch(released, off=[CellKey("t-7d", *own)])
    channel.is_enabled = True
    channel.save()
    assert services.replan_enabled(NOW + 2 * HOUR) == 1
    assert ("t-7d#0", "skipped", "taken_out") in states(released)
    assert services.replan_enabled(NOW + 2 * HOUR) == 0


def test_added_cell_is_taken_up_again_once_its_channel_works(released, own):
    sms = make_channel(ChannelKind.SMS, is_enabled=False)
    switch(released, on=[CellKey("t-7d", own[0], sms.pk)])
    assert released.touchpoints.get(channel=sms).reason == Reason.CHANNEL_DISABLED
    sms.is_enabled = True
    sms.save()
    assert services.replan_enabled(NOW + 2 * HOUR) == 1
    assert released.touchpoints.get(channel=sms).state == TouchpointState.PLANNED


def test_cancelled_window_changes_no_more(released, own):
    services.cancel(released, reason="", actor=None, now=NOW + HOUR)
    with pytest.raises(WindowError, match="cancelled"):
        switch(released, off=[CellKey("t-7d", *own)])


def test_who_changed_which_cells_is_recorded(draft, own):
    ana = make_planner(username="ana")
    switch(draft, off=[CellKey("t-7d", *own)], actor=ana)
    event = AuditEvent.objects.get(verb="campaign.cells_changed")
    assert event.actor == ana
    assert [name.split(" · ")[0] for name in event.detail["switched_off"]] == ["t-7d"]
    assert HandMadeCell.objects.get().decided_by == ana


def test_saving_what_is_saved_writes_nothing(draft, own):
    switch(draft, off=[CellKey("t-7d", *own)])
    before = AuditEvent.objects.count()
    assert switch(draft) == 0
    assert AuditEvent.objects.count() == before


def test_plan_of_a_draft_that_follows_another_playbook_keeps_what_it_can(draft, own):
    switch(draft, off=[CellKey("t-7d", *own)])
    draft.playbook = make_playbook()
    draft.save()
    services.release(draft, actor=None, now=NOW + HOUR)
    assert states(draft) == []


def test_further_occurrences_keep_what_was_decided_by_hand(draft, own):
    switch(draft, off=[CellKey("t-7d", *own)])
    (other,) = services.repeat(draft, rule="FREQ=WEEKLY;INTERVAL=1", count=1, actor=None, now=NOW + HOUR)
    assert [one.cell for one in hand_made(other.window)] == [CellKey("t-7d", *own)]
    assert [one.cell for one in hand_made(draft.window)] == [CellKey("t-7d", *own)]


class TestOwner:
    def test_is_the_cells_own(self, released, own):
        ben = make_planner(username="ben")
        switch(released, owners={CellKey("update", *own): ben.pk})
        assert owner_of(released.touchpoints.filter(step_key="update").first()) == ben

    def test_is_else_the_steps(self, released):
        ben = make_planner(username="ben")
        released.playbook.steps.filter(key="update").update(owner=ben)
        assert owner_of(released.touchpoints.filter(step_key="update").first()) == ben

    def test_is_else_the_campaigns(self, released):
        assert owner_of(released.touchpoints.first()) == released.owner

    def test_of_an_added_cell_is_not_that_of_the_step_it_is_like(self, released, own):
        released.playbook.steps.filter(key="t-7d").update(owner=make_planner(username="ben"))
        other = make_segment()
        switch(released, on=[CellKey("t-7d", other.pk, own[1])])
        assert owner_of(released.touchpoints.get(segment=other)) == released.owner

    def test_of_a_fallback_is_that_of_the_step_that_names_it(self, released, own):
        ben = make_planner(username="ben")
        released.playbook.steps.filter(key="t-7d").update(owner=ben)
        row = released.touchpoints.get(step_key="t-7d")
        row.pk, row.channel, row.audience = None, make_channel(), Audience.FAILED
        row.save()
        assert owner_of(row) == ben

    def test_change_alone_leaves_the_touchpoints_as_they_are(self, released, own):
        before = states(released)
        switch(released, owners={CellKey("update", *own): make_planner(username="ben").pk})
        assert states(released) == before


class TestPlaybook:
    def test_cell_that_is_switched_on_is_a_step_like_its_sibling(self, playbook, own):
        other = make_segment()
        assert change_steps(playbook, wishes(playbook, on=[CellKey("t-7d", other.pk, own[1])]), actor=None, now=NOW) == 1
        step = playbook.steps.get(segment=other)
        assert (step.key, step.anchor, step.offset_days, step.content_key) == ("t-7d", "start", -7, "announce")

    def test_cell_that_is_switched_off_is_a_step_less(self, playbook, own):
        change_steps(playbook, wishes(playbook, off=[CellKey("t-7d", *own)]), actor=None, now=NOW)
        assert not playbook.steps.filter(key="t-7d").exists()

    def test_second_channel_stays_with_the_channel_it_stands_in_for(self, playbook, own):
        sms, other = make_channel(ChannelKind.SMS), make_segment()
        playbook.steps.filter(key="t-7d").update(fallback_channel=sms)
        further = [CellKey("t-7d", other.pk, own[1]), CellKey("t-7d", own[0], sms.pk)]
        change_steps(playbook, wishes(playbook, on=further), actor=None, now=NOW)
        assert playbook.steps.get(segment=other).fallback_channel == sms
        assert playbook.steps.get(channel=sms).fallback_channel is None

    def test_moment_it_does_not_have_is_passed_over(self, playbook, own):
        assert change_steps(playbook, wishes(playbook, on=[CellKey("t-1h", *own)]), actor=None, now=NOW) == 0

    def test_owner_of_a_step_is_set_and_taken_away(self, playbook, own):
        cell, ben = CellKey("t-7d", *own), make_planner(username="ben")
        change_steps(playbook, wishes(playbook, owners={cell: ben.pk}), actor=None, now=NOW)
        assert playbook.steps.get(key="t-7d").owner == ben
        change_steps(playbook, wishes(playbook), actor=None, now=NOW)
        assert playbook.steps.get(key="t-7d").owner is None

    def test_campaign_is_saved_as_one_with_what_was_decided_by_hand(self, released, own):
        other, ben = make_segment(), make_planner(username="ben")
        switch(
            released,
            off=[CellKey("t-7d", *own)],
            on=[CellKey("update", other.pk, own[1])],
            owners={CellKey("completed", *own): ben.pk},
        )
        saved = save_as_playbook(released, name="Quiet one", description="", actor=None, now=NOW + HOUR)
        assert saved.slug == "quiet-one"
        assert {(step.key, step.segment_id) for step in saved.steps.all()} == {
            ("announce", own[0]),
            ("update", own[0]),
            ("update", other.pk),
            ("completed", own[0]),
        }
        assert saved.steps.get(key="completed").owner == ben
        assert released.playbook.steps.count() == 4

    def test_playbook_of_the_same_name_gets_a_slug_of_its_own(self, released):
        make_playbook(name="Quiet", slug="quiet-one")
        assert save_as_playbook(released, name="Quiet one", description="", actor=None, now=NOW).slug == "quiet-one-2"

    def test_saved_playbook_makes_the_same_plan(self, released, own):
        switch(released, off=[CellKey("t-7d", *own)], on=[CellKey("update", make_segment().pk, own[1])])

        def leaves():
            rows = campaign_plan(released, released.window, now=NOW + 2 * HOUR)
            return {(row.step.cell, row.occurrence, row.due_at) for row in rows if row.state == "planned"}

        before = leaves()
        released.playbook = save_as_playbook(released, name="Same", description="", actor=None, now=NOW + timedelta(hours=1))
        released.hand_made_cells.all().delete()
        assert leaves() == before
