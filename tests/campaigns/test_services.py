from datetime import timedelta

import pytest

from apps.campaigns import services
from apps.campaigns.foresight import foresee_cancellation, foresee_completion, foresee_move
from apps.campaigns.models import Anchor, Audience, Campaign, Reason, Touchpoint, TouchpointState, Urgency
from apps.campaigns.replanning import Kind
from apps.windows.models import WindowStatus
from apps.windows.services import WindowError
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_channel,
    make_planner,
    make_playbook,
    make_segment,
    make_step,
    make_window,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def playbook():
    playbook, channel, segment = make_playbook(), make_channel(), make_segment()
    cell = {"playbook": playbook, "channel": channel, "segment": segment}
    make_step(**cell, useful_for=DAY)
    make_step(**cell, key="t-7d", anchor=Anchor.START, offset_days=-7)
    make_step(**cell, key="started", anchor=Anchor.START, content_key="started", when_late="send")
    make_step(**cell, key="update", anchor=Anchor.DURING, repeats_by_cadence=True, content_key="update")
    make_step(**cell, key="completed", anchor=Anchor.ACTUAL_END, content_key="completed")
    return playbook


@pytest.fixture
def campaign(playbook):
    draft = make_window(starts_at=NOW + 10 * DAY, status=WindowStatus.DRAFT, revision=0, scheduled_at=None)
    return services.open_campaign(draft, playbook=playbook, owner=None, actor=None, now=NOW)


@pytest.fixture
def released(campaign):
    return services.release(campaign, actor=make_planner(), now=NOW)


def states(campaign: Campaign) -> dict[str, str]:
    rows = campaign.touchpoints.order_by("step_key", "occurrence")
    return {f"{row.step_key}#{row.occurrence}": row.state for row in rows}


def tell(campaign: Campaign, step_key: str = "announce", state: str = TouchpointState.SENT) -> None:
    """As the engine does when it has handed a touchpoint over."""
    campaign.touchpoints.filter(step_key=step_key).update(state=state, first_sent_at=NOW)


def move(campaign: Campaign, *, by: timedelta, now=NOW + HOUR):
    window = campaign.window
    return services.reschedule(
        campaign,
        starts_at=window.starts_at + by,
        ends_at=window.ends_at + by,
        reason="The supplier is late.",
        actor=None,
        now=now,
    )


def test_draft_has_no_touchpoints(campaign):
    assert states(campaign) == {}


def test_release_schedules_the_window_and_plans(released):
    assert released.window.status == WindowStatus.SCHEDULED
    assert states(released) == {
        "announce#0": "planned",
        "completed#0": "held",
        "started#0": "planned",
        "t-7d#0": "planned",
        "update#0": "planned",
    }


def test_replanning_is_idempotent(released):
    before = list(released.touchpoints.values())

    services.replan(released, now=NOW + HOUR)

    assert [row | {"updated_at": None} for row in released.touchpoints.values()] == [row | {"updated_at": None} for row in before]


def test_rescheduling_moves_what_is_unsent(released):
    revision = move(released, by=DAY)

    reminder = released.touchpoints.get(step_key="t-7d")
    assert reminder.due_at == released.window.starts_at - 7 * DAY
    assert reminder.revision == revision.number


def test_rescheduling_corrects_the_columns_that_were_told(released):
    tell(released)

    revision = move(released, by=DAY)

    correction = released.touchpoints.get(step_key="correction")
    assert (correction.audience, correction.content_key) == (Audience.TOLD, "moved")
    assert (correction.occurrence, correction.due_at) == (revision.number, NOW + HOUR)
    assert released.touchpoints.get(step_key="announce").revision < revision.number


def test_rescheduling_before_anything_left_corrects_nobody(released):
    move(released, by=DAY)

    assert not released.touchpoints.filter(step_key="correction").exists()


def test_second_move_replaces_the_first_unsent_correction(released):
    tell(released)

    move(released, by=DAY)
    move(released, by=DAY, now=NOW + 2 * HOUR)

    first, second = released.touchpoints.filter(step_key="correction").order_by("occurrence")
    assert (first.state, first.reason) == ("superseded", Reason.REPLACED)
    assert second.state == "planned"


def test_correction_close_to_the_start_is_urgent(released):
    tell(released)

    move(released, by=HOUR, now=released.window.starts_at - 3 * HOUR)

    assert released.touchpoints.get(step_key="correction").urgency == Urgency.URGENT


