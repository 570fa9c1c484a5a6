"""The team's own entries in an internal feed."""

import pytest
from django.db import IntegrityError
from icalendar import Calendar

from apps.campaigns.models import Reason, TouchpointState
from apps.publishing.models import Feed
from apps.windows import services as windows
from apps.windows.models import WindowStatus
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_campaign,
    make_channel,
    make_planner,
    make_playbook,
    make_segment,
    make_step,
    make_touchpoint,
    make_window,
)
from tests.publishing.factories import make_feed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


def make_team_feed(**fields):
    return make_feed(**({"detail": "internal", "owner": make_planner(), "has_meetings": True} | fields))[1]


def events(response):
    return {str(event["SUMMARY"]): event for event in Calendar.from_ical(response.content).walk("VEVENT")}


def test_meetings_stand_beside_their_window(client):
    campaign = make_campaign(window=make_window(title="Upgrade", duration=2 * HOUR))
    found = events(client.get(make_team_feed()))
    names = ["Planning: Upgrade", "Upgrade", *(f"Check-in {number}: Upgrade" for number in (1, 2, 3)), "Retrospective: Upgrade"]
    assert list(found) == names
    planning = found["Planning: Upgrade"]
    assert (planning["TRANSP"], planning["CLASS"]) == ("OPAQUE", "CONFIDENTIAL")
    assert planning["URL"].endswith(f"/admin/dashboard/{campaign.pk}/live/")


def test_meeting_moves_with_its_window_under_its_uid(client):
    window, path = make_window(title="Upgrade"), make_team_feed()
    before = events(client.get(path))["Planning: Upgrade"]
    start, end = window.starts_at + DAY, window.ends_at + DAY
    windows.reschedule_window(window, starts_at=start, ends_at=end, reason="", actor=None, now=NOW + HOUR)
    after = events(client.get(path))["Planning: Upgrade"]
    assert after["UID"] == before["UID"]
    assert after["DTSTART"].dt == before["DTSTART"].dt + DAY
    assert after["SEQUENCE"] == before["SEQUENCE"] + 1


def test_meetings_of_a_cancelled_window_are_cancelled_and_take_no_time(client):
    make_window(title="Upgrade", status=WindowStatus.CANCELLED)
    planning = events(client.get(make_team_feed()))["Cancelled: Planning: Upgrade"]
    assert (planning["STATUS"], planning["TRANSP"]) == ("CANCELLED", "TRANSPARENT")


def test_drafts_have_no_meetings(client):
    make_window(status=WindowStatus.DRAFT, scheduled_at=None)
    assert events(client.get(make_team_feed())) == {}


def test_touchpoints_say_what_leaves_to_whom(client):
    campaign = make_campaign(window=make_window(title="Upgrade"))
    customers, mail = make_segment(name="Customers"), make_channel(name="E-mail")
    make_touchpoint(campaign=campaign, segment=customers, channel=mail, step_key="t-7d", due_at=NOW + DAY)
    make_touchpoint(
        campaign=campaign,
        segment=customers,
        channel=mail,
        step_key="t-1d",
        due_at=NOW + 2 * DAY,
        state=TouchpointState.SKIPPED,
        reason=Reason.TOO_SHORT,
    )
    found = events(client.get(make_team_feed(has_meetings=False, has_touchpoints=True)))
    leaves, left_out = (event for title, event in found.items() if "→ Customers: Upgrade" in title)
    assert leaves["DTSTART"].dt == NOW + DAY
    assert "Channel: E-mail" in leaves["DESCRIPTION"]
    assert (leaves["STATUS"], left_out["STATUS"]) == ("CONFIRMED", "CANCELLED")


def test_a_name_of_a_moment_stays_on_one_line(client):
    step = make_step(make_playbook(), label="Crew\r\nATTENDEE:mailto:zoe@example.org\x0b", offset_days=-1)
    make_touchpoint(campaign=make_campaign(window=make_window(title="Upgrade")), step=step, step_key=step.key, due_at=NOW + DAY)
    found = events(client.get(make_team_feed(has_meetings=False, has_touchpoints=True)))
    (summary,) = (summary for summary in found if "→" in summary)
    assert summary.startswith("Crew ATTENDEE:mailto:zoe@example.org: −1 d")
    assert "ATTENDEE" not in found[summary]


def test_touchpoint_that_was_sent_gives_a_new_edition(client):
    touchpoint = make_touchpoint(due_at=NOW + DAY)
    path = make_team_feed(has_meetings=False, has_touchpoints=True)
    etag = client.get(path)["ETag"]
    assert client.get(path, headers={"if-none-match": etag}).status_code == 304
    type(touchpoint).objects.filter(pk=touchpoint.pk).update(state=TouchpointState.SENT)
    assert client.get(path, headers={"if-none-match": etag}).status_code == 200


@pytest.mark.parametrize("choice", ["has_meetings", "has_touchpoints"])
def test_customers_never_see_the_teams_work(choice):
    feed, _ = make_feed()
    with pytest.raises(IntegrityError):
        Feed.objects.filter(pk=feed.pk).update(**{choice: True})
