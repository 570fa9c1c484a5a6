"""What people answered to invitations, as counts on the pages."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.campaigns.models import Campaign
from apps.dashboard.findings import findings
from apps.dashboard.metrics.live import live
from apps.dashboard.metrics.review import review
from apps.tracking.models import Acknowledgement
from tests.factories import NOW, make_planner, make_revision

from .stories import finished_campaign, running_campaign, sent_touchpoint, settle

pytestmark = pytest.mark.django_db


def invited(campaign: Campaign, number: int, **fields):
    return settle(sent_touchpoint(campaign), number=number, **({"invitation": "request"} | fields))


def answered(delivery, answer: str, *, sequence: int = 1, comment: str = ""):
    return Acknowledgement.objects.create(
        campaign=delivery.touchpoint.campaign,
        delivery=delivery,
        address=delivery.address,
        answer=answer,
        sequence=sequence,
        comment=comment,
        answered_at=NOW,
        received_at=NOW,
    )


def figures(campaign):
    return live(campaign, now=NOW, language="en").answers


def test_each_invited_person_is_counted_by_their_last_answer():
    campaign = running_campaign()
    people = invited(campaign, 5)
    for delivery, answer in zip(people, ("accepted", "accepted", "declined", "tentative"), strict=False):
        answered(delivery, answer)

    found = figures(campaign)

    assert (found.invited, found.accepted, found.declined, found.tentative, found.silent) == (5, 2, 1, 1, 1)


def test_people_told_without_an_invitation_are_not_counted():
    campaign = running_campaign()
    invited(campaign, 2)
    invited(campaign, 3, invitation="")
    invited(campaign, 1, state="failed")
    assert figures(campaign).invited == 2


def test_one_person_with_two_invitations_is_one():
    campaign = running_campaign()
    (first,) = invited(campaign, 1)
    invited(campaign, 1, contact=first.contact)
    assert figures(campaign).invited == 1


def test_an_answer_to_times_that_no_longer_hold_is_counted_apart():
    campaign = running_campaign(revision=3)
    for number, change in ((1, "scheduled"), (2, "rescheduled"), (3, "started")):
        make_revision(campaign.window, number=number, change=change)
    early, late, begun = invited(campaign, 3)
    answered(early, "accepted", sequence=1)
    answered(late, "accepted", sequence=2)
    answered(begun, "declined", sequence=3)

    found = figures(campaign)

    assert (found.accepted, found.declined, found.earlier) == (1, 1, 1)


def test_live_view_and_review_say_how_many_and_lead_to_the_list():
    campaign = finished_campaign()
    people = invited(campaign, 3)
    answered(people[0], "accepted")
    answered(people[1], "declined", comment="We release that night.")
    client = Client()
    client.force_login(make_planner())

    for page in ("live", "review"):
        text = client.get(reverse(f"dashboard:{page}", args=[campaign.pk])).content.decode()
        assert "Accepted the invitation" in text
        assert "1 declined" in text
        assert f"/admin/tracking/acknowledgement/?campaign__id__exact={campaign.pk}" in text
    listed = client.get(f"/admin/tracking/acknowledgement/?campaign__id__exact={campaign.pk}&answer__exact=declined")
    assert "We release that night." in listed.content.decode()
    assert people[0].address not in listed.content.decode()


def test_pages_of_a_campaign_without_invitations_say_nothing_of_answers():
    campaign = running_campaign()
    invited(campaign, 1, invitation="")
    client = Client()
    client.force_login(make_planner())
    assert "Accepted the invitation" not in client.get(reverse("dashboard:live", args=[campaign.pk])).content.decode()


def test_the_review_sums_it_up():
    campaign = finished_campaign()
    people = invited(campaign, 3)
    answered(people[0], "declined")

    texts = [finding.text for finding in findings(review(campaign, now=NOW, language="en"))]

    assert "Of 3 people with a calendar invitation 0 accepted and 1 declined." in texts


def test_the_delivery_log_shows_what_was_answered():
    (delivery,) = invited(running_campaign(), 1)
    answered(delivery, "declined", comment="Not that night")
    client = Client()
    client.force_login(make_planner())

    text = client.get(f"/admin/delivery/delivery/{delivery.pk}/change/").content.decode()

    assert "Answer to the invitation" in text
    assert "Not that night" in text