def test_announcement_caught_in_flight_goes_on_with_the_new_times(released):
    tell(released, state=TouchpointState.SENDING)

    revision = move(released, by=DAY)

    announcement = released.touchpoints.get(step_key="announce")
    assert (announcement.state, announcement.revision) == ("planned", revision.number)
    assert announcement.due_at == NOW


def test_starting_disturbs_nothing(released):
    before = states(released)

    services.start(released, actor=None, now=released.window.starts_at)

    assert states(released) == before
    assert not released.touchpoints.filter(step_key="correction").exists()


def test_extending_tells_those_who_were_told_and_adds_updates(released):
    tell(released)
    services.start(released, actor=None, now=released.window.starts_at)
    later = released.window.starts_at + 3 * HOUR

    services.extend(released, ends_at=released.window.ends_at + 3 * HOUR, reason="A disk is slow.", actor=None, now=later)

    assert released.touchpoints.get(step_key="correction").content_key == "extended"
    assert released.touchpoints.filter(step_key="update").count() == 3


def test_completion_releases_the_notice_that_it_is_over(released):
    services.start(released, actor=None, now=released.window.starts_at)
    done_at = released.window.starts_at + HOUR

    services.complete(released, outcome="Done.", is_temporary=False, actor=None, now=done_at)

    notice = released.touchpoints.get(step_key="completed")
    assert (notice.state, notice.due_at) == ("planned", done_at)
    assert released.touchpoints.get(step_key="update").reason == Reason.COMPLETED_EARLY


def test_cancelling_stops_everything_unsent_and_tells_those_told(released):
    tell(released)

    services.cancel(released, reason="Not needed any more.", actor=None, now=NOW + HOUR)

    assert released.window.status == WindowStatus.CANCELLED
    notice = released.touchpoints.get(step_key="cancellation")
    assert (notice.content_key, notice.audience, notice.state) == ("cancelled", Audience.TOLD, "planned")
    others = released.touchpoints.exclude(pk=notice.pk).exclude(step_key="announce")
    assert set(others.values_list("state", "reason")) == {("cancelled", "window_cancelled")}


def test_window_starts_by_itself_at_its_planned_start(released):
    started = services.start_due_windows(released.window.starts_at + timedelta(minutes=3))

    released.window.refresh_from_db()
    assert started == 1
    assert released.window.status == WindowStatus.IN_PROGRESS
    assert released.window.actual_started_at == released.window.starts_at


def test_window_that_waits_for_a_person_does_not_start_by_itself(campaign):
    campaign.window.starts_automatically = False
    campaign.window.save()
    released = services.release(campaign, actor=None, now=NOW)

    assert services.start_due_windows(released.window.starts_at + HOUR) == 0


def test_illegal_change_leaves_everything_as_it_was(released):
    before = states(released)

    with pytest.raises(WindowError):
        services.complete(released, outcome="", is_temporary=False, actor=None, now=NOW)

    assert states(released) == before


def test_change_based_on_an_old_view_is_refused(released):
    stale = Campaign.objects.select_related("window").get(pk=released.pk)
    move(released, by=DAY)

    with pytest.raises(WindowError):
        move(stale, by=2 * DAY)


def test_foreseen_move_is_what_happens_and_writes_nothing(released):
    tell(released)
    window, now = released.window, NOW + HOUR
    before = list(Touchpoint.objects.values_list("state", "due_at"))

    foreseen = foresee_move(released, starts_at=window.starts_at + DAY, ends_at=window.ends_at + DAY, now=now)

    assert list(Touchpoint.objects.values_list("state", "due_at")) == before
    assert [change.kind for change in foreseen].count(Kind.CORRECT) == 1
    moved = {change.standing.touchpoint_id: change.planned.due_at for change in foreseen if change.kind == Kind.MOVE}
    move(released, by=DAY, now=now)
    assert dict(Touchpoint.objects.filter(pk__in=moved).values_list("pk", "due_at")) == moved


def test_foreseen_completion_and_cancellation_write_nothing(released):
    before = states(released)

    assert Kind.MOVE in [change.kind for change in foresee_completion(released, now=NOW)]
    assert {change.kind for change in foresee_cancellation(released)} == {Kind.CANCEL}
    assert states(released) == before
