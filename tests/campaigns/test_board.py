from datetime import timedelta

import pytest

from apps.audiences.models import AddressKind, Suppression, SuppressionReason
from apps.campaigns.board import campaign_board, planned_board
from apps.campaigns.plans import plan_window, preview_plan
from apps.campaigns.reach import reaches
from apps.channels.models import ChannelKind
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_contact,
    make_playbook,
    make_segment,
    make_step,
    make_touchpoint,
    make_window,
)

pytestmark = pytest.mark.django_db


def board_of(playbook):
    rows = preview_plan(plan_window(make_window(), released_at=NOW), playbook, now=NOW)
    return planned_board(rows, zone="Europe/Paris", now=NOW)


def test_moments_stand_in_the_order_of_time_and_what_waits_comes_last():
    playbook, channel = make_playbook(), make_channel()
    for key, anchor, days in (("done", "actual_end", 0), ("t-7d", "start", -7), ("announce", "announce", 0)):
        make_step(playbook, key=key, anchor=anchor, offset_days=days, channel=channel, segment=make_segment())
    assert [row.moment for row in board_of(playbook).rows] == ["Announcement", "−7 d", "On completion"]


def test_announcement_of_a_plan_leaves_when_it_is_scheduled():
    playbook = make_playbook()
    make_step(playbook)
    row = board_of(playbook).rows[0]
    assert (row.time, row.utc) == ("as soon as it is scheduled", "")


def test_cell_without_a_step_is_empty():
    playbook, channel = make_playbook(), make_channel()
    one, other = make_segment(), make_segment()
    make_step(playbook, channel=channel, segment=one)
    make_step(playbook, key="t-7d", anchor="start", offset_days=-7, channel=channel, segment=other)
    assert [[bool(cell) for cell in row.cells] for row in board_of(playbook).rows] == [[True, False], [False, True]]


def test_correction_names_its_revision_and_does_not_guess_its_number():
    campaign = make_campaign()
    make_touchpoint(campaign=campaign, step_key="correction", occurrence=3, audience="told", content_key="moved")
    row = campaign_board(campaign).rows[0]
    assert (row.moment, row.anchor) == ("Correction", "of revision 3")
    assert row.cells[0].recipients is None


def test_lateness_is_said_from_a_minute_on():
    campaign = make_campaign()
    for late in (timedelta(seconds=59), timedelta(minutes=3)):
        make_touchpoint(campaign=campaign, state="sent", due_at=NOW + late, first_sent_at=NOW + 2 * late)
    assert sorted(cell.late_by for cell in campaign_board(campaign).cells) == ["", "3 minutes"]


@pytest.mark.parametrize(
    ("kind", "state", "carries"),
    [("email", "planned", True), ("email", "sent", True), ("email", "skipped", False), ("sms", "planned", False)],
)
@pytest.mark.parametrize("option", ["invites", "attaches_maintnote"])
def test_the_board_says_which_mails_carry_a_calendar(option, kind, state, carries):
    reason = "too_short" if state == "skipped" else ""
    touchpoint = make_touchpoint(channel=make_channel(kind), state=state, reason=reason, **{option: True})
    (cell,) = campaign_board(touchpoint.campaign).cells
    assert getattr(cell, option) is carries


@pytest.mark.parametrize(
    ("reason", "routine", "mandatory"),
    [(SuppressionReason.UNSUBSCRIBED, 1, 2), (SuppressionReason.HARD_BOUNCE, 1, 1)],
)
def test_mandatory_notices_reach_those_who_unsubscribed_but_no_dead_address(reason, routine, mandatory):
    segment, channel = make_segment(), make_channel(ChannelKind.EMAIL)
    make_contact(email="ada@example.org")
    make_contact(email="bob@example.org")
    Suppression.objects.create(kind=AddressKind.EMAIL, address="bob@example.org", reason=reason)
    reach = reaches([(segment, channel)])[segment.pk, channel.pk]
    assert reach.recipients(is_mandatory=False) == routine
    assert reach.recipients(is_mandatory=True) == mandatory


def test_reach_of_each_of_several_segments_is_its_own():
    everybody, colleagues = make_segment(), make_segment({"field": "is_internal", "op": "is", "value": True})
    mail, sms = make_channel(ChannelKind.EMAIL), make_channel(ChannelKind.SMS)
    make_contact(language="fr", phone="")
    make_contact(is_internal=True, phone="+33123456789")
    found = reaches((segment, channel) for segment in (everybody, colleagues) for channel in (mail, sms))
    shown = {key: (reach.people, reach.without_address, dict(reach.languages)) for key, reach in found.items()}
    assert shown == {
        (everybody.pk, mail.pk): (2, 0, {"fr": 1, "en": 1}),
        (everybody.pk, sms.pk): (2, 1, {"en": 1}),
        (colleagues.pk, mail.pk): (1, 0, {"en": 1}),
        (colleagues.pk, sms.pk): (1, 0, {"en": 1}),
    }


def test_broken_rule_is_named_instead_of_counted():
    segment, channel = make_segment({"field": "nonsense"}), make_channel(ChannelKind.EMAIL)
    reach = reaches([(segment, channel)])[segment.pk, channel.pk]
    assert reach.problem
    assert reach.recipients(is_mandatory=True) == 0
