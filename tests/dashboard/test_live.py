from datetime import timedelta

import pytest

from apps.campaigns.models import TouchpointState
from apps.dashboard.metrics.live import live
from apps.dashboard.metrics.overview import overview
from tests.factories import NOW, make_batch, make_campaign, make_channel, make_touchpoint, make_window

from .stories import HOUR, finished_campaign, happened, running_campaign, sent_touchpoint, settle

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def look(campaign, now=NOW):
    return live(campaign, now=now, language="en")


def test_what_is_due_now_is_sending_and_what_waits_for_its_time_is_next():
    campaign = running_campaign()
    going = make_touchpoint(campaign=campaign, state=TouchpointState.SENDING, due_at=NOW - MINUTE)
    written = make_touchpoint(campaign=campaign, state=TouchpointState.DUE, due_at=NOW + MINUTE)
    make_touchpoint(campaign=campaign, due_at=NOW + HOUR)
    figures = look(campaign)
    assert [row.id for row in figures.sending] == [going.pk]
    assert [row.id for row in figures.next] == [written.pk]


def test_all_that_leave_together_are_next():
    campaign = running_campaign()
    pair = {make_touchpoint(campaign=campaign, due_at=NOW + HOUR).pk for _ in range(2)}
    assert {row.id for row in look(campaign).next} == pair


def test_pace_and_estimate_come_from_the_last_minute():
    campaign = running_campaign()
    touchpoint = make_touchpoint(campaign=campaign, state=TouchpointState.SENDING, due_at=NOW - MINUTE)
    done = make_batch(touchpoint, state="done", done_at=NOW - MINUTE / 2)
    old = make_batch(touchpoint, state="done", done_at=NOW - 2 * MINUTE)
    settle(touchpoint, number=6, batch=done)
    settle(touchpoint, number=6, batch=old)
    settle(touchpoint, "pending", number=3, batch=make_batch(touchpoint))
    figures = look(campaign)
    assert (figures.per_second, figures.waiting, figures.remaining) == (0.1, 3, timedelta(seconds=30))


def test_without_pace_there_is_no_estimate():
    campaign = running_campaign()
    touchpoint = make_touchpoint(campaign=campaign, state=TouchpointState.SENDING, due_at=NOW - MINUTE)
    settle(touchpoint, "pending")
    assert look(campaign).remaining is None


@pytest.mark.parametrize(("minutes", "is_overrun"), [(-1, False), (0, True), (30, True)])
def test_end_that_passed_unconfirmed_is_an_overrun(minutes, is_overrun):
    assert look(running_campaign(), now=NOW + 3 * HOUR + minutes * MINUTE).is_overrun is is_overrun


def test_confirmed_end_is_no_overrun():
    assert look(finished_campaign(), now=NOW + HOUR).is_overrun is False


def test_nothing_is_done_while_a_follow_up_waits():
    campaign = finished_campaign()
    sent_touchpoint(campaign)
    follow_up = make_touchpoint(campaign=campaign, due_at=NOW + 20 * HOUR)
    assert look(campaign).is_done is False
    follow_up.state = TouchpointState.SENT
    follow_up.save()
    assert look(campaign).is_done is True


def test_course_runs_from_the_actual_start_to_the_planned_end():
    assert look(running_campaign()).course == 25
    assert look(make_campaign()).course is None


def test_overview_sorts_campaigns_by_where_they_stand():
    running, finished = running_campaign(), finished_campaign()
    late, soon = (make_campaign(window=make_window(starts_at=NOW + timedelta(days=days))) for days in (9, 2))
    make_campaign(window=make_window(status="draft", scheduled_at=None))
    finished_campaign(
        ends_at=NOW - timedelta(days=40), starts_at=NOW - timedelta(days=41), actual_ended_at=NOW - timedelta(days=40)
    )
    result = overview(now=NOW)
    cards = [[card.campaign for card in cards] for cards in (result.running, result.upcoming, result.finished)]
    assert cards == [[running], [soon, late], [finished]]


def test_overview_leaves_out_drafts_that_were_cancelled():
    make_campaign(window=make_window(status="cancelled", scheduled_at=None, starts_at=NOW - HOUR))
    assert overview(now=NOW).is_empty


def test_card_counts_touchpoints_messages_and_opens():
    campaign = finished_campaign()
    sent = settle(sent_touchpoint(campaign), number=4)
    settle(sent_touchpoint(campaign, channel=make_channel("chat")))
    settle(sent_touchpoint(campaign, channel=make_channel("sms")), "failed")
    make_touchpoint(campaign=campaign, state="skipped", reason="too_short")
    make_touchpoint(campaign=campaign, state="missed", reason="not_sent_in_time")
    happened(sent[0], "opened", "human")
    happened(sent[0], "clicked", "human")
    happened(sent[1], "opened", "machine")
    (card,) = overview(now=NOW).finished
    assert (card.sent, card.touchpoints, card.missed, card.messages, card.failed) == (3, 4, 1, 4, 1)
    assert (card.opens.count, card.opens.n) == (1, 4)


def test_card_names_the_next_due_time_of_what_is_to_come():
    campaign = make_campaign()
    make_touchpoint(campaign=campaign, due_at=NOW - HOUR)
    make_touchpoint(campaign=campaign, due_at=NOW + 2 * HOUR)
    make_touchpoint(campaign=campaign, due_at=NOW + HOUR, state="skipped", reason="too_short")
    (card,) = overview(now=NOW).upcoming
    assert card.next_due_at == NOW + 2 * HOUR


def test_each_touchpoint_that_is_leaving_has_its_own_rate_and_estimate():
    campaign = running_campaign()
    sending = {"campaign": campaign, "state": TouchpointState.SENDING, "due_at": NOW - MINUTE}
    fast, slow = make_touchpoint(**sending), make_touchpoint(**sending)
    for touchpoint, number in ((fast, 6), (slow, 3)):
        settle(touchpoint, number=number, batch=make_batch(touchpoint, state="done", done_at=NOW))
        settle(touchpoint, "pending", number=2, batch=make_batch(touchpoint))
    going = {one.figures.id: one for one in look(campaign).going}
    assert (going[fast.pk].per_second, going[slow.pk].per_second) == (0.1, 0.05)
    assert going[slow.pk].remaining == timedelta(seconds=40)


def test_a_touchpoint_of_which_nothing_has_left_lately_has_no_estimate():
    campaign = running_campaign()
    settle(make_touchpoint(campaign=campaign, state=TouchpointState.SENDING, due_at=NOW - MINUTE), "pending")
    (one,) = look(campaign).going
    assert one.remaining is None
