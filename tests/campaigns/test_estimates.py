"""How long the messages of a plan take, as the planner reads it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.campaigns.board import campaign_board, planned_board
from apps.campaigns.estimates import longest_words, slow_cells
from apps.campaigns.plans import plan_window, preview_plan
from apps.campaigns.proposals import campaign_wish, propose
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_campaign,
    make_channel,
    make_contact,
    make_planner,
    make_playbook,
    make_segment,
    make_step,
    make_touchpoint,
    make_window,
)

pytestmark = pytest.mark.django_db

ZONE = "Europe/Paris"
PEOPLE = 120
SLOW = 1 / 30  # two a minute: an hour for everybody
REMINDER = {"key": "t-1h", "anchor": "start", "offset": -HOUR, "content_key": "reminder-1h"}


@pytest.fixture
def crowd():
    for _ in range(PEOPLE):
        make_contact()
    return make_segment()


def playbook_of(segment, *, pace, **fields):
    playbook = make_playbook()
    make_step(playbook, channel=make_channel(name="Mail", pace=pace), segment=segment, **(REMINDER | fields))
    return playbook


def board_of(playbook):
    window = plan_window(make_window(), released_at=NOW)
    return planned_board(preview_plan(window, playbook, now=NOW), zone=ZONE, now=NOW, starts_at=window.starts_at)


def test_the_board_says_how_long_it_takes_and_until_when(crowd):
    cell = board_of(playbook_of(crowd, pace=SLOW)).cells[0]
    assert cell.span_words == "takes 1 hour at 2/min, until 11:00 UTC+02:00"


def test_what_leaves_on_scheduling_has_no_end_yet(crowd):
    cell = board_of(playbook_of(crowd, pace=SLOW, key="announce", anchor="announce", offset=timedelta(0))).cells[0]
    assert cell.span_words == "takes 1 hour at 2/min"


@pytest.mark.parametrize("pace", [None, 14.0], ids=["as fast as it goes", "done within a minute"])
def test_nothing_is_said_where_nobody_has_to_wait(crowd, pace):
    board = board_of(playbook_of(crowd, pace=pace))
    assert (board.cells[0].span_words, longest_words(board)) == ("", "")


def test_an_end_on_another_day_carries_its_date(crowd):
    assert "until 2 Apr, 10:00" in board_of(playbook_of(crowd, pace=SLOW / 24)).cells[0].span_words


def test_the_longest_is_named_above_the_plan(crowd):
    assert longest_words(board_of(playbook_of(crowd, pace=SLOW))) == "120 messages at 2/min take 1 hour."


def test_a_reminder_that_ends_in_the_last_ten_minutes_is_warned_of(crowd):
    found = list(slow_cells(board_of(playbook_of(crowd, pace=SLOW)), zone=ZONE, now=NOW).values())
    assert found == [
        "−1 h before the start by “Mail”: 120 messages at 2/min take 1 hour, and the last one leaves "
        "Wednesday 1 April 2026, 11:00 (Paris time, UTC+02:00). 20 of them leave too late to be of use. Start 1 hour earlier?"
    ]


def test_one_that_ends_in_time_is_not(crowd):
    assert list(slow_cells(board_of(playbook_of(crowd, pace=0.05)), zone=ZONE, now=NOW).values()) == []


def test_what_tells_of_the_start_cannot_begin_earlier(crowd):
    playbook = playbook_of(crowd, pace=SLOW, key="start", offset=timedelta(0), useful_for=timedelta(minutes=15))
    (warning,) = slow_cells(board_of(playbook), zone=ZONE, now=NOW).values()
    assert warning.endswith("90 of them leave too late to be of use.")


def test_one_that_waits_behind_another_is_told_so(crowd):
    playbook = playbook_of(crowd, pace=0.05)
    step = playbook.steps.get()
    make_step(playbook, channel=step.channel, segment=make_segment(), **REMINDER)
    (warning,) = slow_cells(board_of(playbook), zone=ZONE, now=NOW).values()
    assert warning.endswith("It waits for what leaves by the same channel just before: leave more time between them?")


def test_the_proposal_warns_and_leads_to_the_playbook(crowd):
    window = make_window(status="draft", revision=0, scheduled_at=None)
    campaign = make_campaign(window=window, playbook=playbook_of(crowd, pace=SLOW), released_at=None)
    warnings = propose(campaign_wish(campaign, now=NOW), now=NOW).warnings
    assert reverse("admin:campaigns_playbook_change", args=[campaign.playbook.pk]) in [warning.href for warning in warnings]


def test_the_page_of_the_campaign_says_it_too(client, crowd):
    window = make_window(starts_at=NOW + 3650 * DAY)
    channel = make_channel(name="Mail", pace=SLOW)
    due_at = window.starts_at - HOUR
    playbook = make_playbook()
    step = make_step(playbook, channel=channel, segment=crowd, **REMINDER)
    campaign = make_campaign(window=window, playbook=playbook)
    make_touchpoint(campaign=campaign, channel=channel, segment=crowd, step=step, step_key="t-1h", due_at=due_at)
    client.force_login(make_planner())

    page = client.get(reverse("admin:windows_maintenancewindow_change", args=[window.pk])).content.decode()

    assert "20 of them leave too late to be of use" in page
    assert "takes 1 hour at 2/min" in page
    assert len(campaign_board(campaign).cells) == 1
