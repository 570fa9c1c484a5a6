from datetime import timedelta

import pytest

from apps.dashboard.findings import findings
from apps.dashboard.metrics.review import review
from tests.factories import NOW, make_campaign, make_touchpoint, make_window

from .stories import (
    HOUR,
    finished_campaign,
    happened,
    help_desk,
    running_campaign,
    sent_touchpoint,
    settle,
    tickets,
    usual_tickets,
)

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def sentences(campaign):
    return {finding.text: finding.tone for finding in findings(review(campaign, now=NOW, language="en"))}


@pytest.mark.parametrize(
    ("minutes", "sentence", "tone"),
    [
        (0, "The work ended on time.", "ok"),
        (-30, "The work ended 30 minutes before its planned end.", "ok"),
        (30, "The work ended 30 minutes after its planned end, within the announced range.", "ok"),
        (50, "The work ended 50 minutes after its planned end, later than announced.", "bad"),
    ],
)
def test_the_end_is_held_against_what_was_announced(minutes, sentence, tone):
    end = NOW - 2 * HOUR
    campaign = finished_campaign(ends_at=end, announced_ends_at=end + 40 * MINUTE, actual_ended_at=end + minutes * MINUTE)
    assert sentences(campaign)[sentence] == tone


def test_unconfirmed_work_is_never_called_over():
    assert "The work has not been confirmed as over: all figures are provisional." in sentences(running_campaign())


def test_missed_and_late_touchpoints_are_said_first_and_plainly():
    campaign = finished_campaign()
    make_touchpoint(campaign=campaign, state="missed", reason="not_sent_in_time")
    sent_touchpoint(campaign, late=5 * MINUTE)
    said = sentences(campaign)
    assert (said["1 touchpoint was missed."], said["1 touchpoint left late."]) == ("bad", "warn")


def test_messages_are_counted_with_their_share():
    campaign = finished_campaign()
    touchpoint = sent_touchpoint(campaign)
    settle(touchpoint, number=3)
    settle(touchpoint, "failed")
    assert sentences(campaign)["3 of 4 messages were accepted (75%)."] == "bad"


def test_opens_are_told_with_their_interval():
    campaign = finished_campaign()
    sent = settle(sent_touchpoint(campaign), number=10)
    for delivery in sent[:5]:
        happened(delivery, "opened", "human")
    assert "People opened 50% of the messages that can tell (23.7%–76.3%)." in sentences(campaign)


def test_support_within_the_normal_range_is_called_that():
    campaign, desk = finished_campaign(), help_desk()
    for hour in range(4):
        usual_tickets(desk, NOW - (5 - hour) * HOUR, per_hour=2)
    tickets(desk, *[NOW - 2 * HOUR] * 9)
    said = [text for text in sentences(campaign) if "Support" in text]
    assert said[0].startswith("Support stayed within the normal range during the work: 9 tickets")


def test_one_ticket_is_counted_as_one():
    campaign, desk = finished_campaign(), help_desk()
    for hour in range(4):
        usual_tickets(desk, NOW - (5 - hour) * HOUR, per_hour=1)
    tickets(desk, NOW - 2 * HOUR)
    assert any(": 1 ticket, normal is " in text for text in sentences(campaign))


def test_cancelled_campaign_of_nothing_still_reads_well():
    campaign = make_campaign(window=make_window(status="cancelled"))
    assert sentences(campaign) == {
        "The window was cancelled.": "idle",
        "No touchpoint has left.": "idle",
        "Whether messages were opened cannot be told: no channel used here can show it.": "idle",
        "No help desk is connected, so tickets cannot be compared.": "idle",
    }
